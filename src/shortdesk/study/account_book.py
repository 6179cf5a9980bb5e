"""An account written down in a TOML file: balances, loans, positions and orders on one venue.

The file is read strictly: an unknown key, a wrong type or a missing price names its line. Prices of assets
come from ``[prices]``, from the marks of positions on them, and dollars count as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from shortdesk.ground.errors import InputError, ShortdeskError
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.instrument import Form, Instrument
from shortdesk.ground.instruments_table import find_instrument
from shortdesk.ground.symbols import DOLLARS, Resolved, resolve
from shortdesk.ground.toml import Lines, convert, read_toml
from shortdesk.ground.venue import Product, VenueRules, find_venue
from shortdesk.margin import desk
from shortdesk.margin.account import Account, Balance, Leg
from shortdesk.margin.contract import Contract, build_contract
from shortdesk.margin.loan_terms import margin_terms
from shortdesk.margin.position import Position
from shortdesk.margin.risk import Trigger

__all__ = ["AccountBook", "OpenLeg", "read_account"]


_SMALLEST, _LARGEST = Decimal("1e-18"), Decimal("1e15")


class _Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    asset: str
    amount: Decimal
    price: Decimal | None = None
    interest: Decimal = Decimal(0)
    haircut: Decimal | None = None
    """Which part does not count as collateral; the venue's own where its sheet has one, else none."""


class _Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    symbol: str
    side: Literal["long", "short"]
    size: Decimal
    """In the base asset; in contracts on inverse instruments."""
    entry: Decimal
    mark: Decimal
    leverage: Decimal = Decimal(10)
    margin: Literal["cross", "isolated"] | None = None
    wallet: Decimal | None = None
    kind: Literal["linear", "inverse"] | None = None


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    symbol: str
    side: Literal["buy", "sell"]
    size: Decimal
    price: Decimal
    leverage: Decimal = Decimal(10)
    kind: Literal["linear", "inverse"] | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    venue: str
    mode: Literal["cross", "isolated", "portfolio"] = "cross"
    date: date | None = None
    currency: str = "USDT"
    prices: dict[str, Decimal] = {}
    balance: list[_Money] = []
    loan: list[_Money] = []
    position: list[_Position] = []
    order: list[_Order] = []


class OpenLeg(NamedTuple):
    """A position with the instrument it is on and what stands behind it."""

    leg: Leg
    resolved: Resolved
    instrument: Instrument
    product: Product
    side: Literal["long", "short"]
    entry: Decimal
    isolated_wallet: Decimal | None
    """What stands behind it alone; None for a part of the cross account."""


class AccountBook(NamedTuple):
    """An account read in: what is shared, and what stands alone."""

    rules: VenueRules
    day: date
    currency: str
    account: Account
    cross: Sequence[OpenLeg]
    isolated: Sequence[OpenLeg]
    loan_to_value: dict[str, Decimal]
    currency_price: Decimal = Decimal(1)
    """Dollars per unit of the currency in which figures are shown."""


