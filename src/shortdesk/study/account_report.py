"""What an account stands at: its figures under the venue's names, where each leg dies given the others, what-ifs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.fine import ONE, from_fine, to_decimal, to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.margin import desk
from shortdesk.margin.account import Leg, account_risk, largest_additional, leg_state, liquidation_moves, net_delta
from shortdesk.margin.fields import DEFINITIONS, Amounts
from shortdesk.margin.risk import is_liquidatable
from shortdesk.study.account_book import AccountBook, OpenLeg

__all__ = ["AccountReport", "AssetReport", "FieldValue", "LegReport", "report_account"]


class FieldValue(NamedTuple):
    """One figure as the venue names it; None where it has no value (nothing owed, nothing to maintain)."""

    name: str
    words: str
    value: Decimal | None


class LegReport(NamedTuple):
    """One position and where it dies."""

    symbol: str
    side: str
    margin: str
    size: Decimal
    entry: Decimal
    mark: Decimal
    settle: str
    unrealised: Decimal
    value: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    tier: int
    liquidation_below: Decimal | None
    liquidation_above: Decimal | None
    bankruptcy: Decimal | None
    largest_additional: Decimal | None
    """How much more of the same side the cross account carries at the mark."""


class AssetReport(NamedTuple):
    """What the whole book does when one base asset moves."""

    base: str
    net_delta: Decimal
    long_coins: Decimal
    short_coins: Decimal
    hedge_ratio: Decimal | None
    """Short coins over long coins; 1 is hedged."""
    liquidation_below: Decimal | None
    liquidation_above: Decimal | None


class AccountReport(NamedTuple):
    """Everything about an account at one set of prices."""

    fields: tuple[FieldValue, ...]
    legs: tuple[LegReport, ...]
    assets: tuple[AssetReport, ...]
    liquidatable: bool
    dead_isolated: tuple[str, ...]
    """Isolated positions that are liquidatable at these prices."""


def report_account(book: AccountBook, moves: Mapping[str, Fraction] | None = None) -> AccountReport:
    """The report at the file's prices, or after price moves (base asset to multiple, 1.15 for +15 %)."""
    moved = _moved(book, moves or {})
    amounts = _amounts(moved)
    fields = [_field(name, key, amounts) for name, key in moved.rules.fields.items()]
    risk = account_risk(moved.account)
    return AccountReport(
        fields=tuple(fields),
        legs=tuple(_leg_report(moved, leg) for leg in (*moved.cross, *moved.isolated)),
        assets=tuple(_asset_report(moved, base) for base in _bases(moved)),
        liquidatable=is_liquidatable(risk, moved.account.trigger),
        dead_isolated=tuple(leg.leg.symbol for leg in moved.isolated if _is_dead(leg)),
    )


def _moved(book: AccountBook, moves: Mapping[str, Fraction]) -> AccountBook:
    """The same account with prices moved: marks of legs, worth of coins, and the money of inverse legs."""
    if not moves:
        return book

    def price(asset: str, value: object) -> Decimal:
        return to_decimal(to_fraction(value) * moves.get(asset, Fraction(1)))  # type: ignore[arg-type]

    def leg_moved(open_leg: OpenLeg) -> OpenLeg:
        leg = open_leg.leg
        settle = price(leg.settle, leg.settle_price)
        return open_leg._replace(leg=leg._replace(mark=price(leg.base, leg.mark), settle_price=settle))

    cross = [leg_moved(leg) for leg in book.cross]
    balances = [balance._replace(price=price(balance.asset, balance.price)) for balance in book.account.balances]
    account = book.account._replace(balances=balances, legs=[leg.leg for leg in cross])
    return book._replace(
        account=account,
        cross=cross,
        isolated=[leg_moved(leg) for leg in book.isolated],
        currency_price=price(book.currency, book.currency_price),
    )


def _amounts(book: AccountBook) -> Amounts:
    """What the account's figures are made of, in its currency. Risk is in dollars until here."""
    assets = collateral = at_thresholds = debts = loans = Fraction(0)
    for balance in book.account.balances:
        worth = to_fraction(balance.amount) * to_fraction(balance.price)
        if worth >= 0:
            assets += worth
            counted = worth * (1 - to_fraction(balance.haircut))
            collateral += counted
            at_thresholds += counted * (1 - to_fraction(balance.uncounted))
            loans += worth * Fraction(book.loan_to_value.get(balance.asset, Decimal(0)))
        else:
            debts -= worth
    gross = signed = unrealised = Fraction(0)
    for open_leg in book.cross:
        profit, value = leg_state(open_leg.leg)
        price = to_fraction(open_leg.leg.settle_price)
        unrealised += Fraction(profit) * price
        gross += Fraction(value) * price
        signed += Fraction(value) * price * (1 if open_leg.side == "long" else -1)
    risk = account_risk(book.account)
    in_dollars = (
        assets,
        collateral,
        at_thresholds,
        debts,
        unrealised,
        Fraction(risk.initial, ONE**2),
        Fraction(risk.maintenance, ONE**2),
        gross,
        signed,
        loans,
    )
    return Amounts(*(amount / Fraction(book.currency_price) for amount in in_dollars))


