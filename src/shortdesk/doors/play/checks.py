"""Verbs that check: what happened, and how accounts stand. What is not so becomes a ``Miss``; the play goes on."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from shortdesk.doors.play.event import Event, decimal_of
from shortdesk.doors.play.stage import PURSES, Miss, Stage
from shortdesk.doors.play.words import Words, is_number
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import CODES, Kind, Mechanism
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.tables import Shelf, instrument_at

__all__ = ["balance", "equity", "expect", "maintenance", "open_orders", "position"]

_LEAST_PLACES = 6
"""An average whose decimals have no end is compared to at least so many."""

_NEAREST = 3
_CODED = (Kind.SETTING, Kind.FEE, Kind.LIQUIDATION_START, Kind.LIQUIDATION_STEP, Kind.BORROW_RATE)
"""Kinds whose code has words that are no fixed list: LEVERAGE=20x, MAKER, STEP=2."""


class _Wanted(NamedTuple):
    """One thing that an expected row has to say."""

    what: str
    is_said: Callable[[Event], bool]
    tell: Callable[[Event], str]


def expect(stage: Stage, words: Words) -> None:
    """``expect KIND ...``: the next row that says all this, behind the one matched last; rows between may be others.

    ``expect no KIND ...``: no row behind the one matched last says all this.
    """
    is_absent = words.skip("no")
    wanted = _wanted(stage, words)
    behind = stage.events[stage.seen :]
    found = next((event for event in behind if all(one.is_said(event) for one in wanted)), None)
    if is_absent:
        if found is not None:
            stage.misses.append(Miss(words.where, words.text, (f"{found} ({found.where})",)))
    elif found is None:
        stage.misses.append(Miss(words.where, words.text, _nearest(behind, wanted)))
    else:
        stage.seen = stage.events.index(found) + 1
        stage.matched.add(found.seq)


def _nearest(events: list[Event], wanted: list[_Wanted]) -> tuple[str, ...]:
    """The rows that say most of what was expected; only those of its kind where there are some."""

    def score(event: Event) -> int:
        return sum(one.is_said(event) for one in wanted)

    if not events:
        return ("no row since the one matched last",)
    alike = [event for event in events if wanted[0].is_said(event)] or [event for event in events if score(event)]
    if not alike:
        return (f"none of the {len(events)} rows since the one matched last is like it",)
    found = []
    for event in sorted(alike, key=lambda event: (-score(event), event.seq))[:_NEAREST]:
        apart = ", ".join(f"{one.what} is {one.tell(event) or 'none'}" for one in wanted if not one.is_said(event))
        found.append(f"{event} ({event.where}): {apart}")
    return tuple(found)


def _wanted(stage: Stage, words: Words) -> list[_Wanted]:
    kind = words.member("kind of event", Kind)
    codes = {code.name for code in CODES[kind]} if kind in CODES else set()
    wanted = [_Wanted("event", lambda event: event.kind == kind, lambda event: event.kind.name)]
    people = 0
    while words.words:
        word = words.peek()
        if word in stage.names.accounts or word.casefold() in PURSES:
            people += 1
            if people > 2:
                words.refuse(f"'{word}' is a third account; a row has two at most.")
            wanted.append(_person(stage, words, is_first=people == 1))
        elif is_number(word):
            wanted.append(_amount(stage, words))
        elif words.skip("at"):
            wanted.append(_same("price", words.number("a price"), lambda event: event.price))
        elif words.skip("by"):
            mechanism = words.member("mechanism", Mechanism).name
            wanted.append(_text("mechanism", mechanism, lambda event: event.mechanism))
        elif words.skip("order"):
            number = words.whole("an order's number")
            wanted.append(_Wanted("order", lambda e, n=number: e.order == n, lambda e: str(e.order)))  # type: ignore[misc]
        elif word in stage.names.instruments:
            wanted.append(_text("instrument", words.take(""), lambda event: event.instrument))
        elif word in stage.names.venues:
            wanted.append(_text("venue", words.take(""), lambda event: event.venue))
        elif word.upper() in codes or kind in _CODED:
            wanted.append(_text("why", words.take("").upper(), lambda event: event.code.upper()))
        else:
            words.refuse(
                f"'{word}' is not understood; expected an account, '1 BTC', '30 USDT', 'at PRICE', 'by MECHANISM', "
                f"'order NUMBER', an instrument, a venue"
                + (f" or one of {', '.join(sorted(codes))}." if codes else ".")
            )
    return wanted


def _text(what: str, value: str, read: Callable[[Event], str]) -> _Wanted:
    return _Wanted(what, lambda event: read(event) == value, read)


def _same(what: str, value: Fraction, read: Callable[[Event], Fraction | None]) -> _Wanted:
    def tell(event: Event) -> str:
        found = read(event)
        return "" if found is None else decimal_of(found)

    return _Wanted(what, lambda event: read(event) == value, tell)


def _person(stage: Stage, words: Words, *, is_first: bool) -> _Wanted:
    name = stage.names.account(stage.who(words))
    if is_first:
        return _text("who", name, lambda event: event.who)
    return _text("the other", name, lambda event: event.other)


def _amount(stage: Stage, words: Words) -> _Wanted:
    """``-30 USDT`` is money, ``1 BTC`` a size."""
    value = words.number("a number")
    name = words.take("what the number counts: an instrument or an asset")
    if name in stage.names.assets:
        return _Wanted("money", lambda event: event.money == value and event.asset == name, lambda event: event.paid())
    if name not in stage.names.instruments:
        known = ", ".join([*stage.names.instruments, *stage.names.assets])
        words.refuse(f"'{name}' is neither an instrument nor an asset; known are: {known}.")
    return _Wanted("size", lambda event: event.size == value and event.instrument == name, lambda event: event.sized())


def _hold(stage: Stage, words: Words, found: str, *, is_so: bool) -> None:
    words.end()
    if not is_so:
        stage.misses.append(Miss(words.where, words.text, (found,)))


def _balance_number(stage: Stage, words: Words, account: int, asset: int) -> int:
    """The wallet, or with ``in BTC`` the margin of the isolated position; 0 if there never was one."""
    balances = _used(stage, Shelf.BALANCES)
    leg = 0
    if words.skip("in"):
        number = stage.instrument(words)
        legs = _used(stage, Shelf.LEGS)
        mine = np.flatnonzero((legs["account"] == account) & (legs["instrument"] == number))
        own = [int(at) for at in mine if balances["leg"][legs["balance"][at]] == at]
        if len(own) != 1:
            return 0
        leg = own[0]
    found = (balances["account"] == account) & (balances["asset"] == asset) & (balances["leg"] == leg)
    return int(np.flatnonzero(found)[0]) if found.any() else 0


def _used(stage: Stage, shelf: Shelf) -> Any:
    return stage.world.table(shelf)[: stage.world.used_rows(shelf)]


def balance(stage: Stage, words: Words) -> None:
    """``balance alice 9988 USDT``; ``in BTC`` for the margin of an isolated position."""
    account = stage.who(words)
    units, asset = stage.money(words)
    at = _balance_number(stage, words, account, asset)
    _money_is(stage, words, units, asset, int(_used(stage, Shelf.BALANCES)["units"][at]) if at else 0)


def _money_is(stage: Stage, words: Words, wanted: int, asset: int, found: int) -> None:
    text = decimal_of(found * stage.unit(asset))
    _hold(stage, words, f"it is {text}", is_so=found == wanted)


def equity(stage: Stage, words: Words) -> None:
    """``equity alice 9000 USDT``: wallet and positions at the mark; ``in BTC`` for an isolated position."""
    account = stage.who(words)
    units, asset = stage.money(words)
    at = _balance_number(stage, words, account, asset)
    _money_is(stage, words, units, asset, int(balance_risk(stage.world.block, at).equity) if at else 0)


def maintenance(stage: Stage, words: Words) -> None:
    """``maintenance alice 250 USDT``: what the positions need at the mark."""
    account = stage.who(words)
    units, asset = stage.money(words)
    at = _balance_number(stage, words, account, asset)
    _money_is(stage, words, units, asset, int(balance_risk(stage.world.block, at).maintenance) if at else 0)


def position(stage: Stage, words: Words) -> None:
    """``position alice -1 BTC``, with ``at 60000`` also its average entry; ``long``, ``short`` in hedge mode."""
    account = stage.who(words)
    lots, number = stage.lots(words)
    legs = _used(stage, Shelf.LEGS)
    mine = legs[(legs["account"] == account) & (legs["instrument"] == number)]
    for hedge, side in ((1, "long"), (2, "short")):
        if words.skip(side):
            mine = mine[mine["hedge"] == hedge]
    held = int(mine["lots"].sum()) if len(mine) else 0
    found = f"it is {decimal_of(held * stage.names.lots[number])}"
    is_so = held == lots
    if words.skip("at"):
        wanted = words.number("an entry price")
        entry = _entry(stage, number, mine)
        is_so = is_so and entry is not None and _is_entry(entry, wanted)
        found += f" at {decimal_of(entry)}" if entry is not None else ", so that there is no entry price"
    _hold(stage, words, found, is_so=is_so)


def _is_entry(entry: Fraction, wanted: Fraction) -> bool:
    """Whether an entry is as said; one whose decimals have no end is said rounded, with six decimals or more."""
    if entry == wanted:
        return True
    is_endless = decimal_of(entry).endswith("…")
    places = len(decimal_of(wanted).partition(".")[2])
    return is_endless and places >= _LEAST_PLACES and round(entry, places) == wanted


def _entry(stage: Stage, number: int, legs: Any) -> Fraction | None:
    """The average entry of the open leg, exactly."""
    held = legs[legs["lots"] != 0]
    if len(held) != 1:
        return None
    instrument = instrument_at(stage.world.block, number)
    lots, cost, factor = int(held["open_lots"][0]), int(held["open_cost"][0]), int(instrument.factor)
    ticks = Fraction(lots * factor, cost) if instrument.form == Form.INVERSE else Fraction(cost, lots * factor)
    return abs(ticks) * stage.names.ticks[number]


def open_orders(stage: Stage, words: Words) -> None:
    """``open orders alice 2``: how many stand in the book or wait for their trigger."""
    words.need("orders")
    account = stage.who(words)
    wanted = words.whole("a count")
    owners = _used(stage, Shelf.LEGS)["account"]
    orders = _used(stage, Shelf.ORDERS)
    mine = orders[(orders["leg"] != 0) & (owners[orders["leg"]] == account)]
    ids = ", ".join(str(int(number)) for number in sorted(mine["client_id"]))
    _hold(stage, words, f"there are {len(mine)}" + (f": {ids}" if ids else ""), is_so=len(mine) == wanted)
