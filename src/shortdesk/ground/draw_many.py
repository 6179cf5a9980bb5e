"""Many keyed draws at once, as arrays: the same numbers that ``ground/draw.py`` gives one by one.

For simulations of a study, which need millions and run without a kernel.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError

__all__ = ["draw_blocks", "draw_uniforms"]

Words = npt.NDArray[np.uint64]

_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10
_LOW_HALF = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_TO_53_BITS = np.uint64(11)
_AT_ONCE = 1 << 14
"""Blocks made together: their words stay in the processor's cache."""


def draw_blocks(seed: int, agent: int, purpose: int, first: int, count: int) -> Words:
    """``count`` whole blocks of Philox4x64-10, from counter ``first`` on. Shape: (count, 4).

    Column 0 is what :func:`shortdesk.ground.draw.draw_word` gives for the same key; the others come for nothing.

    Raises UsageError for a negative number or a counter past 2^63 - 1.
    """
    if min(seed, agent, purpose, first, count) < 0 or max(seed, agent, purpose, first + count) >= 2**63:
        raise UsageError("seed, agent, purpose, counter and count are whole numbers from 0 to 2^63 - 1")
    words = np.empty((count, 4), dtype=np.uint64)
    for start in range(0, count, _AT_ONCE):
        part = words[start : start + _AT_ONCE]
        counters = np.arange(first + start, first + start + len(part), dtype=np.uint64)
        part[:] = _philox(counters, purpose, (seed, agent))
    return words


def draw_uniforms(seed: int, agent: int, purpose: int, first: int, count: int) -> npt.NDArray[np.float64]:
    """``count`` numbers of [0, 1): those of :func:`shortdesk.ground.draw.draw_uniform` from counter ``first`` on."""
    words = draw_blocks(seed, agent, purpose, first, count)[:, 0]
    return (words >> _TO_53_BITS).astype(np.float64) * 2.0**-53


def _philox(counters: Words, purpose: int, key: tuple[int, int]) -> Words:
    zeros = np.zeros_like(counters)
    c0, c1, c2, c3 = counters, zeros + np.uint64(purpose), zeros, zeros
    k0, k1 = key
    for _ in range(_ROUNDS):
        high_0, low_0 = _product(_MULTIPLIERS[0], c0)
        high_1, low_1 = _product(_MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = high_1 ^ c1 ^ np.uint64(k0), low_1, high_0 ^ c3 ^ np.uint64(k1), low_0
        k0, k1 = (k0 + _WEYL[0]) % 2**64, (k1 + _WEYL[1]) % 2**64
    return np.stack((c0, c1, c2, c3), axis=1)


def _product(a: int, b: Words) -> tuple[Words, Words]:
    """High and low word of a b, from products of halves."""
    a_low, a_high = np.uint64(a & 0xFFFFFFFF), np.uint64(a >> 32)
    b_low, b_high = b & _LOW_HALF, b >> _HALF
    middle = a_high * b_low + (a_low * b_low >> _HALF)
    other = a_low * b_high + (middle & _LOW_HALF)
    return a_high * b_high + (middle >> _HALF) + (other >> _HALF), np.uint64(a) * b
