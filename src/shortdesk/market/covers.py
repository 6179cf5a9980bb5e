"""Who covers what a liquidation leaves: takeover by the fund, deleveraging of winners, shared losses, a booked deficit.

A position always has somebody on the other side, so what the book does not close has to be held or closed by a named
party; and units below zero have a named payer.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.draw import Purpose, draw_below
from shortdesk.ground.exact import mul_div_up
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind, Mechanism, RiskState
from shortdesk.margin.liquidation import AdlRank, adl_score
from shortdesk.margin.position import entry_value, unrealised, value_at
from shortdesk.market.accounts import Hedge, leg_for
from shortdesk.market.ladder import DUE
from shortdesk.market.ledger import Role, balance_for, transfer
from shortdesk.market.margin_check import balance_risk, leg_profit, leg_risk, price_of
from shortdesk.market.money_tables import ASSET
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.settle import move_position, position_of
from shortdesk.market.tables import (
    CASE,
    Shelf,
    account_at,
    balance_at,
    case_of,
    clock_of,
    instrument_at,
    leg_at,
    row_at,
    shelf_at,
    take_row,
    venue_at,
)
from shortdesk.market.triggers import MS, wait_on

__all__ = ["AdlPrice", "Cover", "cover_lots", "leg_score", "pay_minus"]

_SCORE_ONE = 10**6
_MOST_LEVERAGE = 10**6
_ROWS_FOR_A_WINNER = 10


class Cover(IntEnum):
    """Who bears what a liquidation leaves."""

    NOBODY = 0
    INSURANCE = 1
    """The fund takes positions over while it can pay for them, and pays for negative equity."""
    ADL = 2
    """The winners on the other side are closed against the rest."""
    LOSS_SHARING = 3
    """The winners bear a negative equity in proportion to their profit."""
    DEFICIT = 4
    """The venue takes what is left at the mark and books the loss."""


class AdlPrice(IntEnum):
    """At which price winners are closed."""

    BANKRUPTCY = 0
    MARK = 1


@rule
def _cover(venue: Any, place: int) -> int:
    """The venue's cover at a place from 1; NOBODY behind the last."""
    if place == 1:
        return int(venue.cover_1)
    if place == 2:
        return int(venue.cover_2)
    return int(venue.cover_3) if place == 3 else 0


@rule
def cover_lots(w: Any, at: int, leg: int, lots: int, ticks: int) -> bool:
    """Take ``lots`` (unsigned) of a leg off a dead balance at the bankruptcy price; False when the journal is full.

    The covers are asked in the venue's order; what none of them takes stays where it is.
    """
    left = lots
    place = 1
    number = leg_at(w, leg).instrument
    venue = venue_at(w, instrument_at(w, number).venue)
    while left > 0 and place <= 3:
        if not journal_has_room(w, 2 * _ROWS_FOR_A_WINNER):
            case_of(w, at).step_lots = left
            return False
        cover = _cover(venue, place)
        before = left
        if cover == Cover.INSURANCE and _can_take(w, at, venue.insurance):
            _take_over(w, at, leg, left, ticks, venue.insurance)
            left = 0
        elif cover == Cover.DEFICIT:
            _take_over(w, at, leg, left, price_of(w, number), venue.deficit)
            left = 0
        elif cover == Cover.ADL:
            winner = _first_winner(w, leg, venue.adl_rank)
            if winner != 0:
                left -= _deleverage(w, leg, winner, left, ticks)
                place -= 1
        if left != before:
            case_of(w, at).taken_by = cover
        place += 1
    case_of(w, at).step_lots = left
    return True


@rule
def _can_take(w: Any, at: int, fund: int) -> bool:
    """Whether the fund, with all it took before, could close the position at the mark for what equity lacks."""
    mine = balance_for(w, fund, balance_at(w, at).asset, 0)
    return bool(balance_risk(w, mine).equity + min(0, balance_risk(w, at).equity) >= 0)


@rule
def _take_over(w: Any, at: int, leg: int, lots: int, ticks: int, holder: int) -> None:
    """A purse of the venue takes lots over at a price."""
    row = leg_at(w, leg)
    number = row.instrument
    instrument = instrument_at(w, number)
    signed = lots if row.lots > 0 else -lots
    clock = clock_of(w)
    before = clock.cause
    clock.cause = note_apart(
        w,
        Detail.MONEY,
        Kind.TAKEOVER,
        venue=instrument.venue,
        instrument=number,
        account=row.account,
        other=holder,
        price=ticks,
        lots=signed,
    )
    mine = leg_for(w, holder, number, Hedge.BOTH)
    move_position(w, leg, -signed, ticks, -1)
    move_position(w, mine, signed, ticks, -1)
    if venue_at(w, instrument.venue).unwind_ms != 0:
        _begin_unwinding(w, int(leg_at(w, mine).balance), int(clock.cause))
    clock.cause = before


