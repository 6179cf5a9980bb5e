"""The running hash of a table of fixed-width rows: one 64-bit number that tells two runs apart.

It is made from the rows' bytes alone, read as little-endian 64-bit words, so that it is the same for
rows a kernel wrote, rows plain Python wrote and rows read back from disk. All arithmetic is modulo 2^64:

    mix(row)   x = START;  for each word w of the row:  x = (x xor w) * MIX;  x = x xor (x >> 32)
    hash       h = START;  for each row:                h = h * STEP + mix(row)

A row's place counts (``STEP`` is raised to it), and a hash can be carried on: ``hash_rows(b, hash_rows(a))``
is the hash of ``a`` followed by ``b``. It finds differences between runs; it is no protection against
someone who forges rows. For that, and for damaged files, each block on disk has a SHA-256 digest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIX", "START", "STEP", "hash_rows", "hash_text"]

START = 0x243F6A8885A308D3
"""Fraction digits of pi."""
MIX = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio, odd."""
STEP = 0xD1342543DE82EF95
"""An odd multiplier with good spectral figures (Steele and Vigna, 2021)."""

_MASK = (1 << 64) - 1
_AT_ONCE = 8192  # rows whose words and scratch still lie in the second-level cache


def _powers(count: int) -> NDArray[np.uint64]:
    """STEP^(count - 1) … STEP^0, the weight of each row among ``count``."""
    factors = np.full(count, STEP, np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)[::-1].copy()


_WEIGHTS = _powers(_AT_ONCE)


def hash_rows(rows: NDArray[Any], before: int = START) -> int:
    """The hash after ``rows``, given the hash ``before`` them.

    ``rows`` has shape (n,) and a dtype whose size is a multiple of 8 bytes. Bytes between fields, which no
    field owns, count as zero.

    Raises:
        ValueError: the rows do not consist of whole 64-bit words.
    """
    if rows.dtype.itemsize % 8:
        raise ValueError(f"a row of {rows.dtype.itemsize} bytes does not consist of whole 64-bit words")
    words = np.ascontiguousarray(_without_gaps(rows)).view("<u8").reshape(len(rows), rows.dtype.itemsize // 8)
    value = before
    for start in range(0, len(words), _AT_ONCE):
        some = words[start : start + _AT_ONCE]
        weighted = _mixed(some) * _WEIGHTS[_AT_ONCE - len(some) :]
        value = (value * pow(STEP, len(some), 1 << 64) + int(weighted.sum(dtype=np.uint64))) & _MASK
    return value


def _without_gaps(rows: NDArray[Any]) -> NDArray[Any]:
    fields = rows.dtype.names
    if fields is None or sum(rows.dtype[name].itemsize for name in fields) == rows.dtype.itemsize:
        return rows
    clean = np.zeros(len(rows), rows.dtype)
    for name in fields:
        clean[name] = rows[name]
    return clean


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """mix(row) of every row; in place, since temporary arrays would cost more than the arithmetic."""
    mixed = np.full(len(words), START, np.uint64)
    high = np.empty_like(mixed)
    for column in range(words.shape[1]):
        mixed ^= words[:, column]
        mixed *= np.uint64(MIX)
        np.right_shift(mixed, np.uint64(32), out=high)
        mixed ^= high
    return mixed


def hash_text(value: int) -> str:
    """A hash as it is written: sixteen hexadecimal digits."""
    return f"{value:016x}"
