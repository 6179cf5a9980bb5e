"""The desk: decimals in, decimals out; one position's margin, prices and state, asked of the rules.

Nothing is computed here that the rules do not compute. Sizes are in the base asset on linear contracts and in
the quote asset (contracts times their size) on inverse ones; money is in the settlement asset.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import ONE, Exact, fine, from_fine, to_decimal, to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.margin.contract import Contract, leverage_x100
from shortdesk.margin.position import FLAT, Position, after_fill, entry_value, unrealised, value_at
from shortdesk.margin.requirement import FeeForm, chosen_tier, fee_to_close, initial_margin, position_risk
from shortdesk.margin.risk import Risk
from shortdesk.margin.solve import NO_PRICE, bankruptcy_ticks, liquidation_ticks

__all__ = [
    "HIGHEST",
    "Margins",
    "State",
    "bankruptcy_price",
    "break_even_after_realised",
    "break_even_price",
    "equity_in_the_end",
    "face_value",
    "isolated_wallet",
    "liquidation_price",
    "margin_ratio",
    "margins",
    "opened",
    "printed_liquidation",
    "rate_at",
    "risk_of",
    "side_of",
    "size_of",
    "state",
    "to_tick",
    "wallet_behind",
]

HIGHEST = fine(10**15)
"""No price above this is searched."""


class Margins(NamedTuple):
    """What a position needs, in the settlement asset, and the tier that binds."""

    initial: Decimal
    maintenance: Decimal
    closing_fee: Decimal
    tier: int
    """Number of the tier, from 1."""


class State(NamedTuple):
    """A position at a price, in the settlement asset."""

    unrealised: Decimal
    value: Decimal
    entry_value: Decimal
    equity: Decimal
    """Wallet and unrealised profit."""


def side_of(side: str) -> int:
    """+1 for long or buy, -1 for short or sell.

    Raises:
        UsageError: anything else.
    """
    known = {"long": 1, "buy": 1, "short": -1, "sell": -1}
    if side not in known:
        raise UsageError(f"side '{side}': expected long or short")
    return known[side]


def opened(contract: Contract, side: str, size: Exact, entry: Exact) -> Position:
    """A fresh position on the fine scale.

    Raises:
        UsageError: size or entry is not positive.
    """
    for name, value in (("size", size), ("entry price", entry)):
        if to_fraction(value, name) <= 0:
            raise UsageError(f"{name} {value}: expected a positive number")
    lots = side_of(side) * fine(size)
    return after_fill(contract.form, contract.factor, FLAT, lots, fine(entry)).position


def margins(contract: Contract, position: Position, price: Exact, leverage: Exact = 1) -> Margins:
    """Initial and maintenance margin at a price, and the tier that binds there."""
    ticks, lev = fine(price), leverage_x100(leverage)
    risk = _risk(contract, position, 0, lev, ticks)
    now = value_at(contract.form, contract.factor, position.lots, ticks)
    entered = entry_value(position)
    fee = 0
    if contract.terms.fee_rate:
        fee = fee_to_close(contract.terms, contract.form, position.lots, entered, lev)
    tier = chosen_tier(contract.terms, contract.tiers, 0, len(contract.tiers), position.lots, entered, now)
    return Margins(from_fine(risk.initial, 2), from_fine(risk.maintenance, 2), from_fine(fee, 2), tier + 1)


def state(contract: Contract, position: Position, price: Exact, wallet: Exact = 0) -> State:
    """Unrealised profit, worth and equity at a price."""
    ticks = fine(price)
    profit = unrealised(contract.form, contract.factor, position, ticks)
    return State(
        from_fine(profit, 2),
        from_fine(value_at(contract.form, contract.factor, position.lots, ticks), 2),
        from_fine(entry_value(position), 2),
        from_fine(fine(wallet, 2) + profit, 2),
    )


def liquidation_price(
    contract: Contract,
    position: Position,
    wallet: Exact,
    *,
    leverage: Exact = 1,
    other_maintenance: Exact = 0,
    other_unrealised: Exact = 0,
) -> Decimal | None:
    """The price at which the venue liquidates, exact to 24 decimals; None where there is none.

    ``wallet`` stands behind the position: the isolated wallet, or the cross wallet with the other positions'
    maintenance margin and unrealised profit beside it.
    """
    behind = fine(wallet, 2) - fine(other_maintenance, 2) + fine(other_unrealised, 2)
    ticks = liquidation_ticks(
        contract.terms,
        contract.tiers,
        0,
        len(contract.tiers),
        contract.form,
        contract.factor,
        position,
        behind,
        leverage_x100(leverage),
        HIGHEST,
    )
    return None if ticks == NO_PRICE else from_fine(ticks)


def printed_liquidation(exact: Decimal, side: str, tick: Exact, printed: str) -> Decimal:
    """The liquidation price as the venue prints it.

    ``exact``: as it is. ``tick_against``: to the tick that the price meets first (a long up, a short down).
    ``tick_toward_entry``: moved one whole tick toward the entry price (OKX isolated).

    Source: Bybit responses (long rounds up; the short mirror was not seen), OKX responses.
    """
    step = to_fraction(tick, "tick")
    if printed == "exact" or step == 0:
        return exact
    s = side_of(side)
    if printed == "tick_toward_entry":
        return to_decimal(Fraction(exact) + s * step)
    steps = Fraction(exact) / step
    whole = -(-steps.numerator // steps.denominator) if s > 0 else steps.numerator // steps.denominator
    return to_decimal(whole * step)


def bankruptcy_price(contract: Contract, position: Position, wallet: Exact) -> Decimal | None:
    """The price at which equity is gone; None where it never is.

    Before fees, but for venues whose margin contains the fee to close at bankruptcy: there that fee is paid too.
    """
    if contract.terms.fee_form == FeeForm.AT_BANKRUPTCY:
        return _bankruptcy_with_fee(contract, position, wallet)
    ticks = bankruptcy_ticks(contract.form, contract.factor, position, fine(wallet, 2))
    return None if ticks == NO_PRICE else from_fine(ticks)


def _bankruptcy_with_fee(contract: Contract, position: Position, wallet: Exact) -> Decimal | None:
    """wallet + gain = fee * worth.

    Linear: P = (s*cost - wallet) / (Q*(s - f)). Inverse: worth = (wallet + s*cost) / (s + f), P = n / worth.
    """
    side = 1 if position.lots > 0 else -1
    fee = Fraction(contract.terms.fee_rate, contract.terms.rate_one)
    cost, behind = Fraction(entry_value(position), ONE**2), to_fraction(wallet)
    size = Fraction(abs(position.lots), ONE)
    if contract.form == Form.INVERSE:
        worth = (behind + side * cost) / (side + fee)
        return to_decimal(size / worth) if worth > 0 else None
    price = (side * cost - behind) / (size * (side - fee))
    return to_decimal(price) if price > 0 else None


def isolated_wallet(contract: Contract, position: Position, leverage: Exact, extra: Exact = 0) -> Decimal:
    """What stands behind a fresh isolated position: its initial margin at entry (closing fee included where the
    venue's margin contains one) and what was added.
    """
    lev = leverage_x100(leverage)
    entered = entry_value(position)
    count = len(contract.tiers)
    initial = initial_margin(
        contract.terms, contract.tiers, 0, count, contract.form, position.lots, entered, entered, lev
    )
    return from_fine(initial + fine(extra, 2), 2)


def break_even_price(
    side: str, entry: Exact, open_fee: Exact, close_fee: Exact = 0, form: Form = Form.LINEAR
) -> Decimal:
    """The price at which a close earns back the fees.

    Linear: entry * (1 + s*open) / (1 - s*close). Inverse: entry * (1 + s*close) / (1 - s*open). Binance counts
    the opening fee only.
    """
    s = side_of(side)
    open_rate, close_rate = to_fraction(open_fee, "open fee"), to_fraction(close_fee, "close fee")
    if form == Form.INVERSE:
        return to_decimal(to_fraction(entry, "entry") * (1 + s * close_rate) / (1 - s * open_rate))
    return to_decimal(to_fraction(entry, "entry") * (1 + s * open_rate) / (1 - s * close_rate))


def _risk(contract: Contract, position: Position, wallet: int, leverage: int, ticks: int) -> Risk:
    return position_risk(
        contract.terms,
        contract.tiers,
        0,
        len(contract.tiers),
        contract.form,
        contract.factor,
        position,
        wallet,
        leverage,
        ticks,
    )


def to_tick(value: Exact, tick: Exact) -> Decimal:
    """A price on the nearest tick, halves away from zero."""
    step = to_fraction(tick, "tick")
    return to_decimal(to_fraction(to_decimal(to_fraction(value) / step, 0)) * step)


def face_value(contracts: Exact, contract_size: Exact = 1) -> Decimal:
    """What contracts stand for: contracts * contract size, in base on linear and in quote on inverse ones."""
    return to_decimal(to_fraction(contracts, "contracts") * to_fraction(contract_size, "contract size"))


def margin_ratio(contract: Contract, position: Position, price: Exact, wallet: Exact, leverage: Exact = 1) -> Decimal:
    """Equity over maintenance margin; liquidation at 1 (OKX ``mgnRatio``)."""
    risk = _risk(contract, position, fine(wallet, 2), leverage_x100(leverage), fine(price))
    return to_decimal(Fraction(risk.equity, risk.maintenance))


def rate_at(contract: Contract, position: Position, price: Exact, which: str) -> Decimal:
    """The ``initial`` or ``maintenance`` rate that a position's size and tier amount to at a price."""
    tier = contract.tiers[margins(contract, position, price).tier - 1]
    now = value_at(contract.form, contract.factor, position.lots, fine(price))
    own = tier.initial_rate if which == "initial" else tier.maintenance_rate
    size = now if contract.form == Form.INVERSE else abs(position.lots)
    grown = Fraction(contract.terms.slope * size, contract.terms.slope_size)
    return to_decimal((own + grown) / contract.terms.rate_one)


def wallet_behind(contract: Contract, position: Position, price: Exact, equity: Exact) -> Decimal:
    """The wallet that makes up an equity at a price: equity less the unrealised profit there."""
    return from_fine(fine(equity, 2) - unrealised(contract.form, contract.factor, position, fine(price)), 2)


def equity_in_the_end(contract: Contract, position: Position, wallet: Exact) -> Decimal | None:
    """What an inverse short keeps, in coin, however high the price goes: wallet - n*c/EP; None for other positions."""
    if contract.form != Form.INVERSE or position.lots >= 0:
        return None
    return from_fine(fine(wallet, 2) - entry_value(position), 2)


def break_even_after_realised(side: str, size: Exact, entry: Exact, realised: Exact, taker_fee: Exact) -> Decimal:
    """(EP*q - realised) / (q - |q| * max(fee, 0.055 %)), q signed: the closing fee is counted (Bybit)."""
    quantity = side_of(side) * to_fraction(size)
    fee = max(to_fraction(taker_fee), Fraction(55, 100_000))
    return to_decimal((to_fraction(entry) * quantity - to_fraction(realised)) / (quantity - abs(quantity) * fee))


def size_of(position: Position) -> Decimal:
    """The unsigned size of a position: base on linear contracts, quote on inverse ones."""
    return from_fine(abs(position.lots))


def risk_of(contract: Contract, position: Position, price: Exact, wallet: Exact, leverage: Exact = 1) -> Risk:
    """Risk of a position with a wallet behind it, in fine units of money."""
    return _risk(contract, position, fine(wallet, 2), leverage_x100(leverage), fine(price))
