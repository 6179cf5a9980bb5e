"""Opening collateral: which coins a venue counts as margin, and whose coins stand behind their wallets."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import Exact, to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import NO_MECHANISM, Kind
from shortdesk.market.accounts import Hedge, leg_for
from shortdesk.market.collateral import COLLATERAL_ONE
from shortdesk.market.errands import Setting
from shortdesk.market.ledger import Role, balance_for, touch
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.open_market import balance_of
from shortdesk.market.tables import Shelf, account_at, balance_at, clock_of, has_room, instrument_at, leg_at, venue_at
from shortdesk.market.world import World

__all__ = ["accept_collateral", "set_multi_asset"]

_MOST_KINDS = 4
_MOST_WORTH = 1 << 60


def accept_collateral(world: World, pair: int, *, haircut: Exact = 0, exchange: Exact | None = None) -> None:
    """From now on coins of the pair's base count as margin in its quote: at the pair's mark less the haircut.

    ``exchange`` is the part of the mark at which the venue takes coins for a minus; without it the part that counts.
    Accounts for which ``set_multi_asset`` was called before do not have it.

    Raises:
        UsageError: the pair is no spot pair with a book, its base is accepted already or is itself the money of an
            instrument here, the venue accepts as many kinds as it can, or a part lies outside its range.
    """
    row = instrument_at(world.block, pair if 0 < pair < world.used_rows(Shelf.INSTRUMENTS) else 0)
    if row.form != Form.SPOT or row.settle_asset == 0 or row.pool != 0:
        raise UsageError(f"instrument {pair} is no spot pair with a book; collateral is worth the mark of one")
    accepted = [instrument_at(world.block, at) for at in _accepted(world, int(row.venue))]
    if any(other.base_asset == row.base_asset for other in accepted):
        raise UsageError(f"asset {row.base_asset} is collateral at venue {row.venue} already, behind one money")
    if len(accepted) == _MOST_KINDS:
        raise UsageError(f"venue {row.venue} accepts {_MOST_KINDS} kinds of collateral already; it cannot accept more")
    _check_money(world, int(row.venue), int(row.base_asset))
    cut = to_fraction(haircut, "haircut")
    rate = 1 - cut if exchange is None else to_fraction(exchange, "exchange")
    if not 0 <= cut < 1:
        raise UsageError(f"haircut {haircut}: expected the part that does not count, from 0 to below 1")
    if not 0 < rate <= 1:
        raise UsageError(f"exchange {exchange}: expected the part of its mark that a coin pays, above 0 and up to 1")
    purses = venue_at(world.block, int(row.venue))
    for purse in (int(purses.insurance), int(purses.deficit)):
        balance_of(world, purse, int(row.settle_asset))
        balance_of(world, purse, int(row.base_asset))
    row = instrument_at(world.block, pair)
    row.haircut_ppm, row.exchange_ppm = round(cut * COLLATERAL_ONE), max(1, round(rate * COLLATERAL_ONE))
    row.most_counted = _MOST_WORTH // (int(row.highest_ticks) * int(row.factor)) * int(row.base_units)


def _accepted(world: World, venue: int) -> list[int]:
    """The venue's pairs whose base is collateral."""
    return [
        at
        for at in range(1, world.used_rows(Shelf.INSTRUMENTS))
        if instrument_at(world.block, at).venue == venue and instrument_at(world.block, at).exchange_ppm != 0
    ]


def _check_money(world: World, venue: int, asset: int) -> None:
    """What instruments of the venue are settled in stands behind their own positions and cannot stand behind others."""
    for at in range(1, world.used_rows(Shelf.INSTRUMENTS)):
        row = instrument_at(world.block, at)
        if row.venue == venue and row.settle_asset == asset:
            raise UsageError(f"asset {asset} is the money of instrument {at}; it cannot stand behind another money")


def set_multi_asset(world: World, account: int) -> None:
    """From now on the account's coins that its venue accepts stand behind its wallets. Nothing can be borrowed.

    Raises:
        UsageError: the account is no trader, borrows or opens isolated legs, its venue accepts no coins, or the rows of
            the Journal that say so have no room.
    """
    row = account_at(world.block, account)
    if row.role != Role.TRADER or row.is_auto_borrow or row.first_loan or row.is_isolated:
        raise UsageError(f"account {account} is a purse, borrows or opens isolated legs; coins stand behind wallets")
    pairs = _accepted(world, int(row.venue))
    if not pairs:
        raise UsageError(f"venue {row.venue} counts no coins as collateral yet; expected a pair that it does")
    for pair in pairs:
        _check_money(world, int(row.venue), int(instrument_at(world.block, pair).base_asset))
        for shelf, wanted in ((Shelf.LEGS, 1), (Shelf.BALANCES, 2)):
            while not has_room(world.block, shelf, wanted):
                world.grow(shelf)
        if not _join(world.block, account, pair):
            raise UsageError("the journal's buffer has no room for a row; take its rows first")
    account_at(world.block, account).is_multi_asset = 1


@kernel
def _join(w: Any, account: int, pair: int) -> bool:
    """Hang the account's coins of a pair on its wallet, and write it down; False without room for the row."""
    if not journal_has_room(w, 1):
        return False
    clock_of(w).cause = -1
    clock_of(w).mechanism = NO_MECHANISM
    at = leg_for(w, account, pair, Hedge.BOTH.value)
    leg = leg_at(w, at)
    leg.is_collateral = 1
    balance_at(w, balance_for(w, account, instrument_at(w, pair).base_asset, 0)).coin_leg = at
    touch(w, int(leg.balance))
    note_apart(
        w,
        Detail.MONEY,
        Kind.SETTING,
        venue=account_at(w, account).venue,
        instrument=pair,
        account=account,
        units=COLLATERAL_ONE - instrument_at(w, pair).haircut_ppm,
        code=Setting.COUNTED_PPM.value,
    )
    return True
