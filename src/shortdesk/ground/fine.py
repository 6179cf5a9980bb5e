"""The desk's fine grid: exact decimals at the edge, whole numbers inside.

The rules work on integers. The desk asks them on a grid so fine (10^-24 of a price, of a size, of a rate)
that no rounding reaches a printed digit, and turns the answer back into a ``Decimal``. It is the same
rule that the market runs on ticks and lots; there is no second formula.
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction

from shortdesk.ground.errors import UsageError

__all__ = ["DIGITS", "ONE", "Exact", "fine", "from_fine", "plain", "to_decimal", "to_fraction"]

Exact = Decimal | int | str | Fraction
"""What a face accepts where an exact number is meant; never a binary float."""

DIGITS = 24
ONE = 10**DIGITS
"""How many fine steps stand for 1."""

_WIDE = Context(prec=120)


def to_fraction(value: Exact, name: str = "number") -> Fraction:
    """The exact value of a number or of its text.

    Raises:
        UsageError: the text is not a finite decimal number, or the value is a float.
    """
    if isinstance(value, float):
        raise UsageError(f"{name}: {value!r} is a binary float; give exact text such as '{value!r}' or a Decimal")
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise UsageError(f"{name}: '{value}' is not a number; expected digits such as 64000.5") from None
    if isinstance(value, Decimal) and not value.is_finite():
        raise UsageError(f"{name}: {value} is not finite; expected a number such as 64000.5")
    return Fraction(value)


def fine(value: Exact, power: int = 1, name: str = "number") -> int:
    """``value`` on the fine grid raised to ``power``; what is finer than the grid goes to the nearest step."""
    exact = to_fraction(value, name)
    steps: int = ONE**power
    whole, rest = divmod(exact.numerator * steps, exact.denominator)
    return whole + (1 if 2 * rest >= exact.denominator else 0)


def from_fine(steps: int, power: int = 1) -> Decimal:
    """The exact decimal that ``steps`` on the grid raised to ``power`` stand for."""
    return Decimal(steps).scaleb(-DIGITS * power, _WIDE)


def to_decimal(value: Fraction, places: int = DIGITS) -> Decimal:
    """A fraction as a decimal with ``places`` decimals, halves away from zero."""
    scaled = abs(value) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    whole += 1 if 2 * rest >= scaled.denominator else 0
    return Decimal(-whole if value < 0 else whole).scaleb(-places, _WIDE)


def plain(value: Decimal, places: int | None = None) -> str:
    """Digits without an exponent and without trailing zeros; rounded half-even to ``places`` when given."""
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places), context=_WIDE)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
