"""Reference prices and volatilities that stand in when the user gives none, each with its day and source."""

from __future__ import annotations

import functools
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import msgspec

from shortdesk.ground.toml import convert, read_toml
from shortdesk.ground.venue import sheet_folder

__all__ = ["ReferencePrice", "ReferenceVolatility", "reference_price", "reference_volatility"]


class ReferencePrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price seen on a day."""

    price: Decimal
    day: date
    source: str


class ReferenceVolatility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A volatility measured over a span, per year, with its standard error."""

    annual: Decimal
    standard_error: Decimal
    returns: int
    first: date
    last: date
    source: str


class _Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    price: dict[str, ReferencePrice]
    volatility: dict[str, ReferenceVolatility]


class _Found(NamedTuple):
    price: dict[str, ReferencePrice]
    volatility: dict[str, ReferenceVolatility]


@functools.cache
def _read() -> _Found:
    path = sheet_folder() / "reference.toml"
    content, lines = read_toml(path, shown_as=path.name)
    read = convert(content, _Reference, lines, path.name)
    return _Found(read.price, read.volatility)


def reference_price(base: str) -> ReferencePrice | None:
    """The reference price of a base asset in dollars; None where the sheets have none."""
    return _read().price.get(base)


def reference_volatility(base: str) -> ReferenceVolatility | None:
    """The measured volatility of a base asset; None where the package ships no history of it."""
    return _read().volatility.get(base)
