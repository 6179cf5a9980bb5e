"""Commands that are not about an order: money in and out, settings, marks, halts and outages.

Every function returns a Refusal; what is refused changes nothing.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind, RiskState
from shortdesk.ground.order import Refusal
from shortdesk.market.accounts import join_balance, leave_balance
from shortdesk.market.ledger import Role, balance_for, find_balance, touch, transfer
from shortdesk.market.lending import withdrawal_leaves_cover
from shortdesk.market.margin_check import covers_withdrawal, is_too_leveraged, needed_units
from shortdesk.market.note import Detail, note_apart
from shortdesk.market.tables import (
    Shelf,
    account_at,
    balance_at,
    clock_of,
    instrument_at,
    leg_at,
    shelf_at,
    venue_at,
)

__all__ = [
    "Setting",
    "add_margin",
    "deposit",
    "set_isolated",
    "set_leverage",
    "set_mark",
    "stop_matching",
    "stop_venue",
]

_MOST_UNITS = 1 << 61
_MOST_LEVERAGE_X100 = 100_000


class Setting(IntEnum):
    """Which setting a SETTING row is about."""

    LEVERAGE_X100 = 1
    ISOLATED = 2
    DELAY_NS = 3
    COUNTED_PPM = 4
    """Coins of the instrument's base stand behind the wallet, for so many millionths of their worth."""


@rule
def deposit(w: Any, command: Any, sign: int) -> int:
    """Units of asset ``command.instrument`` come in (``sign`` 1) or go out (-1)."""
    asset = command.instrument
    if not 0 < asset <= shelf_at(w, Shelf.ASSETS).used:
        return Refusal.UNKNOWN_ASSET
    if command.lots <= 0:
        return Refusal.BAD_SIZE
    if command.lots > _MOST_UNITS:
        return Refusal.SIZE_TOO_LARGE
    account = account_at(w, command.account)
    if account.role == Role.POOL:
        return Refusal.UNKNOWN_ACCOUNT
    mine = find_balance(w, command.account, asset, 0)
    if sign < 0 and (mine == 0 or not covers_withdrawal(w, mine, command.lots)):
        return Refusal.NOT_ENOUGH_BALANCE
    if sign < 0 and not withdrawal_leaves_cover(w, command.account, asset, command.lots):
        return Refusal.NOT_ENOUGH_MARGIN
    purse = venue_at(w, account.venue).outside
    entrusted = -int(balance_at(w, find_balance(w, purse, asset, 0)).units)
    if sign > 0 and max(entrusted, int(balance_at(w, mine).units)) > _MOST_UNITS - command.lots:
        return Refusal.SIZE_TOO_LARGE
    mine = balance_for(w, command.account, asset, 0)
    outside = balance_for(w, purse, asset, 0)
    kind = Kind.DEPOSIT.value if sign > 0 else Kind.WITHDRAWAL.value
    transfer(w, kind, mine, outside, sign * command.lots)
    return Refusal.NONE


@rule
def set_leverage(w: Any, leg: int, command: Any) -> int:
    """The leg's leverage, in hundredths; not above what its tier allows, and less only where more margin is there."""
    row = leg_at(w, leg)
    wanted = command.lots
    if wanted < 100:
        return Refusal.BAD_SIZE
    if wanted > _MOST_LEVERAGE_X100 or is_too_leveraged(w, leg, wanted):
        return Refusal.LEVERAGE_TOO_HIGH
    before = row.leverage_x100
    row.leverage_x100 = wanted
    if row.balance != 0 and wanted < before and not covers_withdrawal(w, row.balance, 0):
        row.leverage_x100 = before
        return Refusal.NOT_ENOUGH_MARGIN
    if row.balance != 0:
        touch(w, row.balance)
    _note_setting(w, leg, Setting.LEVERAGE_X100.value, wanted)
    return Refusal.NONE


