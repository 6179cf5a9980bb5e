"""Group ``amm``: swaps against pools, exact to the last unit.

Constant product: alternating swaps of random sizes against plain Python integers, which is the reference. Ours is
asked once per swap from Python, then in one compiled call that keeps the reserves in a pool's row. All three must
leave the same reserves.

Concentrated liquidity: steps inside one price range against degenbot, which lives in a virtual environment of its
own. All must end at the same price.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from harness import ONE_THREAD, Missing, Section, cpu_seconds, throwaway_python, times

from shortdesk.ground import wide
from shortdesk.ground.compile import kernel
from shortdesk.market import concentrated, constant_product, liquidity
from shortdesk.market.constant_product import amount_out
from shortdesk.market.open_pool import open_concentrated, open_constant_product, words_needed
from shortdesk.market.pool_rows import pool_row
from shortdesk.market.swap_math import swap_step
from shortdesk.market.world import Capacity, World

DESCRIPTION = "swaps against constant-product and concentrated pools, exact to the last unit"

DEGENBOT = "degenbot==0.3.0"
DRIVER = Path(__file__).parent / "drivers" / "degenbot_driver.py"
SEED = 20261127
FEE_PPM = 3_000
RESERVES = (10**21, 3 * 10**24)
Q96 = 1 << 96
LIQUIDITY = 10**21


class Sizes(NamedTuple):
    """Sizes of swaps around 10^16 units, and which way each goes; 1: the second asset is paid, 3,000 times as much."""

    amounts: Any
    sides: Any


def sizes(count: int) -> Sizes:
    """The same workload on every machine."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    return Sizes((np.exp(rng.normal(0, 1, count)) * 1e16).astype(np.int64), rng.integers(0, 2, count))


