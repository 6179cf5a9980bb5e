"""What a fill does to the two who met: positions, profit, fees, and on spot markets the assets themselves."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_nearest, mul_div_up
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind, Mechanism, RiskState
from shortdesk.ground.order import Side
from shortdesk.ground.units import Lots, Ticks, Units
from shortdesk.margin.position import Position, after_fill, entry_value, value_at
from shortdesk.market.ladder import SICK
from shortdesk.market.ledger import balance_for, touch, transfer
from shortdesk.market.loans import repay_from_fill
from shortdesk.market.note import Detail, note
from shortdesk.market.tables import balance_at, clock_of, front_at, instrument_at, leg_at, venue_at

__all__ = ["average_ticks", "move_position", "position_of", "reducible_lots", "settle_fill"]


@rule(inline=True)
def reducible_lots(held: int, side: int) -> int:
    """How many lots an order of this side could close of a position of ``held`` lots."""
    if side == Side.BUY:
        return -held if held < 0 else 0
    return held if held > 0 else 0


@rule(inline=True)
def settle_fill(w: Any, number: int, taker: Any, maker: Any, ticks: int, lots: int) -> None:
    """Write the fill down, and settle it where the instrument's money is kept."""
    instrument = instrument_at(w, number)
    signed = lots if taker.side == Side.BUY else -lots
    row = note(
        w,
        Detail.MONEY,
        Kind.FILL,
        venue=instrument.venue,
        instrument=number,
        asset=instrument.settle_asset,
        account=leg_at(w, taker.leg).account,
        other=leg_at(w, maker.leg).account,
        order=taker.client_id,
        other_order=maker.client_id,
        price=ticks,
        lots=signed,
        units=value_at(instrument.form, instrument.factor, lots, ticks),
    )
    if instrument.settle_asset != 0:
        _settle(w, number, taker.leg, maker.leg, taker.client_id, maker.client_id, ticks, signed, row)


@rule
def _settle(
    w: Any, number: int, taker: int, maker: int, taker_order: int, maker_order: int, ticks: int, lots: int, row: int
) -> None:
    instrument = instrument_at(w, number)
    clock = clock_of(w)
    before = clock.cause
    clock.cause = row
    if instrument.form == Form.SPOT:
        _exchange(w, number, taker, maker, taker_order, ticks, lots)
    else:
        move_position(w, maker, -lots, ticks, maker_order)
        move_position(w, taker, lots, ticks, taker_order)
    worth = value_at(instrument.form, instrument.factor, lots, ticks)
    maker_fee = _charge(w, number, maker, worth, instrument.maker_rate, maker_order, 1)
    taker_fee = _charge(w, number, taker, worth, instrument.taker_rate, taker_order, 0)
    if clock.mechanism == Mechanism.LIQUIDATION and _is_forced(w, taker):
        _charge_liquidation(w, number, taker, lots, ticks)
    if instrument.form == Form.SPOT:
        came = abs(lots) * instrument.base_units
        repay_from_fill(w, leg_at(w, taker if lots > 0 else maker).account, instrument.base_asset, came)
        paid = abs(lots) * ticks * instrument.factor - (maker_fee if lots > 0 else taker_fee)
        repay_from_fill(w, leg_at(w, maker if lots > 0 else taker).account, instrument.settle_asset, paid)
    clock.cause = before


@rule
def _is_forced(w: Any, taker: int) -> bool:
    """Whether the venue trades for the taker: any owner may say LIQUIDATION, but only while nobody is treated."""
    if (
        clock_of(w).mechanism != Mechanism.LIQUIDATION
        or balance_at(w, leg_at(w, taker).balance).state == RiskState.SAFE
    ):
        return False
    return bool(front_at(w, SICK).level != 0 or clock_of(w).first_sick_loan != 0)


