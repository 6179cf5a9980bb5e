"""Steps of degenbot's concentrated liquidity: a workload comes in, seconds and the last price go out, as JSON.

Runs in its own environment; nothing of the product is imported here.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from importlib.metadata import version

from degenbot.uniswap.v3_libraries.swap_math import compute_swap_step

asked = json.load(sys.stdin)
step = getattr(compute_swap_step, "__wrapped__", compute_swap_step)  # without its cache of answers


def walk() -> int:
    price, liquidity, fee = asked["price"], asked["liquidity"], asked["fee_ppm"]
    high, low = asked["high"], asked["low"]
    for i, amount in enumerate(asked["amounts"]):
        price = step(price, high if i & 1 else low, liquidity, amount, fee)[0]
    return price


last = walk()
taken = []
for _ in range(asked["repetitions"]):
    started = time.process_time()
    walk()
    taken.append(time.process_time() - started)
print(json.dumps({"seconds": statistics.median(taken), "price": str(last), "version": version("degenbot")}))