def measure(quick: bool) -> list[Section]:
    """Constant product, steps, and whole swaps through the tables."""
    count = 20_000 if quick else 100_000
    repetitions = 3 if quick else 5
    return [
        product_section(count, repetitions),
        step_section(count // 5, repetitions),
        table_section(count // 5, repetitions),
    ]


# --- constant product ---------------------------------------------------------------------------------------


def plain(given: Sizes) -> Callable[[], tuple[int, int]]:
    """What one writes without a library: Python integers, the router's formula in line."""
    pairs = list(zip(given.amounts.tolist(), given.sides.tolist(), strict=True))

    def run() -> tuple[int, int]:
        x, y = RESERVES
        for amount, side in pairs:
            if side:
                amount *= 3000
                taken = amount * 997
                out = taken * x // (y * 1000 + taken)
                y += amount
                x -= out
            else:
                taken = amount * 997
                out = taken * y // (x * 1000 + taken)
                x += amount
                y -= out
        return x, y

    return run


def asked_singly(given: Sizes) -> Callable[[], tuple[int, int]]:
    """Our rule, one call per swap from Python."""
    pairs = list(zip(given.amounts.tolist(), given.sides.tolist(), strict=True))

    def run() -> tuple[int, int]:
        x, y = RESERVES
        for amount, side in pairs:
            if side:
                amount *= 3000
                out = amount_out(amount, y, x, FEE_PPM)
                y += amount
                x -= out
            else:
                out = amount_out(amount, x, y, FEE_PPM)
                x += amount
                y -= out
        return x, y

    return run


@kernel
def product_kernel(pool: Any, amounts: Any, sides: Any) -> int:
    """All swaps in one call: refusals, bounds and fee included, reserves in the pool's row."""
    none = wide.of(0)
    done = 0
    for i in range(len(amounts)):
        amount = wide.of(amounts[i])
        if sides[i]:
            amount = wide.times(amount, 3_000)
        if constant_product.swap(pool, sides[i] == 0, True, amount, none).why == 0:
            done += 1
    return done


def compiled_product(given: Sizes) -> Callable[[], tuple[int, int]]:
    """The kernel on a pool that starts with the same reserves each time."""
    w = World(Capacity(pools=1)).block
    row = pool_row(w, open_constant_product(w, venue=1, account=1, asset0=1, asset1=2, fee_ppm=FEE_PPM))

    def run() -> tuple[int, int]:
        wide.store(row.reserve0, RESERVES[0])
        wide.store(row.reserve1, RESERVES[1])
        if product_kernel(row, given.amounts, given.sides) != len(given.amounts):
            raise AssertionError("a swap was refused")
        return wide.load(row.reserve0), wide.load(row.reserve1)

    return run


def product_section(count: int, repetitions: int) -> Section:
    """Rates against plain integers."""
    given = sizes(count)
    section = Section(f"Constant product, {count:,} swaps of random sizes both ways", ("how", "M swaps/s", "ratio"))
    runs = {
        "plain Python integers (reference)": plain(given),
        "ours, one call per swap from Python": asked_singly(given),
        "ours, one compiled call": compiled_product(given),
    }
    if len({run() for run in runs.values()}) != 1:
        raise AssertionError("the reserves differ")
    seconds = {name: cpu_seconds(run, repetitions) for name, run in runs.items()}
    reference = next(iter(seconds.values()))
    for name, taken in seconds.items():
        section.rows.append((name, f"{count / taken / 1e6:.2f}", times(reference, taken)))
    section.notes = [
        "all three leave the same reserves, to the last unit.",
        "the compiled call also checks refusals and bounds, takes the fee and keeps 256-bit reserves in a table.",
    ]
    return section


# --- concentrated liquidity ---------------------------------------------------------------------------------


@kernel
def steps_kernel(amounts: Any, given: Any, last: Any) -> int:
    """Steps towards the upper and the lower price in turn; given: price, high, low, liquidity."""
    price, high, low, units = wide.load(given[0]), wide.load(given[1]), wide.load(given[2]), wide.load(given[3])
    for i in range(len(amounts)):
        price = swap_step(price, high if i & 1 else low, units, wide.of(amounts[i]), True, 3_000).sqrt_price_x96
    wide.store(last, price)
    return len(amounts)


def compiled_steps(amounts: Any) -> Callable[[], int]:
    """All steps in one call."""
    edges = (Q96, Q96 + Q96 // 100, Q96 - Q96 // 100, LIQUIDITY)
    given, last = np.array([wide.to_words(value) for value in edges]), np.zeros(4, np.uint64)

    def run() -> int:
        steps_kernel(amounts, given, last)
        return wide.load(last)

    return run


def single_steps(amounts: list[int]) -> Callable[[], int]:
    """Our rule, one call per step from Python."""

    def run() -> int:
        price, high, low = Q96, Q96 + Q96 // 100, Q96 - Q96 // 100
        for i, amount in enumerate(amounts):
            price = swap_step(price, high if i & 1 else low, LIQUIDITY, amount, True, FEE_PPM).sqrt_price_x96
        return price

    return run


class Peer(NamedTuple):
    """degenbot's answer."""

    name: str
    seconds: float
    price: int


def degenbot(amounts: list[int], repetitions: int) -> Peer:
    """The same steps in degenbot's own environment.

    Raises:
        Missing: it could not be installed or run.
    """
    asked = {
        "price": Q96,
        "high": Q96 + Q96 // 100,
        "low": Q96 - Q96 // 100,
        "liquidity": LIQUIDITY,
        "fee_ppm": FEE_PPM,
        "amounts": amounts,
        "repetitions": repetitions,
    }
    with tempfile.TemporaryDirectory(prefix="shortdesk-bench-") as folder:
        python = throwaway_python(Path(folder), [DEGENBOT])
        command = [str(python), str(DRIVER)]
        done = subprocess.run(
            command, input=json.dumps(asked), capture_output=True, text=True, env={**os.environ, **ONE_THREAD}
        )
    if done.returncode:
        raise Missing((done.stderr.strip() or "no message").splitlines()[-1][:90])
    answer = json.loads(done.stdout.splitlines()[-1])
    return Peer(f"degenbot {answer['version']} (reference)", float(answer["seconds"]), int(answer["price"]))


def step_section(count: int, repetitions: int) -> Section:
    """Rates against degenbot."""
    amounts = sizes(count).amounts
    section = Section(f"Concentrated liquidity, {count:,} steps in one range", ("how", "M steps/s", "ratio"))
    singly, at_once = single_steps(amounts.tolist()), compiled_steps(amounts)
    seconds = {"ours, one call per step from Python": cpu_seconds(singly, repetitions)}
    seconds["ours, one compiled call"] = cpu_seconds(at_once, repetitions)
    if singly() != at_once():
        raise AssertionError("compiled and interpreted end at different prices")
    try:
        peer = degenbot(amounts.tolist(), repetitions)
    except Missing as reason:
        section.rows.append(("degenbot (reference)", "-", str(reason)))
        section.rows += [(name, f"{count / taken / 1e6:.3f}", "-") for name, taken in seconds.items()]
        return section
    if peer.price != at_once():
        raise AssertionError("degenbot ends at a different price")
    for name, taken in {peer.name: peer.seconds, **seconds}.items():
        section.rows.append((name, f"{count / taken / 1e6:.3f}", times(peer.seconds, taken)))
    section.notes = ["all end at the same price; degenbot's bare function, without its cache of answers."]
    return section


# --- through the tables -------------------------------------------------------------------------------------


@kernel
def walk_kernel(w: Any, pool: int, amounts: Any) -> int:
    """There and back: every second swap pays asset 0."""
    none = wide.of(0)
    done = 0
    for i in range(len(amounts)):
        if concentrated.swap(w, pool, i & 1 == 0, True, wide.of(amounts[i]), none, none).why == 0:
            done += 1
    return done


def table_section(count: int, repetitions: int) -> Section:
    """Whole swaps in a pool of forty ranges, small ones inside a range and large ones across ticks."""
    section = Section("Concentrated liquidity, whole swaps through the tables", ("swaps", "M swaps/s", "ticks passed"))
    most = (1 << 254) - 1
    for name, scale in (("inside a range", 1.0), ("across ticks", 300.0)):
        w = World(Capacity(pools=1, positions=64, ticks=128, words=words_needed(60))).block
        pool = open_concentrated(
            w, venue=1, account=1, asset0=1, asset1=2, fee_ppm=FEE_PPM, sqrt_price_x96=Q96 + Q96 // 1000
        )
        for i in range(-20, 20):
            liquidity.add_liquidity(w, pool, 1, 0, i * 60, (i + 1 + i % 3) * 60, LIQUIDITY, most, most)
        amounts = np.minimum(sizes(count).amounts * scale, 4e18).astype(np.int64)
        amounts[1::2] = amounts[::2]
        passed = ticks_passed(w.copy(), pool, amounts[:200])
        seconds = cpu_seconds(lambda w=w, pool=pool, amounts=amounts: walk_kernel(w, pool, amounts), repetitions)
        section.rows.append((name, f"{count / seconds / 1e6:.3f}", f"{passed:.1f} a swap"))
    section.notes = ["price limits, bounds, fee growth and the crossed ticks' own accounts included."]
    return section


def ticks_passed(w: Any, pool: int, amounts: Any) -> float:
    """How many initialised ticks, sixty apart, the price moves over in a swap, on average."""
    passed = 0
    for i, amount in enumerate(amounts.tolist()):
        before = int(pool_row(w, pool).tick) // 60
        concentrated.swap(w, pool, i & 1 == 0, True, amount, 0, 0)
        passed += abs(int(pool_row(w, pool).tick) // 60 - before)
    return passed / len(amounts)
