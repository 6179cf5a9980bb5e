"""The shared streams leave behind what four other engines left behind."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shortdesk.ground.kinds import Kind
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.tables import Shelf, front_at, instrument_at
from shortdesk.market.world import Capacity, bare_world

# Figures of ../shared/bench/README.md: fills, lots, notional, hash, resting orders, resting lots, best bid and ask.
LEFT = {
    "mix60": (478_276, 3_463_728, 346_743_109_328, -1759579782382857553, 34_825, 345_576, 100_095, 100_097),
    "quote": (137_870, 1_010_338, 101_069_213_817, 8030474034819467819, 1_132, 11_205, 100_000, 100_001),
    "squeeze": (528_755, 3_733_489, 435_140_291_021, 5779844728123612532, 29_886, 295_723, 120_095, 120_097),
}


def stream_of(shared: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location("shared_workloads", shared / "bench" / "workloads.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.stream(name)


def hash_of_fills(rows: Any) -> int:
    """h = ((h xor value) * prime) mod 2^64 over maker, taker, price, lots of every fill, as a signed word."""
    value = 1469598103934665603
    columns = (rows["other_order"], rows["order"], rows["price"], np.abs(rows["lots"]))
    for row in zip(*(column.tolist() for column in columns), strict=True):
        for part in row:
            value = ((value ^ part) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value


@pytest.mark.compiled
@pytest.mark.parametrize("name", LEFT)
def test_stream_leaves_what_other_engines_left(shared: Path, name: str) -> None:
    stream = stream_of(shared, name)
    rows = new_commands(len(stream["kind"]))
    rows["client_id"], rows["side"], rows["price_ticks"] = stream["oid"], stream["side"], stream["price"]
    rows["lots"] = stream["qty"]
    rows["kind"] = np.where(stream["kind"] == 1, CommandKind.CANCEL, CommandKind.PLACE)
    rows["account"] = rows["instrument"] = 1
    world = bare_world(Capacity(orders=1_000, pages=30, nodes=20, journal_rows=3_000))  # small: it grows on the way
    journal = world.obey(rows)
    instrument = instrument_at(world.block, 1)
    orders = world.table(Shelf.ORDERS)[: world.used_rows(Shelf.ORDERS)]
    resting = orders[orders["leg"] != 0]
    found = (
        int(instrument.fills),
        int(instrument.traded_lots),
        int(instrument.turnover_tick_lots),
        hash_of_fills(journal[journal["kind"] == Kind.FILL]),
        len(resting),
        int(resting["lots"].sum()),
        int(front_at(world.block, 8).ticks),
        int(front_at(world.block, 9).ticks),
    )
    assert found == LEFT[name]
