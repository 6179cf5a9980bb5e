"""Keyed randomness: a draw is a pure function of its key, so nothing is kept and nobody's draws move another's.

A key is (seed, agent, purpose, counter), each 0 to 2^63 - 1: which run, whose draw, what for, the how-manieth.
The generator is Philox4x64 with ten rounds (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3;
SC 2011): a bijection of 256 bits under a 128-bit key, so two different keys share no block by construction.

Every draw is made of integers, sums, products, quotients and square roots alone, which IEEE 754 fixes to the last bit:
a kernel, plain Python and another machine draw the same. Draws that may have to be repeated count their attempts in
the block.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from shortdesk.ground.compile import rule
from shortdesk.ground.double_word import mul_64_to_128
from shortdesk.ground.elementary import ln

__all__ = [
    "Purpose",
    "draw_below",
    "draw_exponential",
    "draw_normal",
    "draw_uniform",
    "draw_word",
    "philox",
]

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_TO_53_BITS = np.uint64(11)
_M0 = np.uint64(0xD2E7470EE14C6C93)
_M1 = np.uint64(0xCA5A826395121157)
_W0 = np.uint64(0x9E3779B97F4A7C15)
_W1 = np.uint64(0xBB67AE8584CAA73B)
_ROUNDS = 10


class Purpose(IntEnum):
    """What a draw is for; an agent's own purposes count from ``OWN`` on."""

    LATENCY = 1
    """How long a message is under way."""
    ADL = 2
    """Which winner is closed next, where a venue draws it."""
    OWN = 100


@rule(compiled=lambda a, b: a + b)
def _wrapping_sum(a: np.uint64, b: np.uint64) -> np.uint64:
    """(a + b) mod 2^64; numpy warns where a machine word wraps."""
    return np.uint64((int(a) + int(b)) & 0xFFFFFFFFFFFFFFFF)


@rule
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """The block of Philox4x64-10 for the counter (c0, c1, c2, c3) and the key (k0, k1)."""
    for _ in range(_ROUNDS):
        high_0, low_0 = mul_64_to_128(_M0, c0)
        high_1, low_1 = mul_64_to_128(_M1, c2)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0 = _wrapping_sum(k0, _W0)
        k1 = _wrapping_sum(k1, _W1)
    return c0, c1, c2, c3


@rule
def _block(
    seed: int, agent: int, purpose: int, counter: int, attempt: int
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    return philox(np.uint64(counter), np.uint64(purpose), np.uint64(attempt), _ZERO, np.uint64(seed), np.uint64(agent))


@rule
def draw_word(seed: int, agent: int, purpose: int, counter: int) -> np.uint64:
    """64 random bits."""
    return _block(seed, agent, purpose, counter, 0)[0]


@rule
def draw_below(n: int, seed: int, agent: int, purpose: int, counter: int) -> int:
    """One of 0 … n - 1, each equally likely; n from 1 to 2^63 - 1.

    The high word of word × n; what would favour some numbers is drawn again (Lemire: Fast random integer
    generation in an interval; ACM TOMACS 2019).
    """
    bound = np.uint64(n)
    unfair = (_ALL - (bound - _ONE)) % bound
    attempt = 0
    while True:
        high, low = mul_64_to_128(_block(seed, agent, purpose, counter, attempt)[0], bound)
        if low >= unfair:
            return np.int64(high)  # type: ignore[return-value]
        attempt += 1


@rule
def _to_unit(word: np.uint64) -> float:
    """The upper 53 bits of a word as k / 2^53, in [0, 1)."""
    return float(word >> _TO_53_BITS) * 2.0**-53


@rule
def draw_uniform(seed: int, agent: int, purpose: int, counter: int) -> float:
    """A number of [0, 1): one of the 2^53 multiples of 2^-53, each equally likely."""
    return _to_unit(_block(seed, agent, purpose, counter, 0)[0])


@rule
def draw_exponential(seed: int, agent: int, purpose: int, counter: int) -> float:
    """An exponential of mean 1 by inversion: -ln(1 - u); from 0 to 53 ln 2 = 36.7."""
    return -ln(1.0 - _to_unit(_block(seed, agent, purpose, counter, 0)[0]))


@rule
def draw_normal(seed: int, agent: int, purpose: int, counter: int) -> float:
    """A normal of mean 0 and variance 1 by the polar method (Marsaglia and Bray 1964), one of its pair of two."""
    attempt = 0
    while True:
        block = _block(seed, agent, purpose, counter, attempt)
        x = 2.0 * _to_unit(block[0]) - 1.0
        y = 2.0 * _to_unit(block[1]) - 1.0
        square = x * x + y * y
        if 0.0 < square < 1.0:
            return x * math.sqrt(-2.0 * ln(square) / square)
        attempt += 1