@rule
def _begin_unwinding(w: Any, at: int, row: int) -> None:
    """A purse will close what it holds, order by order; one that does so already goes on at its pace."""
    balance = balance_at(w, at)
    if balance.case == 0:
        balance.case = take_row(w, Shelf.CASES, CASE)
        case_of(w, at).step = 0
        wait_ms = int(venue_at(w, account_at(w, balance.account).venue).unwind_ms)
        wait_on(w, DUE, at, int(clock_of(w).now_ns) // MS + wait_ms)
    case_of(w, at).since_row = row


@rule
def _first_winner(w: Any, loser: int, rank: int) -> int:
    """The leg on the other side with the highest score, the lowest number among equals; 0 when nobody has one.

    Asks every leg of the instrument: a cost of one look per leg and winner, paid only in a deleveraging.
    """
    best = 0
    best_score = 0
    number = leg_at(w, loser).instrument
    for leg in range(1, shelf_at(w, Shelf.LEGS).used + 1):
        row = leg_at(w, leg)
        if row.instrument != number or row.lots == 0 or (row.lots > 0) == (leg_at(w, loser).lots > 0):
            continue
        balance = balance_at(w, row.balance)
        if balance.state >= RiskState.LIQUIDATING or account_at(w, row.account).role != Role.TRADER:
            continue
        score = leg_score(w, leg, loser, rank)
        if score > best_score:
            best = leg
            best_score = score
    return best


@rule
def leg_score(w: Any, at: int, loser: int, rank: int) -> int:
    """A leg's place in the queue for deleveraging against ``loser``, the highest first; 0 for no profit."""
    if rank == AdlRank.PSEUDORANDOM:
        return 1 + draw_below(1 << 32, clock_of(w).now_ns, loser, Purpose.ADL, at)
    leg = leg_at(w, at)
    instrument = instrument_at(w, leg.instrument)
    ticks = price_of(w, leg.instrument)
    position = position_of(leg)
    part = leg_risk(w, at, 0, ticks)
    entered = entry_value(position)
    now = value_at(instrument.form, instrument.factor, leg.lots, ticks)
    # An inverse contract is worth fewer coins the higher the price: the prices' ratio is that of the worths, turned.
    is_inverse = instrument.form == Form.INVERSE
    profit = unrealised(instrument.form, instrument.factor, position, ticks)
    smallest = int(row_at(w, Shelf.ASSETS, instrument.settle_asset, ASSET).one_units)
    # Equity near nothing would make a score that does not fit a word; a leverage beyond a million ranks no higher.
    wallet = max(int(balance_at(w, leg.balance).units), smallest + now // _MOST_LEVERAGE - profit)
    return adl_score(
        rank,
        leg.lots > 0,
        profit,
        wallet,
        part.initial,
        part.maintenance,
        max(1, now if is_inverse else entered),
        max(1, entered if is_inverse else now),
        now,
        _SCORE_ONE,
        smallest,
    )


@rule
def _deleverage(w: Any, leg: int, winner: int, lots: int, bankruptcy: int) -> int:
    """Close a winner against the rest, outside the book; how many lots that took."""
    row = leg_at(w, leg)
    number = row.instrument
    instrument = instrument_at(w, number)
    ticks = bankruptcy
    if venue_at(w, instrument.venue).adl_price == AdlPrice.MARK:
        ticks = price_of(w, number)
    closed = min(lots, abs(leg_at(w, winner).lots))
    signed = closed if row.lots > 0 else -closed
    clock = clock_of(w)
    before = clock.cause
    was = clock.mechanism
    clock.mechanism = Mechanism.ADL
    clock.cause = note_apart(
        w,
        Detail.MONEY,
        Kind.ADL,
        venue=instrument.venue,
        instrument=number,
        asset=instrument.settle_asset,
        account=leg_at(w, winner).account,
        other=row.account,
        price=ticks,
        lots=signed,
        units=value_at(instrument.form, instrument.factor, closed, ticks),
    )
    move_position(w, leg, -signed, ticks, -1)
    move_position(w, winner, signed, ticks, -1)
    clock.cause = before
    clock.mechanism = was
    return int(closed)


@rule
def pay_minus(w: Any, at: int, number: int) -> bool:
    """Give the minus of a balance without positions to its payers, in the venue's order; False without room.

    What no cover pays is booked on the venue's deficit account.
    """
    balance = balance_at(w, at)
    venue = venue_at(w, account_at(w, balance.account).venue)
    place = 1
    while balance.units < 0 and place <= 3:
        if not journal_has_room(w, 2 * _ROWS_FOR_A_WINNER):
            return False
        cover = _cover(venue, place)
        if cover == Cover.INSURANCE:
            fund = balance_for(w, venue.insurance, balance.asset, 0)
            paid = min(-balance.units, max(0, balance_at(w, fund).units))
            if paid > 0:
                transfer(w, Kind.INSURANCE_OUT, at, fund, paid, number)
        elif cover == Cover.LOSS_SHARING and not _share_minus(w, at, number):
            return False
        place += 1
    if balance.units < 0:
        deficit = balance_for(w, venue.deficit, balance.asset, 0)
        transfer(w, Kind.DEFICIT, at, deficit, -balance.units, number)
    return True


@rule
def _share_minus(w: Any, at: int, number: int) -> bool:
    """Winners bear the minus in proportion to their profit, and no more than that; goes on where it stopped."""
    balance = balance_at(w, at)
    profit = 0
    for leg in range(case_of(w, at).cursor + 1, shelf_at(w, Shelf.LEGS).used + 1):
        profit += _profit(w, leg, number)
    while balance.units < 0 and profit > 0:
        if not journal_has_room(w, _ROWS_FOR_A_WINNER):
            return False
        case_of(w, at).cursor += 1
        mine = _profit(w, case_of(w, at).cursor, number)
        if mine > 0:
            part = mul_div_up(min(-balance.units, profit), mine, profit)
            profit -= mine
            transfer(w, Kind.LOSS_SHARE, leg_at(w, case_of(w, at).cursor).balance, at, -part, number)
    case_of(w, at).cursor = 0
    return True


@rule
def _profit(w: Any, at: int, number: int) -> int:
    """What a trader's leg in the instrument has won at the mark; 0 for everybody else."""
    leg = leg_at(w, at)
    if leg.instrument != number or leg.lots == 0 or account_at(w, leg.account).role != Role.TRADER:
        return 0
    if balance_at(w, leg.balance).state >= RiskState.LIQUIDATING:
        return 0
    return max(0, leg_profit(w, at, price_of(w, number)))
