"""What happened when: extremes, liquidations, makers leaving, shocks, funding, coins, deleveraging, the fund."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shortdesk.ground.kinds import Kind
from shortdesk.study.postmortem_causes import Forced, ForcedKind
from shortdesk.study.postmortem_push import Move
from shortdesk.study.postmortem_tape import Ints, Tape
from shortdesk.study.shock_words import shock_words

__all__ = ["Entry", "fund_level", "makers_away", "timeline_of"]

_MOST_OF_A_KIND = 6
_MOST_SHOCKS = 16
_PPM = 1e6
_MINUTE_NS = 60 * 10**9


class Entry(NamedTuple):
    """One line of the timeline; ``price`` in words, empty where none belongs to it."""

    time_ns: int
    what: str
    price: str = ""


def timeline_of(tape: Tape, forced: Forced, move: Move) -> list[Entry]:
    """The story in a few dozen lines, in order of time."""
    found = [
        *_prices(tape, move), *_forced(tape, forced), *_presence(tape), *_shocks(tape), *_funding(tape),
        *_collateral(tape, forced), *_deleveraging(tape), *_fund(tape), *_venue(tape),
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.time_ns)


def _entry(tape: Tape, row: int, what: str) -> Entry:
    price = int(tape.price[row])
    return Entry(int(tape.time_ns[row]), what, tape.grid.price(price) if price > 0 else "")


def _prices(tape: Tape, move: Move) -> list[Entry]:
    name = "mark" if tape.has_marks else "last trade"
    ends = ("the move begins", "the move ends")
    found = [_entry(tape, row, f"{name}: {words}") for row, words in zip((move.begin, move.peak), ends, strict=True)]
    for kind, word in ((Kind.INDEX, "index"), (Kind.FILL, "traded price")):
        rows = tape.here(kind)
        if len(rows):
            pick = np.argmax if move.up else np.argmin
            high = "highest" if move.up else "lowest"
            found.append(_entry(tape, int(rows[pick(tape.price[rows])]), f"{word}: its {high}"))
    if len(tape.marks):
        found.append(_entry(tape, int(tape.marks[-1]), f"{name}: the last one"))
    return found


def _forced(tape: Tape, forced: Forced) -> list[Entry]:
    found = []
    for kind, word in (
        (ForcedKind.LIQUIDATION, "liquidation"), (ForcedKind.STOP, "stop"), (ForcedKind.BUY_IN, "buy-in"),
    ):  # fmt: skip
        these = np.flatnonzero(forced.kind == kind)
        if not len(these):
            continue
        found.append(_level(tape, forced, int(these[0]), f"first {word} of {len(these):,}"))
        if len(these) > 1:
            found.append(_level(tape, forced, int(these[-1]), f"last {word}"))
        if len(these) >= 10:
            minutes = tape.time_ns[forced.row[these]] // _MINUTE_NS
            busiest, counts = np.unique(minutes, return_counts=True)
            at = int(np.argmax(counts))
            first = int(forced.row[these[np.argmax(minutes == busiest[at])]])
            found.append(Entry(int(tape.time_ns[first]), f"most {word}s in one minute: {int(counts[at]):,}"))
    return found


def _level(tape: Tape, forced: Forced, at: int, words: str) -> Entry:
    row = int(forced.mark[at]) if forced.mark[at] >= 0 else int(forced.row[at])
    return _entry(tape, row, words)._replace(time_ns=int(tape.time_ns[forced.row[at]]))


def makers_away(tape: Tape) -> tuple[Ints, Ints]:
    """Times and how many makers were away from then on; empty where the Journal tells of none."""
    rows = tape.here(Kind.PRESENCE)
    return tape.time_ns[rows], _away(tape, rows)


def _away(tape: Tape, rows: Ints) -> Ints:
    """How many are away from each PRESENCE row on."""
    return np.cumsum(np.where(tape.units[rows] == 0, 1, -1)) if len(rows) else rows


def _presence(tape: Tape) -> list[Entry]:
    """Makers of this instrument, and the liquidity providers of pools, leave and come back."""
    found = _coming_and_going(tape, tape.here(Kind.PRESENCE), "maker", "makers")
    names = tape.journal.names.instrument
    rows = tape.where(Kind.PRESENCE)
    for number in np.unique(tape.on[rows]).tolist():
        if 0 <= number < len(names.info) and names.info[number].get("kind") == "pool":
            whose = f"of {names.name(number)}"
            mine = rows[tape.on[rows] == number]
            found += _coming_and_going(tape, mine, f"liquidity provider {whose}", f"liquidity providers {whose}")
    return found


def _coming_and_going(tape: Tape, rows: Ints, one: str, many: str) -> list[Entry]:
    if not len(rows):
        return []
    away = _away(tape, rows)
    leaving = rows[tape.units[rows] == 0]
    often = f", the first of {len(leaving)} times" if len(leaving) > 1 else ""
    found = [_entry(tape, int(leaving[0]), f"a {one} leaves{often}")] if len(leaving) else []
    most = int(np.argmax(away))
    found.append(_entry(tape, int(rows[most]), f"most {many} away at once: {int(away[most])}"))
    back = np.flatnonzero(away == 0)
    after = back[back > most]
    if len(after):
        found.append(_entry(tape, int(rows[after[0]]), f"all {many} are back"))
    elif away[-1] > 0:
        found.append(_entry(tape, int(rows[-1]), f"the last change: {int(away[-1])} {many} are still away at the end"))
    return found


def _few(rows: Ints) -> list[int]:
    """The first ones of a kind, so that a long run has a short timeline."""
    return [int(row) for row in rows[:_MOST_OF_A_KIND]]


def _shocks(tape: Tape) -> list[Entry]:
    rows = tape.where(Kind.SHOCK)
    names = tape.journal.code_names(Kind.SHOCK)
    found = []
    for row in rows[:_MOST_SHOCKS].tolist():
        code, on = int(tape.code[row]), int(tape.on[row])
        act = names.get(code, f"shock {code}")
        coin = tape.grid_of(on).base if on >= 0 and act in ("news", "coin_peg") else ""
        words = shock_words(act, int(tape.units[row]) / _PPM, coin or tape.journal.names.instrument.name(on))
        found.append(_entry(tape, row, f"the scenario acts: {words}"))
    return found


def _collateral(tape: Tape, forced: Forced) -> list[Entry]:
    """Coins behind positions: their lowest mark, whom it killed, what the venue took for minuses."""
    rows = tape.where(Kind.COLLATERAL)
    coins = rows[tape.price[rows] > 0]
    found = []
    for pair in np.unique(tape.on[coins]).tolist():
        name, grid = tape.journal.names.instrument.name(pair), tape.grid_of(pair)
        marks = tape.where(Kind.MARK)
        marks = marks[tape.on[marks] == pair]
        lowest = int(marks[np.argmin(tape.price[marks])])
        found.append(
            Entry(int(tape.time_ns[lowest]), f"mark of {name}: its lowest", grid.price(int(tape.price[lowest])))
        )
        cause = f"the mark of {name}"
        if cause in forced.roots:
            killed = np.flatnonzero(forced.root == forced.roots.index(cause))
            words = f"{name} sets off the first of {len(killed):,} forced orders"
            found.append(Entry(int(tape.time_ns[forced.row[killed[0]]]), words))
        mine = coins[tape.on[coins] == pair]
        size = -int(tape.units[mine].sum()) * float(tape.unit_of(int(tape.asset[mine[0]])))
        words = f"the venue takes {grid.base} for minuses: {len(mine):,} times in all, {grid.short(size)} {grid.base}"
        found.append(Entry(int(tape.time_ns[mine[0]]), words))
    return found


def _funding(tape: Tape) -> list[Entry]:
    rows = tape.here(Kind.FUNDING_RATE)
    if not len(rows):
        return []
    rates = tape.units[rows] / 1e10
    worst = int(np.argmax(np.abs(rates)))
    payer = "longs" if rates[worst] > 0 else "shorts"
    words = f"largest funding rate of {len(rows)}: {rates[worst]:+.4f} % for the interval, {payer} pay"
    return [_entry(tape, int(rows[worst]), words)]


def _deleveraging(tape: Tape) -> list[Entry]:
    rows = tape.here(Kind.ADL)
    if not len(rows):
        return []
    people = len(np.unique(tape.account[rows]))
    lots = tape.grid.size(int(np.abs(tape.lots[rows]).sum()))
    words = f"deleveraging begins: {len(rows)} times in all, {people} accounts, {lots} {tape.grid.base}".rstrip()
    return [_entry(tape, int(rows[0]), words)]


def fund_level(tape: Tape) -> tuple[Ints, Ints]:
    """Row numbers, and what the insurance fund holds after each in the settlement asset; its positions apart."""
    rows = tape.where(Kind.INSURANCE_IN, Kind.INSURANCE_OUT, Kind.LIQUIDATION_FEE)
    funds = np.unique(tape.other[rows][tape.other[rows] >= 0])
    if not len(funds):
        return rows[:0], rows[:0]
    asset = int(tape.asset[rows[0]])
    moves = np.flatnonzero((tape.kind >= 60) & (tape.kind < 100) & (tape.asset == asset))
    gives = np.isin(tape.other[moves], funds)
    gets = np.isin(tape.account[moves], funds)
    moves, change = moves[gives | gets], (tape.units[moves] * (gets.astype(np.int64) - gives))[gives | gets]
    return moves, np.cumsum(change)


def _fund(tape: Tape) -> list[Entry]:
    rows, level = fund_level(tape)
    if len(level) < 2:
        return []
    at = int(np.argmin(level))
    low, first = (f"{tape.grid.money(int(units))} {tape.grid.settle}" for units in (level[at], level[0]))
    if not at:
        return [Entry(int(tape.time_ns[rows[-1]]), f"the insurance fund never falls below its first {first}")]
    return [Entry(int(tape.time_ns[rows[at]]), f"the insurance fund at its lowest: {low}, after {first} at first")]


def _venue(tape: Tape) -> list[Entry]:
    words = {
        Kind.HALTED: "matching stops", Kind.RESUMED: "matching goes on", Kind.DEFICIT: "a loss that nobody can bear",
        Kind.LOSS_SHARE: "winners bear a loss",
    }  # fmt: skip
    found = []
    for kind, word in words.items():
        rows = tape.where(kind)
        if len(rows):
            often = f", the first of {len(rows):,}" if len(rows) > 1 else ""
            found.append(_entry(tape, int(rows[0]), f"{word}{often}"))
    links = tape.where(Kind.CONNECTION)
    links = links[tape.account[links] < 0]
    return found + [
        _entry(tape, row, "the venue is back" if tape.code[row] else "the venue is down") for row in _few(links)
    ]
