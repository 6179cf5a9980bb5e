"""Single bits of one 64-bit word: what the bitmaps of a price ladder are made of.

A word is ``numpy.uint64``: numba turns a mix of signed and unsigned words into floats, so every constant
here is unsigned.
"""

from __future__ import annotations

import numpy as np

from shortdesk.ground.compile import rule

__all__ = ["bit", "bits_above", "bits_below", "highest_bit", "lowest_bit"]


@rule(machine="trailing_zeros")
def _trailing_zeros(word: np.uint64) -> int:
    number = int(word)
    return (number & -number).bit_length() - 1


@rule(machine="leading_zeros")
def _leading_zeros(word: np.uint64) -> int:
    return 64 - int(word).bit_length()


@rule
def bit(position: int) -> np.uint64:
    """The word in which only this bit is set; position 0 to 63."""
    return np.uint64(1) << np.uint64(position)


@rule
def bits_above(position: int) -> np.uint64:
    """The word in which every bit above this one is set."""
    return (np.uint64(0xFFFFFFFFFFFFFFFF) << np.uint64(position)) << np.uint64(1)


@rule
def bits_below(position: int) -> np.uint64:
    """The word in which every bit below this one is set."""
    return (np.uint64(1) << np.uint64(position)) - np.uint64(1)


@rule
def lowest_bit(word: np.uint64) -> int:
    """Position of the lowest set bit of a word that is not zero."""
    return np.int64(_trailing_zeros(word))  # type: ignore[return-value]


@rule
def highest_bit(word: np.uint64) -> int:
    """Position of the highest set bit of a word that is not zero."""
    return int(63 - np.int64(_leading_zeros(word)))
