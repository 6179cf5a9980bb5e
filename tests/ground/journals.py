"""Journals for tests: one that tells a story a trader can follow, and long ones made by a kernel."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from shortdesk.ground.compile import kernel
from shortdesk.ground.journal import NO_MECHANISM, ROW, Kind, Mechanism, append, new_rows
from shortdesk.ground.order import OrderKind, Refusal
from shortdesk.ground.run_folder import Names, NameTable, Run, RunWriter

SECOND = 1_000_000_000
OPEN = 1_700_000_000 * SECOND  # 2023-11-14T22:13:20Z
ANN, BEN, FUND, FEES, CLEARING = range(5)
NAMES = Names(
    venue=NameTable(["binance_usdm"]),
    instrument=NameTable(["BTCUSDT"], [{"tick": "0.10", "lot": "0.001"}]),
    asset=NameTable(["USDT", "BTC"], [{"digits": "8"}, {"digits": "8"}]),
    account=NameTable(["ann", "ben", "insurance fund", "fees", "clearing"]),
)
RUN = Run(scenario="a short dies", scenario_digest="5eed", seed=7, start_ns=OPEN, codes={"shock": {1: "jump"}})


def story() -> NDArray[Any]:
    """Ann shorts 2 BTC from Ben at 60,000.0; the mark jumps; she is liquidated and the fund pays the rest."""
    rows = new_rows(32)
    count = 0
    user, liquidation = Mechanism.USER, Mechanism.LIQUIDATION
    where = {"venue": 0, "instrument": 0}
    usdt = {"venue": 0, "asset": 0}

    def tell(second: int, kind: Kind, cause: int, mechanism: int, **fields: int) -> None:
        nonlocal count
        count = append(rows, count, count, OPEN + second * SECOND, kind, cause, mechanism, **fields)

    tell(0, Kind.DEPOSIT, -1, user, **usdt, account=ANN, units=12_000_00000000)
    tell(0, Kind.DEPOSIT, -1, user, **usdt, account=BEN, units=500_000_00000000)
    tell(1, Kind.ACCEPTED, -1, user, **where, account=BEN, order=1, price=600_000, lots=2_000, code=OrderKind.LIMIT)
    tell(1, Kind.RESTED, 2, user, **where, account=BEN, order=1, price=600_000, lots=2_000)
    tell(2, Kind.ACCEPTED, -1, user, **where, account=ANN, order=2, price=600_000, lots=-2_000, code=OrderKind.LIMIT)
    sale = {**where, "account": ANN, "other": BEN, "order": 2, "other_order": 1, "price": 600_000, "lots": -2_000}
    tell(2, Kind.FILL, 4, user, **sale, asset=0, units=120_000_00000000)
    tell(2, Kind.FEE, 5, user, **where, asset=0, account=ANN, other=FEES, order=2, units=-60_00000000)
    tell(2, Kind.FEE, 5, user, **where, asset=0, account=BEN, other=FEES, order=1, units=-24_00000000, code=1)
    tell(3, Kind.REFUSED, -1, user, **where, account=ANN, price=1, lots=-1, code=Refusal.NOT_ENOUGH_MARGIN)
    tell(60, Kind.SHOCK, -1, NO_MECHANISM, **where, price=665_000, code=1)
    tell(61, Kind.MARK, 9, NO_MECHANISM, **where, price=665_000)
    tell(61, Kind.RISK_STATE, 10, NO_MECHANISM, **where, account=ANN, asset=0, lots=-2_000, price=665_000, code=2)
    tell(61, Kind.LIQUIDATION_START, 11, liquidation, **where, account=ANN, asset=0, lots=-2_000, price=665_000)
    tell(61, Kind.LIQUIDATION_STEP, 12, liquidation, **where, account=ANN, order=3, lots=2_000, price=670_000, code=1)
    cover = {**where, "account": ANN, "other": BEN, "order": 3, "other_order": 4, "price": 666_000, "lots": 2_000}
    tell(61, Kind.FILL, 13, liquidation, **cover, asset=0, units=133_200_00000000)
    tell(61, Kind.REALISED, 14, liquidation, **where, asset=0, account=ANN, other=CLEARING, units=-13_200_00000000)
    tell(61, Kind.INSURANCE_OUT, 15, liquidation, **where, asset=0, account=ANN, other=FUND, units=1_260_00000000)
    tell(61, Kind.LIQUIDATION_END, 16, liquidation, **where, account=ANN, asset=0)
    tell(3600, Kind.STOPPED, -1, NO_MECHANISM, code=1)
    return rows[:count]


@kernel
def fill_rows(rows: Any, seq: int, draw: int) -> int:
    """Fill a table with rows of all sizes of numbers; the same text runs compiled and interpreted."""
    count = 0
    while count < len(rows):
        draw = (draw * 69_069 + 1_234_567) & 0x7FFF_FFFF
        kind = Kind.FILL if draw & 3 == 0 else Kind.MARK
        count = append(
            rows,
            count,
            seq,
            1_700_000_000_000_000_000 + seq * 1_000,
            kind,
            seq - 1 - (draw & 7),
            1 + (draw & 15),
            venue=draw & 63,
            instrument=draw & 16_383,
            account=draw,
            order=(draw << 31) ^ seq,
            price=draw * draw,
            lots=(draw & 1_023) - 512,
            units=-draw * 1_000_003,
            code=draw & 255,
        )
        seq += 1
    return draw


def long_run(folder: Any, blocks: int, block_rows: int) -> NDArray[Any]:
    """Write a run of whole blocks and return its rows."""
    rows = new_rows(blocks * block_rows)
    fill_rows(rows, 0, 1)
    with RunWriter(folder, RUN, NAMES) as run:
        journal = run.stream("journal", ROW, block_rows=block_rows)
        for start in range(0, len(rows), block_rows):
            journal.rows[:] = rows[start : start + block_rows]
            journal.turn(block_rows)
        run.end("horizon")
    return rows
