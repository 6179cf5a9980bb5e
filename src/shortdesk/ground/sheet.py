"""The tables of a venue's sheet: one struct for each kind of rule, with its forms and numbers.

Every table has ``since`` (the day it came into force), ``source`` (where the numbers were seen) and
``evidence``: R a venue response reproduces it, D venue documentation, T an open-source test asserts it,
S secondary source, U not verified, A our own assumption.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

__all__ = [
    "BorrowRules",
    "Evidence",
    "FeeRules",
    "FundingRules",
    "Grid",
    "Kind",
    "LadderRules",
    "LiquidationRules",
    "LiquidityTierRules",
    "MarginRules",
    "MarkRules",
    "Mode",
    "OptionRules",
    "PortfolioRules",
    "ReserveRules",
    "SlopeRules",
    "StepRules",
    "Table",
    "TierTable",
]

Evidence = Literal["R", "D", "T", "S", "U", "A"]
Mode = Literal["isolated", "cross", "portfolio"]
Kind = Literal["linear", "inverse", "spot_margin", "lending", "option"]


RATES = frozenset(
    {
        "backstop_fraction",
        "band",
        "base_rate",
        "clamp",
        "close_factor",
        "dead_band",
        "fee_to_insurance",
        "first_fraction",
        "hourly_rate",
        "increment",
        "initial_floor",
        "initial_rate",
        "interest_8h",
        "largest_fee",
        "largest_portion",
        "liquidation",
        "liquidation_bonus",
        "liquidation_threshold",
        "loan_to_value",
        "maintenance_factor",
        "maintenance_fraction",
        "maintenance_rate",
        "maker",
        "optimal_utilisation",
        "price_range",
        "protocol_fee",
        "roll_shock_rate",
        "slope",
        "taker",
    }
)
"""Fields that are parts of something; all other numbers are amounts, levels, multiples or leverages."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table of a sheet carries."""

    since: date
    source: str
    evidence: Evidence
    note: str = ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Numbers that cannot be right: rates outside (-1, 1], amounts and levels below zero, an empty source."""
        if not self.source.strip():
            yield "source", "is empty; expected where the numbers were seen"
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if not isinstance(value, Decimal):
                continue
            if not value.is_finite():
                yield field, f"{value} is not finite; expected a number"
            elif field in RATES and not -1 < value <= 1:
                yield field, f"{value} is not a rate; expected a number between -1 and 1"
            elif field not in RATES and value < 0:
                yield field, f"{value} is negative; expected a number from 0 up"


class MarginRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How requirement and liquidation are worked out in some margin modes."""

    modes: tuple[Mode, ...]
    price: Literal["mark", "oracle", "index"]
    tier_by: Literal["value", "entry_value", "contracts", "slope"]
    maintenance_basis: Literal["price", "entry"]
    initial_basis: Literal["price", "entry"]
    initial_form: Literal["leverage", "rate"]
    closing_fee: Literal["none", "taker_on_value", "at_bankruptcy"]
    trigger: Literal["at_or_below", "below"]
    printed_price: Literal["exact", "tick_against", "tick_toward_entry"]
    break_even: Literal["open_fee", "both_fees"]
    continuous: bool
    """Whether maintenance amounts continue the tier below; checked when tiers load."""


