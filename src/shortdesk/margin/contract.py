"""From a sheet to numbers the rules can read: one instrument's form, factor, terms and tiers on one grid.

A ``Scale`` says what one step of price, size and money is worth. The desk uses the fine scale; a market uses
the instrument's tick and lot and the asset's smallest unit. The rules never know which.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.fine import ONE, Exact, to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.ground.schedule import find_schedule
from shortdesk.ground.tiers import TierRow
from shortdesk.ground.venue import MarginRules, Product, at
from shortdesk.margin.requirement import Basis, FeeForm, InitialForm, Terms, Tier, TierBy
from shortdesk.margin.risk import Trigger

__all__ = ["FINE", "Contract", "Scale", "build_contract", "contract_of", "leverage_x100"]


class Scale(NamedTuple):
    """What one step is worth: a tick in quote per base, a lot in base (inverse: in quote), a unit in money."""

    tick: Fraction
    lot: Fraction
    unit: Fraction


FINE = Scale(Fraction(1, ONE), Fraction(1, ONE), Fraction(1, ONE**2))
"""The desk's scale: 24 decimals of price and size, 48 of money."""

_FORMS = {"linear": Form.LINEAR, "inverse": Form.INVERSE, "spot_margin": Form.SPOT, "lending": Form.SPOT}
_TIER_BY = {
    "value": TierBy.VALUE,
    "entry_value": TierBy.ENTRY_VALUE,
    "contracts": TierBy.CONTRACTS,
    "slope": TierBy.SLOPE,
}
_BASIS = {"price": Basis.PRICE, "entry": Basis.ENTRY}
_INITIAL = {"leverage": InitialForm.LEVERAGE, "rate": InitialForm.RATE}
_FEE = {"none": FeeForm.NONE, "taker_on_value": FeeForm.TAKER_ON_VALUE, "at_bankruptcy": FeeForm.AT_BANKRUPTCY}
_TRIGGER = {"at_or_below": Trigger.AT_OR_BELOW, "below": Trigger.BELOW}


class Contract(NamedTuple):
    """All that the rules need to know about one instrument, on one scale.

    ``rows`` are the tiers as the sheet has them, for people; ``tiers`` are the same on the scale.
    """

    form: Form
    factor: int
    terms: Terms
    tiers: tuple[Tier, ...]
    rows: tuple[TierRow, ...]
    scale: Scale

    def row(self, tier: int) -> TierRow:
        """The sheet's row of a tier by its number, from 1, as ``desk.margins`` counts them."""
        return self.rows[tier - 1]


def build_contract(
    product: Product,
    symbol: str,
    mode: str,
    day: date,
    *,
    taker: Exact | None = None,
    contract_size: Exact = 1,
    scale: Scale = FINE,
) -> Contract:
    """A symbol's contract in a margin mode on a day.

    ``taker`` overrides the sheet's taker fee (an account may have its own). ``contract_size`` turns tiers
    counted in contracts into sizes.

    Raises:
        UsageError: unknown mode or symbol, or a day before the first schedule.
        InputError: the sheet is broken.
    """
    margin = product.margin_at(day, mode)
    schedule = find_schedule(product, symbol, day)
    fee = to_fraction(taker, "taker fee") if taker is not None else Fraction(at(product.fees, day, "fees").taker)
    return contract_of(
        _FORMS[product.kind],
        schedule.rows,
        margin,
        fee=fee,
        slope=schedule.slope,
        contract_size=contract_size,
        scale=scale,
    )


def contract_of(
    form: Form,
    rows: Sequence[TierRow],
    margin: MarginRules,
    *,
    fee: Exact = 0,
    slope: Exact = 0,
    contract_size: Exact = 1,
    scale: Scale = FINE,
) -> Contract:
    """A contract from tiers and margin rules given by hand; all numbers exact.

    Raises:
        InputError: a factor is not whole on this scale, so the scale does not fit the instrument.
    """
    fee, slope, size = to_fraction(fee, "fee"), to_fraction(slope, "slope"), to_fraction(contract_size, "contract size")
    rates = [rate for row in rows for rate in (row.maintenance_rate, row.initial_rate)]
    one = lcm(*(rate.denominator for rate in (*rates, fee, slope)))
    factor = scale.lot / (scale.tick * scale.unit) if form == Form.INVERSE else scale.tick * scale.lot / scale.unit
    if factor.denominator != 1:
        raise InputError(
            f"the smallest unit of money is too coarse for this tick and lot: factor {factor} is not whole"
        )
    slope_size = 1 / scale.unit if form == Form.INVERSE else 1 / scale.lot
    terms = Terms(
        rate_one=one,
        tier_by=_TIER_BY[margin.tier_by],
        basis=_BASIS[margin.maintenance_basis],
        initial_basis=_BASIS[margin.initial_basis],
        initial_form=_INITIAL[margin.initial_form],
        fee_form=_FEE[margin.closing_fee],
        fee_rate=int(fee * one),
        slope=int(slope * one),
        slope_size=_whole(slope_size),
        trigger=_TRIGGER[margin.trigger],
    )
    step = scale.lot / size if margin.tier_by == "contracts" else scale.unit
    tiers = tuple(
        Tier(
            floor=_whole(row.floor / step),
            cap=_whole((row.cap if row.cap is not None else 10**15) / step),
            initial_rate=int(row.initial_rate * one),
            maintenance_rate=int(row.maintenance_rate * one),
            deduction=_whole(row.deduction / scale.unit),
        )
        for row in rows
    )
    return Contract(form, factor.numerator, terms, tiers, tuple(rows), scale)


def _whole(value: Fraction) -> int:
    """Rounded down; a deduction rounded down rounds the margin up."""
    return value.numerator // value.denominator


def leverage_x100(leverage: Exact) -> int:
    """A leverage in hundredths.

    Raises:
        UsageError: not positive, or finer than 0.01.
    """
    hundredths = to_fraction(leverage, "leverage") * 100
    if hundredths <= 0 or hundredths.denominator != 1:
        raise UsageError(f"leverage {leverage}: expected a positive number in steps of 0.01, such as 10 or 4.25")
    return hundredths.numerator
