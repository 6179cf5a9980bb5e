"""Liquidation: who is liquidated, how much at a time, at what cost, and who is deleveraged next.

These are decisions, computed from numbers alone; the market carries them out. Each venue's sheet names one form.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.exact import mul_div_down, mul_div_nearest, mul_div_up, products_ordered
from shortdesk.ground.fine import ONE, Exact, fine, from_fine, to_decimal, to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.margin.requirement import Tier, tier_index

__all__ = [
    "AccountState",
    "AdlRank",
    "AdlScore",
    "LiquidationForm",
    "TierStep",
    "account_state",
    "adl_score",
    "adl_score_by_move",
    "adl_score_of",
    "closable_to_cover",
    "fillable_units",
    "first_order_lots",
    "first_order_notional",
    "liability_to_transfer",
    "liquidation_fee",
    "liquidation_fee_of",
    "lots_down_to_tier",
    "price_with_allowance",
    "state_name",
    "tier_step",
]


class LiquidationForm(IntEnum):
    """How a venue takes a position down."""

    IOC_THEN_TAKEOVER = 0
    """Cancel orders, reduce-only IOC, the rest to the fund at the bankruptcy price (Binance)."""
    LOWER_TIER_THEN_TAKEOVER = 1
    """Close down to the tier below, again and again; takeover at the lowest (Bybit, BitMEX)."""
    TWO_TIERS_THEN_TAKEOVER = 2
    """Two tiers at a time from tier 3 up, takeover at tier 2 and below (OKX)."""
    FRACTION_THEN_WAIT = 3
    """Market orders; a fifth first when large, then a pause; a backstop below two thirds (Hyperliquid)."""
    FILLABLE_CAPPED = 4
    """An order at the fillable price, capped per block (dYdX)."""
    INCREMENTAL = 5
    """One small step a second (Deribit)."""
    SALE_AND_REPAY = 6
    """Sell what is held and repay the loan (spot margin)."""
    ANYONE_WITH_BONUS = 7
    """Anyone repays and takes collateral with a bonus (Aave)."""


class AdlRank(IntEnum):
    """How the winners who are closed against a bankrupt position are ranked."""

    NONE = 0
    PROFIT_TIMES_LEVERAGE = 1
    """max(0, PnL) / max(1, wallet) times maintenance / equity (Binance)."""
    ROI_AND_MARGIN_RATIO = 2
    """PnL over initial margin times used margin ratio (OKX, Bybit)."""
    PRICE_MOVE_TIMES_LEVERAGE = 3
    """(mark / entry) * (notional / account value), for shorts entry / mark (Hyperliquid; short form not seen)."""
    PSEUDORANDOM = 4
    """Any account on the other side, drawn by a keyed hash (dYdX)."""


class AccountState(IntEnum):
    """Where an account stands on a venue with a backstop."""

    SAFE = 0
    MARKET_LIQUIDATION = 1
    BACKSTOP = 2


class TierStep(NamedTuple):
    """One step of a liquidation by tiers, in lots."""

    tier: int
    """Number of the tier the position is in, from 1."""
    remaining: int
    closed: int


@rule
def liquidation_fee(lots: int, ticks: int, factor: int, rate: int, rate_one: int) -> int:
    """The fee on the liquidated value of a linear contract, rounded up: lots * price * rate."""
    return mul_div_up(abs(lots) * ticks * factor, rate, rate_one)


@rule
def first_order_lots(lots: int, notional: int, threshold: int, fraction: int, fraction_one: int) -> int:
    """How many lots the first liquidation order has: all up to the threshold, else a fraction, rounded up."""
    if notional <= threshold:
        return lots
    return mul_div_up(lots, fraction, fraction_one)


@rule
def fillable_units(own_maintenance: int, equity: int, maintenance: int, adjustment: int, spread: int, one: int) -> int:
    """What an order at the fillable price gives up against the mark, in units, rounded down.

    spread * maintenance of the position * clamp(adjustment * (1 - equity / maintenance of all), 0, 1): nothing at the
    line of maintenance, more the poorer the account is (dYdX v4; ``quantums.fillable_price`` is the same unrounded).
    """
    most = mul_div_down(own_maintenance, spread, one)
    lacking = max(0, maintenance - equity)
    if lacking == 0 or maintenance <= 0:
        return 0
    return min(most, mul_div_down(mul_div_down(most, adjustment, one), lacking, maintenance))


@rule
def price_with_allowance(form: int, factor: int, lots: int, ticks: int, units: int, highest: int) -> int:
    """The price at which closing ``lots`` (signed) brings ``units`` less than at ``ticks``, rounded towards it.

    Linear: ticks -/+ units / (lots * factor); inverse: lots * factor / (worth at ticks +/- units); a short buys no
    dearer than ``highest``.
    """
    worth = abs(lots) * factor
    if form != Form.INVERSE:
        step = units // worth
        return max(1, ticks - step) if lots > 0 else min(highest, ticks + step)
    coins = mul_div_nearest(worth, 1, ticks)
    if lots > 0:
        return max(1, min(ticks, mul_div_up(worth, 1, coins + units)))
    if coins <= units:
        return highest
    return min(highest, max(ticks, mul_div_down(worth, 1, coins - units)))


@rule
def account_state(equity: int, maintenance: int, backstop: int, backstop_one: int) -> int:
    """Safe at or above maintenance, liquidated on the market below it, by the backstop below a part of it."""
    if equity >= maintenance:
        return AccountState.SAFE
    if not products_ordered(equity, backstop_one, maintenance, backstop):
        return AccountState.BACKSTOP
    return AccountState.MARKET_LIQUIDATION


@rule
def lots_down_to_tier(
    tiers: Sequence[Tier], first: int, count: int, measure: int, tiers_down: int, last_taken: int
) -> int:
    """Which measure is left after one step of ``tiers_down`` tiers; 0 means takeover of the whole.

    In the lowest ``last_taken`` tiers the position is taken over.
    """
    tier = tier_index(tiers, first, count, measure) - first
    if tier < last_taken:
        return 0
    target = max(0, tier - tiers_down)
    return int(tiers[first + target].cap)


@rule
def adl_score(
    rank: int,
    is_long: bool,
    profit: int,
    wallet: int,
    initial: int,
    maintenance: int,
    entry: int,
    mark: int,
    notional: int,
    one: int,
    smallest: int,
) -> int:
    """The rank of a winner, out of ``one``; the highest is closed first. 0 for those without profit.

    ``smallest`` is the least wallet counted (one unit of the quote asset on Binance).
    """
    equity = wallet + profit
    if rank == AdlRank.PROFIT_TIMES_LEVERAGE:
        if profit <= 0 or equity <= 0:
            return 0
        return mul_div_nearest(mul_div_nearest(profit, one, max(smallest, wallet)), maintenance, equity)
    if rank == AdlRank.ROI_AND_MARGIN_RATIO:
        if profit <= 0 or equity <= 0 or initial <= 0:
            return 0
        return mul_div_nearest(mul_div_nearest(profit, one, initial), maintenance, equity)
    if rank == AdlRank.PRICE_MOVE_TIMES_LEVERAGE:
        if equity <= 0:
            return 0
        move = mul_div_nearest(mark, one, entry) if is_long else mul_div_nearest(entry, one, mark)
        return mul_div_nearest(move, notional, equity)
    return 0


# --- the desk's face ---


class AdlScore(NamedTuple):
    """Binance's two factors and their product."""

    profit_ratio: Decimal
    margin_ratio: Decimal
    score: Decimal


