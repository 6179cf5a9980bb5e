"""A short squeeze of two, written by hand: a tick, a lot and a unit are all 1, so figures can be added up on paper.

Ann and Bob are each short 10 from 100, Hal holds the other side. A whale buys 10 from Max; the mark goes to 102 and Ann
dies; what she has to buy takes the price to 105 and Bob with it; what he buys takes it to 108. Then it falls to 101.

    put in   Ann 30, Bob 90 (cross accounts)
    trades   whale 5 at 100, whale 5 at 102, Ann 10 at 105, Bob 10 at 108, all bought from Max; Nan sells him 3 at 101
    gains    Ann -50 + 20 of the fund, Bob -80, whale 10 x 101 - 1010 = 0 less fees of 2, Hal +20,
             Max 3140 - 30 x 101 = 110 (11 of it realised), Nan 0: the prices sum to 0
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from shortdesk.ground.journal import NO_MECHANISM, Journal, Kind, Mechanism, append, new_rows
from shortdesk.ground.kinds import RiskState
from shortdesk.ground.run_folder import Names, NameTable, Run

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
CLEARING, FEES, FUND, OUTSIDE, MAX, WHALE, ANN, BOB, HAL, NAN = range(1, 11)
_PEOPLE = [
    ("clearing of venue", "venue", "venue"), ("fees of venue", "venue", "venue"),
    ("insurance of venue", "venue", "venue"), ("outside of venue", "venue", "venue"), ("max", "makers", "maker"),
    ("whale", "whale", "metaorder"), ("ann", "shorts", "crowd"), ("bob", "shorts", "crowd"),
    ("hal", "holders", "holders"), ("nan", "noise", "noise"),
]  # fmt: skip
NAMES = Names(
    venue=NameTable(["", "venue"]),
    instrument=NameTable(
        ["", "COIN"], [{}, {"tick": "1", "lot": "1", "kind": "perp", "base": "COIN", "settle": "USD"}]
    ),
    asset=NameTable(["", "USD"], [{}, {"digits": "0"}]),
    account=NameTable(
        ["", *(name for name, _, _ in _PEOPLE)],
        [{"population": "", "kind": ""}, *({"population": group, "kind": kind} for _, group, kind in _PEOPLE)],
    ),
)
RUN = Run(scenario="story", seed=1, start_ns=START, state="ended")
_WHERE = {"venue": 1, "instrument": 1}
_MONEY = {"venue": 1, "asset": 1}


class Teller:
    """Writes rows one after the other; ``say`` gives the number of the row."""

    def __init__(self) -> None:
        self._rows = new_rows(400)
        self.count = 0
        self.second = 0
        self.mechanism = NO_MECHANISM

    @property
    def rows(self) -> NDArray[Any]:
        return self._rows[: self.count]

    def say(self, kind: Kind, cause: int = -1, **fields: int) -> int:
        time_ns = START + self.second * SECOND
        self.count = append(self._rows, self.count, self.count, time_ns, kind, cause, self.mechanism, **fields)
        return self.count - 1

    def mark(self, ticks: int, cause: int = -1) -> int:
        self.mechanism = NO_MECHANISM
        return self.say(Kind.MARK, cause, **_WHERE, price=ticks)

    def open(self, account: int, lots: int, ticks: int) -> None:
        at = self.say(Kind.OPENING, **_WHERE, asset=1, account=account, lots=lots, price=ticks)
        self.position(at, account, lots, abs(lots) * ticks)

    def position(self, cause: int, account: int, lots: int, cost: int) -> None:
        entry = round(cost / abs(lots)) if lots else -1
        self.say(Kind.POSITION, cause, **_WHERE, asset=1, account=account, lots=lots, price=entry, units=cost)

    def move(self, kind: Kind, account: int, other: int, units: int, cause: int = -1, **fields: int) -> None:
        self.say(kind, cause, **_MONEY, account=account, other=other, units=units, **fields)

    def trade(self, taker: int, maker: int, lots: int, ticks: int, mechanism: Mechanism, cause: int = -1) -> int:
        self.mechanism = mechanism
        return self.say(
            Kind.FILL, cause, **_WHERE, asset=1, account=taker, other=maker, order=1, other_order=1, price=ticks,
            lots=lots, units=abs(lots) * ticks,
        )  # fmt: skip

    def begin_liquidation(self, mark: int, account: int, lots: int, ticks: int, equity: int, maintenance: int) -> int:
        self.mechanism = Mechanism.LIQUIDATION
        where = {**_WHERE, "asset": 1, "account": account, "lots": lots, "price": ticks}
        told = self.say(Kind.RISK_STATE, mark, **where, units=equity, code=RiskState.LIQUIDATING)
        start = self.say(Kind.LIQUIDATION_START, told, **where, units=maintenance)
        return self.say(Kind.LIQUIDATION_STEP, start, **_WHERE, account=account, order=1, lots=-lots, code=1)


def squeeze() -> NDArray[Any]:
    """The story of the module."""
    t = Teller()
    for account, units in ((ANN, 30), (BOB, 90), (FUND, 100), (HAL, 5_000), (MAX, 9_000), (WHALE, 5_000), (NAN, 1_000)):
        t.move(Kind.DEPOSIT, account, OUTSIDE, units)
    for account, lots in ((ANN, -10), (BOB, -10), (HAL, 20)):
        t.open(account, lots, 100)
    t.mark(100)
    t.second = 1
    first = t.trade(WHALE, MAX, 5, 100, Mechanism.METAORDER)
    t.position(first, MAX, -5, 500)
    t.position(first, WHALE, 5, 500)
    t.move(Kind.FEE, WHALE, FEES, -1, first, instrument=1)
    t.second = 2
    t.mark(101)
    second = t.trade(WHALE, MAX, 5, 102, Mechanism.METAORDER)
    t.position(second, MAX, -10, 1_010)
    t.position(second, WHALE, 10, 1_010)
    t.move(Kind.FEE, WHALE, FEES, -1, second, instrument=1)
    t.second = 3
    step = t.begin_liquidation(t.mark(102), ANN, -10, 102, 10, 11)
    third = t.trade(ANN, MAX, 10, 105, Mechanism.LIQUIDATION, step)
    t.position(third, MAX, -20, 2_060)
    t.position(third, ANN, 0, 0)
    t.move(Kind.REALISED, ANN, CLEARING, -50, third, instrument=1, price=105, lots=10)
    t.move(Kind.INSURANCE_OUT, ANN, FUND, 20, step, instrument=1)
    t.say(Kind.LIQUIDATION_END, step - 1, **_WHERE, asset=1, account=ANN, code=RiskState.BANKRUPT)
    t.second = 4
    step = t.begin_liquidation(t.mark(105), BOB, -10, 105, 40, 41)
    fourth = t.trade(BOB, MAX, 10, 108, Mechanism.LIQUIDATION, step)
    t.position(fourth, MAX, -30, 3_140)
    t.position(fourth, BOB, 0, 0)
    t.move(Kind.REALISED, BOB, CLEARING, -80, fourth, instrument=1, price=108, lots=10)
    t.say(Kind.LIQUIDATION_END, step - 1, **_WHERE, asset=1, account=BOB, units=10, code=RiskState.SAFE)
    t.second = 5
    fifth = t.trade(NAN, MAX, -3, 101, Mechanism.NOISE)
    t.position(fifth, MAX, -27, 2_826)
    t.move(Kind.REALISED, MAX, CLEARING, 11, fifth, instrument=1, price=101, lots=3)
    t.position(fifth, NAN, -3, 303)
    t.mark(101)
    t.second = 9
    t.say(Kind.PREMIUM, **_WHERE)
    return t.rows


def calm() -> NDArray[Any]:
    """Nan and the whale trade to and fro with Max around 100; nobody is forced to anything."""
    t = Teller()
    for account in (MAX, WHALE, NAN):
        t.move(Kind.DEPOSIT, account, OUTSIDE, 10_000)
    t.mark(1000)
    for second in range(1, 21):
        t.second = second
        side = 1 if second % 2 else -1
        t.trade(NAN, MAX, side, 1000 + side, Mechanism.NOISE)
        t.mark(1000 + second % 3)
    return t.rows


def journal_of(rows: NDArray[Any]) -> Journal:
    """The rows as a Journal in memory."""
    return Journal.from_rows(rows, RUN, NAMES)