@rule
def set_isolated(w: Any, leg: int, command: Any) -> int:
    """The leg gets a margin of its own (``lots`` 1), or shares its account's wallet (0).

    With a position or orders only where the venue allows it; then its initial margin and its loss go with it, and
    both sides must be covered before and therefore after.
    """
    row = leg_at(w, leg)
    if row.balance == 0 or instrument_at(w, row.instrument).form == Form.SPOT or not 0 <= command.lots <= 1:
        return Refusal.BAD_KIND
    old = row.balance
    is_open = row.lots != 0 or row.first_order != 0
    if is_open and venue_at(w, account_at(w, row.account).venue).switches_open == 0:
        return Refusal.NOT_WHILE_OPEN
    asset = instrument_at(w, row.instrument).settle_asset
    wallet = find_balance(w, row.account, asset, 0)
    if balance_at(w, old).state >= RiskState.LIQUIDATING or balance_at(w, wallet).state >= RiskState.LIQUIDATING:
        return Refusal.ACCOUNT_LIQUIDATING
    if is_open and not (covers_withdrawal(w, old, 0) and (wallet == 0 or covers_withdrawal(w, wallet, 0))):
        return Refusal.NOT_ENOUGH_MARGIN
    new = balance_for(w, row.account, asset, leg if command.lots else 0)
    if new != old:
        moved = int(balance_at(w, old).units) if balance_at(w, old).leg == leg else needed_units(w, leg)
        leave_balance(w, leg)
        join_balance(w, leg, new)
        if moved != 0:
            transfer(w, Kind.MARGIN, new, old, moved, row.instrument)
        touch(w, new)
    _note_setting(w, leg, Setting.ISOLATED.value, command.lots)
    return Refusal.NONE


@rule
def _note_setting(w: Any, at: int, which: int, value: int) -> None:
    leg = leg_at(w, at)
    note_apart(
        w,
        Detail.MONEY,
        Kind.SETTING,
        venue=account_at(w, leg.account).venue,
        instrument=leg.instrument,
        account=leg.account,
        units=value,
        code=which,
    )


@rule
def add_margin(w: Any, leg: int, command: Any) -> int:
    """Units into the margin of an isolated leg; negative: back into the wallet, as far as the rest is covered."""
    row = leg_at(w, leg)
    if row.balance == 0 or balance_at(w, row.balance).leg != leg:
        return Refusal.BAD_KIND
    if command.lots == 0 or abs(command.lots) > _MOST_UNITS:
        return Refusal.BAD_SIZE
    wallet = find_balance(w, row.account, instrument_at(w, row.instrument).settle_asset, 0)
    payer = wallet if command.lots > 0 else row.balance
    if wallet == 0 or not covers_withdrawal(w, payer, abs(command.lots)):
        return Refusal.NOT_ENOUGH_BALANCE
    transfer(w, Kind.MARGIN, wallet, row.balance, -command.lots, row.instrument)
    return Refusal.NONE


@rule
def set_mark(w: Any, command: Any) -> int:
    """The instrument's mark is what the command says."""
    number = command.instrument
    if not 0 < number <= shelf_at(w, Shelf.INSTRUMENTS).used:
        return Refusal.UNKNOWN_INSTRUMENT
    instrument = instrument_at(w, number)
    if command.price_ticks <= 0 or command.price_ticks > instrument.highest_ticks:
        return Refusal.BAD_PRICE
    instrument.mark_ticks = command.price_ticks
    clock_of(w).cause = note_apart(
        w, Detail.MONEY, Kind.MARK, venue=instrument.venue, instrument=number, price=command.price_ticks
    )
    return Refusal.NONE


@rule
def stop_matching(w: Any, command: Any) -> int:
    """Matching of an instrument stops (``lots`` 1) or goes on (0)."""
    number = command.instrument
    if not 0 < number <= shelf_at(w, Shelf.INSTRUMENTS).used:
        return Refusal.UNKNOWN_INSTRUMENT
    instrument = instrument_at(w, number)
    if instrument.pool != 0:
        return Refusal.NO_BOOK
    instrument.is_halted = 1 if command.lots != 0 else 0
    kind = Kind.HALTED.value if command.lots != 0 else Kind.RESUMED.value
    note_apart(w, Detail.MONEY, kind, venue=instrument.venue, instrument=number)
    return Refusal.NONE


@rule
def stop_venue(w: Any, command: Any) -> int:
    """The venue named by ``command.instrument`` goes down (``lots`` 1) or comes back (0)."""
    number = command.instrument
    if not 0 < number <= shelf_at(w, Shelf.VENUES).used:
        return Refusal.UNKNOWN_INSTRUMENT
    venue_at(w, number).is_down = 1 if command.lots != 0 else 0
    kind = Kind.HALTED.value if command.lots != 0 else Kind.RESUMED.value
    note_apart(w, Detail.MONEY, kind, venue=number)
    return Refusal.NONE