def liquidation_fee_of(size: Exact, fill_price: Exact, rate: Exact) -> Decimal:
    """The fee on a liquidated size at its fill price."""
    return from_fine(liquidation_fee(fine(size), fine(fill_price), 1, fine(rate), ONE), 2)


def adl_score_of(
    unrealised: Exact, wallet: Exact, *, maintenance: Exact | None = None, margin_ratio: Exact | None = None
) -> AdlScore:
    """PnL ratio, margin ratio and their product; give either the maintenance margin or the margin ratio."""
    profit, held = to_fraction(unrealised), to_fraction(wallet)
    gain = max(Fraction(0), profit) / max(Fraction(1), held)
    if margin_ratio is not None:
        ratio = to_fraction(margin_ratio)
    else:
        equity = held + profit
        ratio = to_fraction(maintenance or 0) / equity if equity > 0 else Fraction(0)
    return AdlScore(to_decimal(gain), to_decimal(ratio), to_decimal(gain * ratio))


def adl_score_by_move(side: str, mark: Exact, entry: Exact, notional: Exact, account_value: Exact) -> Decimal:
    """(mark / entry) * (notional / account value), for shorts with entry / mark."""
    is_long = side == "long"
    value = fine(account_value)
    score = adl_score(
        AdlRank.PRICE_MOVE_TIMES_LEVERAGE, is_long, 0, value, 0, 0, fine(entry), fine(mark), fine(notional), ONE, 1
    )
    return from_fine(score)