class _Reader:
    """Turns the file's rows into legs and balances, and says where a row does not fit."""

    def __init__(self, content: _File, rules: VenueRules, lines: Lines, name: str, today: date) -> None:
        self.content, self.rules, self.lines, self.name = content, rules, lines, name
        self.day = content.date or today
        for asset, price in content.prices.items():
            self._in_reach(price, f"prices.{asset}")
        self.prices: dict[str, Decimal] = dict(content.prices)
        if content.mode == "portfolio":
            raise self.wrong("mode", "portfolio margin of a whole account is not computed; expected cross or isolated")

    def wrong(self, path: str, problem: str | ShortdeskError) -> InputError:
        return InputError(f"{problem}, field {path}", f"{self.name}:{self.lines.of(path)}")

    def legs(self) -> list[OpenLeg]:
        return [self._leg(row, f"position[{i}]") for i, row in enumerate(self.content.position)]

    def _leg(self, row: _Position, path: str) -> OpenLeg:
        for field in ("size", "entry", "mark", "leverage"):
            self._in_reach(getattr(row, field), f"{path}.{field}")
        if row.wallet is not None:
            self._in_reach(row.wallet, f"{path}.wallet")
        mode = row.margin or ("isolated" if self.content.mode == "isolated" else "cross")
        try:
            resolved = resolve(self.rules, row.kind, row.symbol, self.day)
            product = self.rules.of_kind(resolved.kind)
            instrument = find_instrument(self.rules, product, resolved, self.day, row.entry)
            contract = build_contract(product, resolved.symbol, mode, self.day, contract_size=instrument.contract_size)
            size = _size_on_desk(contract.form, row.size, instrument)
            position = desk.opened(contract, row.side, size, row.entry)
        except ShortdeskError as error:
            raise self.wrong(path, error) from None
        self._check_limits(row, contract, position, path)
        self.prices.setdefault(resolved.base, row.mark)
        wallet = None
        if mode == "isolated":
            wallet = row.wallet
            if wallet is None:
                wallet = desk.isolated_wallet(contract, position, row.leverage)
        settle_price = row.mark if contract.form == Form.INVERSE else Decimal(1)
        leg = Leg(
            resolved.symbol, resolved.base, resolved.settle, contract, position, row.mark, row.leverage, settle_price
        )
        return OpenLeg(leg, resolved, instrument, product, row.side, row.entry, wallet)

    def _in_reach(self, value: Decimal, path: str, *, zero: bool = False) -> None:
        """Refuse what is no amount or price of this world; zero only where nothing may be held."""
        if not value.is_finite():
            raise self.wrong(path, f"{value} is not finite; expected a number such as 64000.5")
        if value < 0 or (value == 0 and not zero):
            raise self.wrong(path, f"{_shown(value)} is {'negative' if value < 0 else 'zero'}; expected more than zero")
        if value and not _SMALLEST <= value <= _LARGEST:
            raise self.wrong(path, f"{_shown(value)} is out of reach; expected 1e-18 to 1e15")

    def _check_limits(self, row: _Position, contract: Contract, position: Position, path: str) -> None:
        """Refuse leverage above the tier that the position stands in, and sizes beyond the last tier."""
        tier = desk.margins(contract, position, row.entry).tier
        found = contract.rows[tier - 1]
        if Fraction(row.leverage) > found.max_leverage:
            most = f"{plain(to_decimal(found.max_leverage), 2)}x in tier {tier} of {len(contract.rows)}"
            raise self.wrong(f"{path}.leverage", f"{plain(row.leverage)}x is above the largest leverage of {most}")

    def currency_price(self) -> Decimal:
        """Dollars per unit of the account's currency: one for dollars, else the price the file gives for the coin."""
        currency = self.content.currency
        if currency in self.prices:
            return self.prices[currency]
        if currency in DOLLARS:
            return Decimal(1)
        raise self.wrong("currency", f"no price for '{currency}'; expected dollars, or a coin that the file prices")

    def balances(self) -> list[Balance]:
        found = []
        for kind in ("balance", "loan"):
            for i, row in enumerate(getattr(self.content, kind)):
                path = f"{kind}[{i}]"
                if kind == "balance" and row.amount.is_finite() and row.amount < 0:
                    raise self.wrong(f"{path}.amount", "is negative; owed amounts stand under [[loan]]")
                self._check_money(row, path)
                amount = row.amount if kind == "balance" else -(row.amount + row.interest)
                price = self._price(row, path)
                if kind == "balance":
                    found.append(Balance(row.asset, amount, price, row.haircut or 0, self._uncounted(row.asset)))
                else:
                    found.append(Balance(row.asset, amount, price, debt_rate=self._debt_rate(row.asset, path)))
        return found

    def _check_money(self, row: _Money, path: str) -> None:
        self._in_reach(row.amount, f"{path}.amount", zero=True)
        self._in_reach(row.interest, f"{path}.interest", zero=True)
        if row.price is not None:
            self._in_reach(row.price, f"{path}.price")
        if row.haircut is not None and not (row.haircut.is_finite() and 0 <= row.haircut <= 1):
            raise self.wrong(f"{path}.haircut", f"{_shown(row.haircut)} is no part; expected 0 to 1")

    def _price(self, row: _Money, path: str) -> Decimal:
        if row.price is not None:
            return row.price
        if row.asset in self.prices:
            return self.prices[row.asset]
        if row.asset in DOLLARS:
            return Decimal(1)
        raise self.wrong(path, f"no price for {row.asset}; give price here or [prices] {row.asset} = ...")

    def _uncounted(self, asset: str) -> Decimal:
        """What a lending market leaves uncounted of an asset: one less its liquidation threshold."""
        for product in self.rules.product:
            reserves = [r for r in product.reserves if r.symbol == asset and r.since <= self.day]
            if reserves:
                return 1 - max(reserves, key=lambda r: r.since).liquidation_threshold
        return Decimal(0)

    def _debt_rate(self, asset: str, path: str) -> Fraction:
        """Maintenance margin per worth owed, by the venue's rules for loans of this coin."""
        for product in self.rules.product:
            if product.kind == "spot_margin":
                try:
                    return margin_terms(product, asset, self.content.mode, self.day).maintenance_rate
                except ShortdeskError as error:
                    raise self.wrong(path, error) from None
        return Fraction(0)

    def loan_to_value(self) -> dict[str, Decimal]:
        return {
            reserve.symbol: reserve.loan_to_value
            for product in self.rules.product
            for reserve in product.reserves
            if reserve.since <= self.day
        }

    def order_margin(self, legs: Sequence[OpenLeg]) -> Decimal:
        """Initial margin of open orders, in dollars; the part of an order that closes a position needs none."""
        return to_decimal(
            sum(
                (self._margin_of_order(row, f"order[{i}]", legs) for i, row in enumerate(self.content.order)),
                Fraction(0),
            )
        )

    def _margin_of_order(self, row: _Order, path: str, legs: Sequence[OpenLeg]) -> Fraction:
        for field in ("size", "price", "leverage"):
            self._in_reach(getattr(row, field), f"{path}.{field}")
        mode = "isolated" if self.content.mode == "isolated" else "cross"
        try:
            resolved = resolve(self.rules, row.kind, row.symbol, self.day)
            product = self.rules.of_kind(resolved.kind)
            instrument = find_instrument(self.rules, product, resolved, self.day, row.price)
            contract = build_contract(product, resolved.symbol, mode, self.day, contract_size=instrument.contract_size)
        except ShortdeskError as error:
            raise self.wrong(path, error) from None
        size = Fraction(_size_on_desk(contract.form, row.size, instrument))
        closes = "long" if row.side == "sell" else "short"
        held = [leg for leg in legs if leg.leg.symbol == resolved.symbol and leg.side == closes]
        opens = size - sum(Fraction(desk.size_of(leg.leg.position)) for leg in held)
        if opens <= 0:
            return Fraction(0)
        position = desk.opened(contract, row.side, opens, row.price)
        margin = Fraction(desk.margins(contract, position, row.price, row.leverage).initial)
        return margin * (Fraction(row.price) if contract.form == Form.INVERSE else 1)