def _field(name: str, key: str, amounts: Amounts) -> FieldValue:
    definition = DEFINITIONS[key]
    value = definition.of(amounts)
    return FieldValue(name, definition.words, None if value is None else to_decimal(value))


def _leg_report(book: AccountBook, open_leg: OpenLeg) -> LegReport:
    leg = open_leg.leg
    profit, value = leg_state(leg)
    needed = desk.margins(leg.contract, leg.position, leg.mark, leg.leverage)
    below, above, bankruptcy = _deaths(book, open_leg)
    more = None
    if open_leg.isolated_wallet is None:
        more = largest_additional(book.account, leg)
    return LegReport(
        symbol=leg.symbol,
        side=open_leg.side,
        margin="cross" if open_leg.isolated_wallet is None else "isolated",
        size=desk.size_of(leg.position),
        entry=open_leg.entry,
        mark=Decimal(str(leg.mark)),
        settle=leg.settle,
        unrealised=profit,
        value=value,
        initial_margin=needed.initial,
        maintenance_margin=needed.maintenance,
        tier=needed.tier,
        liquidation_below=below,
        liquidation_above=above,
        bankruptcy=bankruptcy,
        largest_additional=more,
    )


def _deaths(book: AccountBook, open_leg: OpenLeg) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Liquidation prices below and above the mark, and the bankruptcy price of an isolated position."""
    leg = open_leg.leg
    if open_leg.isolated_wallet is not None:
        price = desk.liquidation_price(leg.contract, leg.position, open_leg.isolated_wallet, leverage=leg.leverage)
        bust = desk.bankruptcy_price(leg.contract, leg.position, open_leg.isolated_wallet)
        return (price, None, bust) if open_leg.side == "long" else (None, price, bust)
    moved = liquidation_moves(book.account, leg.base)
    mark = to_fraction(leg.mark)
    prices = [None if m is None else to_decimal(Fraction(m) * mark) for m in moved]
    return prices[0], prices[1], None


def _is_dead(open_leg: OpenLeg) -> bool:
    leg = open_leg.leg
    ratio_risk = desk.risk_of(leg.contract, leg.position, leg.mark, open_leg.isolated_wallet or 0, leg.leverage)
    return is_liquidatable(ratio_risk, leg.contract.terms.trigger)


def _bases(book: AccountBook) -> list[str]:
    legs = [leg.leg.base for leg in (*book.cross, *book.isolated)]
    coins = [b.asset for b in book.account.balances if to_fraction(b.price) != 1]
    return list(dict.fromkeys([*legs, *coins]))


def _asset_report(book: AccountBook, base: str) -> AssetReport:
    every = [*book.cross, *book.isolated]
    whole = book.account._replace(legs=[leg.leg for leg in every])
    long_coins = sum((_coins(leg.leg) for leg in every if leg.leg.base == base and leg.side == "long"), Fraction(0))
    short_coins = sum((_coins(leg.leg) for leg in every if leg.leg.base == base and leg.side == "short"), Fraction(0))
    for balance in book.account.balances:
        if balance.asset == base:
            amount = to_fraction(balance.amount)
            long_coins += max(Fraction(0), amount)
            short_coins += max(Fraction(0), -amount)
    # The coins behind an isolated coin-margined position rise with the price too.
    behind = sum(
        (to_fraction(leg.isolated_wallet or 0) for leg in book.isolated if leg.leg.settle == base == leg.leg.base),
        Fraction(0),
    )
    long_coins += behind
    moved = liquidation_moves(book.account, base)
    price = next((to_fraction(leg.leg.mark) for leg in every if leg.leg.base == base), None)
    if price is None:
        price = next(to_fraction(b.price) for b in book.account.balances if b.asset == base)
    deaths = [None if m is None else to_decimal(Fraction(m) * price) for m in moved]
    return AssetReport(
        base=base,
        net_delta=to_decimal(Fraction(net_delta(whole, base)) + behind),
        long_coins=to_decimal(long_coins),
        short_coins=to_decimal(short_coins),
        hedge_ratio=to_decimal(short_coins / long_coins) if long_coins else None,
        liquidation_below=deaths[0],
        liquidation_above=deaths[1],
    )


def _coins(leg: Leg) -> Fraction:
    """Coins that a leg stands for: its size, or the worth at the mark of inverse contracts."""
    size = to_fraction(from_fine(abs(leg.position.lots)))
    return size / to_fraction(leg.mark) if leg.contract.form == Form.INVERSE else size
