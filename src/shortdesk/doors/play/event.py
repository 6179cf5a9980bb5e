"""A journal row in a trader's words: names for numbers, decimals for ticks, lots and units."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from shortdesk.ground.fine import plain
from shortdesk.ground.kinds import CODES, Kind, Mechanism
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.market.errands import Setting
from shortdesk.market.loans import RATE_ONE

__all__ = ["Event", "Names", "decimal_of", "event_of"]

_RANGED = (Kind.POOL_MINT, Kind.POOL_BURN)
"""Kinds whose price and size are ticks and liquidity."""


@dataclass
class Names:
    """What a script called the numbers of its World, and what a tick, a lot and a unit are worth."""

    assets: dict[str, int] = field(default_factory=dict)
    venues: dict[str, int] = field(default_factory=dict)
    instruments: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    purses: dict[int, tuple[str, int]] = field(default_factory=dict)
    digits: dict[int, int] = field(default_factory=dict)
    ticks: dict[int, Fraction] = field(default_factory=dict)
    lots: dict[int, Fraction] = field(default_factory=dict)
    highest: dict[int, int] = field(default_factory=dict)

    def account(self, number: int) -> str:
        """The name of an account; a purse is named after its venue where there are several."""
        if number in self.purses:
            purse, venue = self.purses[number]
            return purse if len(self.venues) == 1 else f"{purse} of {_name(self.venues, venue)}"
        return _name(self.accounts, number)


class Event(NamedTuple):
    """One row of the Journal; empty text and None where the row says nothing."""

    seq: int
    time_ns: int
    kind: Kind
    venue: str
    instrument: str
    who: str
    other: str
    size: Fraction | None
    price: Fraction | None
    money: Fraction | None
    asset: str
    order: int
    code: str
    mechanism: str
    cause: int
    where: str

    def sized(self, *, apart: bool = False) -> str:
        """Signed size with its instrument; the instrument alone where the row has no size. ``apart``: thousands."""
        return self.instrument if self.size is None else f"{decimal_of(self.size, apart=apart)} {self.instrument}"

    def paid(self, *, apart: bool = False) -> str:
        """Signed money with its asset."""
        return "" if self.money is None else f"{decimal_of(self.money, apart=apart)} {self.asset}"

    def priced(self, *, apart: bool = False) -> str:
        """The price."""
        return "" if self.price is None else decimal_of(self.price, apart=apart)

    def __str__(self) -> str:
        """The row as an ``expect`` line would say it."""
        at = f"at {self.priced()}" if self.price is not None else ""
        order = f"order {self.order}" if self.order >= 0 else ""
        by = f"by {self.mechanism}" if self.mechanism else ""
        parts = (self.kind.name, self.who, self.other, self.sized(), at, self.paid(), order, self.code, by)
        return " ".join(part for part in parts if part)


def decimal_of(value: Fraction, *, apart: bool = False) -> str:
    """A fraction as decimal digits; one that has no end is cut to twelve decimals and marked with ``…``.

    ``apart`` sets thousands apart for people; scripts are written without.
    """
    places = 0
    while places < 30 and (value * 10**places).denominator != 1:
        places += 1
    if places < 30:
        text = plain(Decimal((value * 10**places).numerator).scaleb(-places))
    else:
        text = f"{plain(Decimal(value.numerator) / Decimal(value.denominator), 12)}…"
    if not apart:
        return text
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.strip("-") != "0" else text


def _name(names: dict[str, int], number: int) -> str:
    return next((name for name, at in names.items() if at == number), "")


def event_of(row: Any, names: Names, where: str) -> Event:
    """A journal row as people read it; ``where`` is the line of the script that brought it about."""
    kind = Kind(int(row["kind"]))
    number, asset = int(row["instrument"]), int(row["asset"])
    tick, lot = names.ticks.get(number), names.lots.get(number)
    # What is left of a market order carries the lowest or the highest price as its limit: any price, nothing to read.
    is_any = kind == Kind.CANCELLED and int(row["price"]) in (1, names.highest.get(number, 0))
    has_price = tick is not None and int(row["price"]) > 0 and not is_any
    has_size = lot is not None and (int(row["lots"]) != 0 or kind in (Kind.POSITION, Kind.LIQUIDATION_END))
    has_money = asset in names.digits and kind not in (Kind.BORROW_RATE, Kind.BLOCK)
    if kind in _RANGED:
        has_price = has_size = False
    instrument = _name(names.instruments, number)
    return Event(
        seq=int(row["seq"]),
        time_ns=int(row["time_ns"]),
        kind=kind,
        venue=_name(names.venues, int(row["venue"])),
        instrument=instrument,
        who=names.account(int(row["account"])),
        other=names.account(int(row["other"])),
        size=int(row["lots"]) * lot if has_size and lot is not None else None,
        price=int(row["price"]) * tick if has_price and tick is not None else None,
        money=Fraction(int(row["units"]), 10 ** names.digits[asset]) if has_money else None,
        asset=_name(names.assets, asset),
        order=int(row["order"]),
        code=_code(kind, int(row["code"]), int(row["units"])),
        mechanism=Mechanism(int(row["mechanism"])).name if int(row["mechanism"]) else "",
        cause=int(row["cause"]),
        where=where,
    )


def _code(kind: Kind, code: int, units: int) -> str:
    """What the code of a row means; for a setting also its new value."""
    if kind in CODES:
        return CODES[kind](code).name
    if kind == Kind.SETTING:
        if code == Setting.LEVERAGE_X100:
            return f"LEVERAGE={decimal_of(Fraction(units, 100))}x"
        if code == Setting.COUNTED_PPM:
            return f"COUNTS={decimal_of(Fraction(units, 10_000))}%"
        return "ISOLATED" if units else "CROSS"
    if kind == Kind.FEE:
        return "MAKER" if code else "TAKER"
    if kind == Kind.LIQUIDATION_START:
        return LiquidationForm(code).name
    if kind == Kind.BORROW_RATE:
        return f"RATE={decimal_of(Fraction(units * 100, RATE_ONE))}%"
    if kind == Kind.LIQUIDATION_STEP:
        return f"STEP={code}"
    return ""