class TierTable(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of tiers: a CSV file beside the sheets, or rows in the sheet itself."""

    unit: Literal["quote", "coin", "contracts"]
    file: str
    licence: str = ""
    complete: bool = True
    """Whether the table names every symbol of its day; what a partial one leaves out is looked up in an older one."""


class StepRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Risk steps (BitMEX): every started step above the base limit adds one increment to both rates."""

    symbol: str
    base_limit: Decimal
    step: Decimal
    initial_rate: Decimal
    maintenance_rate: Decimal
    increment: Decimal


class SlopeRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates that grow with the size (Deribit): rate = base + slope * size in coin."""

    symbol: str
    initial_rate: Decimal
    maintenance_rate: Decimal
    slope: Decimal


class LiquidityTierRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A liquidity tier (dYdX): one pair of rates for all its markets; open interest raises the initial rate only."""

    name: str
    markets: tuple[str, ...]
    """The bases that trade in this tier."""
    initial_rate: Decimal
    maintenance_fraction: Decimal
    """Maintenance rate = initial rate * this."""
    impact_notional: Decimal
    open_interest_lower: Decimal = Decimal(0)
    open_interest_upper: Decimal = Decimal(0)
    """Between the two the initial rate rises in a straight line to 1; both 0 where it never rises."""


class FeeRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Trading fees and the fee on the liquidated value, as rates."""

    taker: Decimal
    maker: Decimal
    liquidation: Decimal = Decimal(0)


class FundingRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the funding rate is formed and paid."""

    form: Literal["clamped_premium", "dead_band", "legacy_clamp", "premium_only"]
    interval_hours: int
    """Hours between payments; 0 where funding accrues continuously."""
    interest_8h: Decimal = Decimal(0)
    clamp: Decimal = Decimal(0)
    dead_band: Decimal = Decimal(0)
    cap_form: Literal["none", "fixed", "margin_spread"] = "none"
    cap: Decimal = Decimal(0)
    """``fixed``: the largest rate of one payment (of 8 hours where funding accrues continuously).
    ``margin_spread``: the largest 8-hour rate as a multiple of (initial - maintenance rate)."""
    samples: Literal["rising", "equal", "snapshot"] = "rising"
    window: Literal["current", "previous"] = "current"
    """Whether the premium is averaged over the interval that is being paid for, or over the one before."""
    paid_on: Literal["mark", "oracle", "index"] = "mark"
    bases: tuple[str, ...] = ()
    """The bases to which the table applies; none named: all that no other table in force names."""


class MarkRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the mark price is formed."""

    form: Literal["median_funding_basis_last", "index_plus_basis", "fair_funding_basis", "oracle_median_ema", "oracle"]
    basis_seconds: int = 0
    """Length of the moving average of the basis."""
    band: Decimal = Decimal(0)
    """How far the mark may stand from the index, as a rate; 0 for no band."""


class LiquidationRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when maintenance is not met, and who pays when equity is gone."""

    form: Literal[
        "ioc_then_takeover",
        "lower_tier_then_takeover",
        "two_tiers_then_takeover",
        "fraction_then_wait",
        "fillable_capped",
        "incremental",
        "sale_and_repay",
        "anyone_with_bonus",
    ]
    cover: tuple[Literal["insurance", "adl", "loss_sharing", "deficit", "backstop"], ...]
    adl_rank: Literal[
        "none", "profit_times_leverage", "roi_and_margin_ratio", "price_move_times_leverage", "pseudorandom"
    ]
    adl_price: Literal["none", "bankruptcy", "mark", "oracle"]
    adl_fund_drawdown: Decimal = Decimal(0)
    """ADL starts when the insurance fund has lost this part of its 8-hour peak; 0: when it is empty."""
    adl_mark_beyond: Decimal = Decimal(0)
    """Mark is used where the bankruptcy price is further from it than this, as a rate; 0: never."""
    first_fraction: Decimal = Decimal(1)
    threshold: Decimal = Decimal(0)
    """Notional above which ``first_fraction`` applies."""
    wait_seconds: int = 0
    fee_to_insurance: Decimal = Decimal(1)
    """Which part of the liquidation fee the insurance fund keeps."""
    backstop_fraction: Decimal = Decimal(0)
    """Equity below this part of maintenance goes to the backstop."""
    spread_to_maintenance: Decimal = Decimal(0)
    bankruptcy_adjustment: Decimal = Decimal(0)
    largest_fee: Decimal = Decimal(0)
    smallest_notional: Decimal = Decimal(0)
    largest_portion: Decimal = Decimal(1)
    largest_notional_per_block: Decimal = Decimal(0)
    risk_step_tiers: int = 0
    """How many tiers one step goes down."""


class BorrowRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spot-margin loans: how hours are counted, which levels bind, what a loan costs when nothing else is said."""

    modes: tuple[Mode, ...]
    bases: tuple[str, ...] = ()
    """The bases to which the table applies; none named: all that no other table in force names."""
    hours: Literal["clock_hours", "started_hours", "exact"]
    level_form: Literal["assets_over_debts", "maintenance_on_debt"]
    liquidation_level: Decimal = Decimal(0)
    margin_call_level: Decimal = Decimal(0)
    borrow_level: Decimal = Decimal(0)
    transfer_level: Decimal = Decimal(0)
    maintenance_rate: Decimal = Decimal(0)
    """For ``maintenance_on_debt``: margin per debt value."""
    fee_in_trigger: bool = False
    largest_leverage: Decimal
    hourly_rate: Decimal
    """The hourly rate taken when the user gives none; labelled by ``evidence`` A where it is our assumption."""


class LadderRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Risk ratios of isolated spot-margin pairs (Binance): one ladder for each largest leverage.

    Largest leverage on rung i = 1 + 1/(initial_ratios[i] - 1), cut to two decimals.
    """

    largest_leverage: Decimal
    bases: tuple[str, ...]
    """The bases whose pairs stand on this ladder; none named: all that no other ladder names."""
    initial_ratios: tuple[Decimal, ...]
    margin_call_level: Decimal
    liquidation_level: Decimal


class OptionRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Standard margin of short options (Deribit), in coin per contract; OTM and strike relative to the underlying.

    Initial = max(initial_rate - OTM, initial_floor) + mark; maintenance = maintenance_rate + mark for calls and
    max(maintenance_rate, maintenance_rate * mark) + mark for puts, whose initial is never below their maintenance.
    """

    initial_rate: Decimal
    initial_floor: Decimal
    maintenance_rate: Decimal


class PortfolioRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Portfolio margin by scenarios (Deribit): worst bucket + roll shock, maintenance a part of it."""

    price_range: Decimal
    """The outermost buckets stand at + and - this move."""
    buckets: int
    extended_moves: tuple[Decimal, ...]
    """Further moves of the table beyond the range."""
    volatility_states: int
    roll_shock_rate: Decimal
    """Of the gross size."""
    maintenance_factor: Decimal


class ReserveRules(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reserve of a lending market (Aave): what it counts as collateral and what borrowing it costs."""

    symbol: str
    liquidation_threshold: Decimal
    loan_to_value: Decimal
    liquidation_bonus: Decimal
    optimal_utilisation: Decimal
    base_rate: Decimal
    slope_1: Decimal
    slope_2: Decimal
    close_factor: Decimal
    full_close_below_health: Decimal
    small_reserve_usd: Decimal
    """A reserve of less than this may be closed whole; 0 where the size does not matter."""
    smallest_left_usd: Decimal = Decimal(0)
    """Less than this may not be left on either side, unless one side is emptied."""
    protocol_fee: Decimal = Decimal(0)
    """The protocol's part of the bonus."""
    hourly_rate: Decimal = Decimal(0)
    """The hourly borrow rate taken when the user gives none."""


class Grid(Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The grid assumed for instruments whose tick and lot are not in the sheets."""

    significant_digits: int
    """A tick is one step in this many digits of the entry price; whole numbers are always prices."""
    most_decimals: int = 0
    """Decimals of a price and of a lot are together at most this (Hyperliquid: 6); 0 for no such limit."""
    lot: Decimal
    contract_size: Decimal = Decimal(1)