@rule
def _exchange(w: Any, number: int, taker: int, maker: int, order: int, ticks: int, lots: int) -> None:
    """A spot fill: the taker receives base for quote, or the other way."""
    instrument = instrument_at(w, number)
    base = instrument.base_asset
    mine = balance_for(w, leg_at(w, taker).account, base, 0)
    other = balance_for(w, leg_at(w, maker).account, base, 0)
    transfer(w, Kind.TRADE_LEG, mine, other, lots * instrument.base_units, number, order)
    paid = lots * ticks * instrument.factor
    transfer(w, Kind.TRADE_LEG, leg_at(w, taker).balance, leg_at(w, maker).balance, -paid, number, order)


@rule
def _charge(w: Any, number: int, leg: int, worth: int, rate: int, order: int, code: int) -> int:
    """The fee of one side, rounded against who pays it; a negative rate is a rebate, rounded down."""
    if rate == 0:
        return 0
    instrument = instrument_at(w, number)
    fee = mul_div_up(worth, rate, venue_at(w, instrument.venue).fee_one)
    if fee != 0:
        transfer(w, Kind.FEE, leg_at(w, leg).balance, instrument.fee_income, -fee, number, order, -1, 0, code)
    return int(fee)


@rule
def _charge_liquidation(w: Any, number: int, leg: int, lots: int, ticks: int) -> None:
    """The venue's fee on a liquidated worth, for the insurance fund, as far as the balance has it."""
    instrument = instrument_at(w, number)
    venue = venue_at(w, instrument.venue)
    mine = leg_at(w, leg).balance
    worth = value_at(instrument.form, instrument.factor, lots, ticks)
    fee = min(mul_div_up(worth, instrument.liquidation_rate, venue.fee_one), max(0, balance_at(w, mine).units))
    if fee > 0:
        fund = balance_for(w, venue.insurance, instrument.settle_asset, 0)
        transfer(w, Kind.LIQUIDATION_FEE, mine, fund, -fee, number)


@rule(inline=True)
def position_of(leg: Any) -> Position:
    """A leg's position as the rules of margin take it."""
    return Position(
        Lots(int(leg.lots)), Lots(int(leg.open_lots)), Units(int(leg.open_cost)), int(leg.carry), Ticks(leg.carry_ticks)
    )


@rule
def move_position(w: Any, at: int, lots: int, ticks: int, order: int) -> None:
    """A leg buys (``lots`` > 0) or sells at a price; what it realises comes from the venue's clearing account."""
    leg = leg_at(w, at)
    number = leg.instrument
    instrument = instrument_at(w, number)
    held = leg.lots
    filled = after_fill(instrument.form, instrument.factor, position_of(leg), lots, ticks)
    leg.lots = filled.position.lots
    leg.open_lots = filled.position.open_lots
    leg.open_cost = filled.position.open_cost
    leg.carry = filled.position.carry
    leg.carry_ticks = filled.position.carry_ticks
    instrument.open_lots += max(0, leg.lots) - max(0, held)
    note(
        w,
        Detail.MONEY,
        Kind.POSITION,
        venue=instrument.venue,
        instrument=number,
        asset=instrument.settle_asset,
        account=leg.account,
        price=average_ticks(instrument, leg),
        lots=leg.lots,
        units=entry_value(filled.position),
    )
    touch(w, leg.balance)
    closed = (held > 0 and lots < 0) or (held < 0 and lots > 0)
    if closed:
        part = lots if abs(lots) <= abs(held) else -held
        transfer(w, Kind.REALISED, leg.balance, instrument.clearing, filled.realised, number, order, ticks, part)


@rule(inline=True)
def average_ticks(instrument: Any, leg: Any) -> int:
    """The average entry price to the nearest tick; -1 for a flat leg. For people: no rule reads it."""
    if leg.lots == 0:
        return -1
    if instrument.form == Form.INVERSE:
        return mul_div_nearest(leg.open_lots, instrument.factor, max(1, leg.open_cost))
    return mul_div_nearest(leg.open_cost, 1, leg.open_lots * instrument.factor)
