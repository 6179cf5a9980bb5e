"""What traders type: sizes (``2BTC``, ``250k``, ``1.5m``), rates (``0.01%``), dates, price moves (``BTC=+15%``)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import plain
from shortdesk.study.ticket import Size

__all__ = ["parse_date", "parse_move", "parse_number", "parse_rate", "parse_size", "positive"]

_AMOUNT = r"[+-]?(?:[0-9][0-9_,]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_SIZE = re.compile(rf"^\s*\$?\s*({_AMOUNT})\s*([A-Za-z0-9]*)\s*$")
_GROUPED = re.compile(r"^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?([eE][+-]?[0-9]+)?$")
_THOUSANDS = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000, "mm": 1_000_000, "bn": 1_000_000_000}
LARGEST = Decimal(10) ** 15
"""No price, amount or rate beyond this is meant; it also keeps every figure within what can be printed."""
SMALLEST = Decimal(10) ** -18
_DOLLARS = ("USD", "USDT", "USDC", "FDUSD", "BUSD", "USD1", "DAI")


def parse_size(text: str) -> Size:
    """A size: coins with their name (``2BTC``), or a worth in the quote asset (``250k``, ``1.5m``, ``250000USDT``).

    Raises:
        UsageError: not a size, not positive, or a bare number, which could mean either.
    """
    expected = "expected coins such as 2BTC, or a worth such as 250k, 1.5m or 250000USDT"
    found = _SIZE.match(text)
    if not found:
        raise UsageError(f"size '{text}' cannot be read; {expected}")
    amount = Decimal(_ungrouped(found[1], "size", text))
    unit = found[2]
    _in_reach(amount, "size", text)
    if amount <= 0:
        raise UsageError(f"size '{text}' is not positive; {expected}")
    if unit.casefold() in _THOUSANDS:
        return Size(amount * _THOUSANDS[unit.casefold()], "quote")
    if not unit:
        if text.strip().startswith("$"):
            return Size(amount, "quote")
        raise UsageError(f"size '{text}' could be coins or money; {expected}")
    for suffix, factor in _THOUSANDS.items():
        asset = unit[len(suffix) :].upper()
        if unit.casefold().startswith(suffix) and asset in _DOLLARS:
            return Size(amount * factor, "quote", asset)
    if unit.upper() in _DOLLARS:
        return Size(amount, "quote", unit.upper())
    return Size(amount, "base", unit)


def parse_number(text: str, name: str) -> Decimal:
    """A finite decimal number.

    Raises:
        UsageError: anything else, or a number beyond 1e15 or below 1e-18.
    """
    try:
        value = Decimal(_ungrouped(text.strip(), name, text))
    except ArithmeticError:
        raise UsageError(f"{name} '{text}' is not a number; expected digits such as 64000.5") from None
    if not value.is_finite():
        raise UsageError(f"{name} '{text}' is not finite; expected digits such as 64000.5")
    _in_reach(value, name, text)
    return value


def _ungrouped(number: str, name: str, text: str) -> str:
    """A number without its separators of thousands; a comma that could be a decimal point is not guessed."""
    if "," in number and not _GROUPED.match(number):
        raise UsageError(
            f"{name} '{_shortened(text)}': commas only set thousands apart, as in 1,250,000; "
            "write decimals with a point"
        )
    return number.replace(",", "").replace("_", "")


def _in_reach(value: Decimal, name: str, text: str) -> None:
    if abs(value) > LARGEST:
        raise UsageError(f"{name} '{_shortened(text)}' is too large; expected at most 1e15")
    if 0 < abs(value) < SMALLEST:
        raise UsageError(f"{name} '{_shortened(text)}' is too small; expected 1e-18 or more")


def _shortened(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:24]}..."


def positive(text: str | None, name: str) -> Decimal | None:
    """A positive number, or None when nothing was given.

    Raises:
        UsageError: not a number, or not above zero.
    """
    if text is None:
        return None
    value = parse_number(text, name)
    if value <= 0:
        raise UsageError(f"{name} {text} is not positive; expected a number above zero")
    return value


def parse_rate(text: str | None, name: str, likely: str = "5") -> Decimal | None:
    """A rate as a plain number or in per cent (``0.0001`` or ``0.01%``); None when nothing was given.

    A plain number beyond ``likely`` was surely meant in per cent; it is not guessed but asked back.

    Raises:
        UsageError: not a number, or beyond ``likely`` without a per cent sign.
    """
    if text is None:
        return None
    if text.strip().endswith("%"):
        return parse_number(text.strip()[:-1], name) / 100
    rate = parse_number(text, name)
    if abs(rate) > Decimal(likely):
        asked = text.strip()
        raise UsageError(f"{name} {asked} would be {plain(rate * 100)} %; write {asked}% or {plain(rate / 100)}")
    return rate


def parse_date(text: str | None, name: str = "date") -> date:
    """A day written as 2026-09-30; today when nothing was given.

    Raises:
        UsageError: not a day.
    """
    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name} '{text}' is not a day; expected e.g. 2026-09-30") from None


def parse_move(text: str) -> tuple[str, Fraction]:
    """A price move such as ``BTC=+15%`` as the base asset and the multiple of its price (1.15).

    Raises:
        UsageError: another form, or a fall of 100 % and more.
    """
    base, sign, change = text.partition("=")
    if not sign or not base.strip() or not change.strip():
        raise UsageError(f"move '{text}' cannot be read; expected e.g. BTC=+15%")
    rate = parse_rate(change, f"move of {base}")
    multiple = 1 + Fraction(rate or 0)
    if multiple <= 0:
        raise UsageError(f"move '{text}' takes the price to zero or below; expected a fall of less than 100 %")
    return base.strip().upper(), multiple