def _shown(value: Decimal) -> str:
    return plain(value) if _SMALLEST <= abs(value) <= _LARGEST or not value else f"{value:.3e}"


def _size_on_desk(form: Form, size: Decimal, instrument: Instrument) -> Decimal:
    if form == Form.INVERSE:
        return desk.face_value(size, instrument.contract_size)
    return size


def read_account(path: Path, today: date) -> AccountBook:
    """An account from a TOML file.

    Raises:
        InputError: the file or a value in it cannot be used; names file, line and field.
        UsageError: the venue is not known.
    """
    content, lines = read_toml(path)
    file = convert(content, _File, lines, str(path))
    try:
        rules = find_venue(file.venue)
    except ShortdeskError as error:
        raise InputError(f"{error}, field venue", f"{path}:{lines.of('venue')}") from None
    if not (file.balance or file.loan or file.position):
        raise InputError("has no [[balance]], [[loan]] or [[position]]; there is nothing to compute", str(path))
    reader = _Reader(file, rules, lines, str(path), today)
    legs = reader.legs()
    cross = [leg for leg in legs if leg.isolated_wallet is None]
    trigger = cross[0].leg.contract.terms.trigger if cross else Trigger.AT_OR_BELOW
    if any(product.kind == "lending" for product in rules.product):
        trigger = Trigger.BELOW
    orders = reader.order_margin(legs)
    account = Account(reader.balances(), [leg.leg for leg in cross], trigger, open_orders=orders)
    return AccountBook(
        rules,
        reader.day,
        file.currency,
        account,
        cross,
        [leg for leg in legs if leg.isolated_wallet is not None],
        reader.loan_to_value(),
        reader.currency_price(),
    )