def first_order_notional(notional: Exact, threshold: Exact, fraction: Exact) -> Decimal:
    """How much of a position the first liquidation order covers, in its own currency."""
    return from_fine(first_order_lots(fine(notional), fine(notional), fine(threshold), fine(fraction), ONE))


def state_name(equity: Exact, maintenance: Exact, backstop: Exact = Fraction(2, 3)) -> str:
    """``safe``, ``market_liquidation`` or ``backstop`` (equity below two thirds of maintenance at Hyperliquid)."""
    part = to_fraction(backstop, "backstop")
    state = account_state(fine(equity), fine(maintenance), part.numerator, part.denominator)
    return AccountState(state).name.lower()


def tier_step(contracts: int, caps: Sequence[int], *, tiers_down: int = 2, last_taken: int = 2) -> TierStep:
    """One liquidation step by tiers of contracts: where the position stands, what is left, what is closed.

    Raises:
        UsageError: no caps.
    """
    if not caps:
        raise UsageError("tier caps: expected at least one")
    floors = [0, *caps[:-1]]
    tiers = [Tier(floor, cap, 0, 0, 0) for floor, cap in zip(floors, caps, strict=True)]
    left = lots_down_to_tier(tiers, 0, len(tiers), contracts, tiers_down, last_taken)
    return TierStep(tier_index(tiers, 0, len(tiers), contracts) + 1, left, contracts - left)


def closable_to_cover(
    shortage: Exact, margin_ratio: Exact, liquidator_fee: Exact, insurance_fee: Exact, price: Exact, quote_price: Exact
) -> Decimal:
    """The base size whose close makes up a margin shortage (Drift):

    shortage / (price * quote_price * (margin ratio - liquidator fee) - price * insurance fee).
    """
    at = to_fraction(price)
    freed = at * to_fraction(quote_price) * (to_fraction(margin_ratio) - to_fraction(liquidator_fee))
    return to_decimal(to_fraction(shortage) / (freed - at * to_fraction(insurance_fee)))


def liability_to_transfer(
    shortage: Exact,
    price: Exact,
    asset_weight: Exact,
    liability_weight: Exact,
    asset_multiplier: Exact,
    liability_multiplier: Exact,
    insurance_fee: Exact,
) -> Decimal:
    """The liability that a liquidator takes over to make up a shortage (Drift spot, reconstructed):

    shortage / (price * (liability weight * (1 - fee) - asset weight * asset multiplier / liability multiplier)).
    """
    relief = to_fraction(liability_weight) * (1 - to_fraction(insurance_fee))
    cost = to_fraction(asset_weight) * to_fraction(asset_multiplier) / to_fraction(liability_multiplier)
    return to_decimal(to_fraction(shortage) / (to_fraction(price) * (relief - cost)))
