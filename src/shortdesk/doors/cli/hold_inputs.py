"""What ``shortdesk hold`` is given: the span, the user's files, or the shipped history that fits the contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from shortdesk.doors.cli.sizes import positive
from shortdesk.ground.errors import UsageError
from shortdesk.ground.symbols import Resolved, resolve
from shortdesk.ground.venue import VenueRules, load_venue
from shortdesk.intake import (
    Bars,
    FundingHistory,
    Product,
    SampleSeries,
    format_time,
    parse_time,
    read_bars,
    read_funding,
    sample_bars,
    sample_funding,
    shipped,
)
from shortdesk.study.hold import History

__all__ = ["history_of", "parse_added", "parse_span"]

_DAY_NANOS = 86_400_000_000_000
_VENUES: dict[Product, str] = {"usdm": "binance_usdm", "coinm": "binance_coinm", "spot": "binance_margin"}
"""Whose rules each shipped product trades by."""
_PRODUCTS: dict[str, Product] = {"linear": "usdm", "inverse": "coinm", "spot_margin": "spot", "lending": "spot"}
_STAND_IN = "BTCUSDT"


def parse_span(start: str | None, stop: str | None) -> tuple[int | None, int | None]:
    """The instants of ``--from`` and ``--to``; a bare day at the end is held to its midnight.

    Raises:
        UsageError: not a time, or the end is not after the start.
    """
    first = None if start is None else _instant(start, "--from")
    last = None if stop is None else _instant(stop, "--to") + (_DAY_NANOS if _is_day(stop) else 0)
    if first is not None and last is not None and first >= last:
        raise UsageError(f"--from {start} is not before --to {stop}; expected e.g. --from 2020-10-01 --to 2021-02-28")
    return first, last


def _instant(text: str, name: str) -> int:
    try:
        return parse_time(text)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def parse_added(texts: tuple[str, ...]) -> tuple[tuple[int, Decimal], ...]:
    """Margin added on the way, each as ``2020-12-15=5000`` or ``2020-12-15T08:00=5000``.

    Raises:
        UsageError: another form, or an amount that is not positive.
    """
    added = []
    for text in texts:
        when, sign, given = text.partition("=")
        if not sign:
            raise UsageError(f"--add-margin '{text}' cannot be read; expected a time and an amount: 2020-12-15=5000")
        amount = positive(given, f"--add-margin {when}")
        assert amount is not None
        added.append((_instant(when, "--add-margin"), amount))
    return tuple(added)


def history_of(
    rules: VenueRules,
    resolved: Resolved,
    span: tuple[int | None, int | None],
    *,
    prices: Path | None,
    funding: Path | None,
    mark: Path | None,
    interval: str | None,
) -> History:
    """Bars, funding and mark prices of the span, from the user's files or from the shipped history.

    Raises:
        UsageError: no history of it ships, or the span is outside of it; the message says what ships.
        InputError: a file cannot be used.
    """
    warnings: list[str] = []
    if prices is not None:
        bars = _cut(read_bars(prices, interval=interval), span)
    else:
        bars, told = _shipped_bars(rules, resolved, span, interval)
        warnings += told
    warnings += _span_warnings(bars, span)
    perpetual = resolved.kind in ("linear", "inverse")
    payments: FundingHistory | None = None
    if funding is not None:
        if not perpetual:
            raise UsageError(f"--funding-file: {resolved.symbol} on {rules.name} pays interest, not funding")
        payments = read_funding(funding)
    elif perpetual and prices is None:
        payments, told = _shipped_funding(rules, resolved, bars)
        warnings += told
    marks = None if mark is None else read_bars(mark)
    return History(bars=bars, funding=payments, mark=marks, warnings=tuple(warnings))


def _cut(bars: Bars, span: tuple[int | None, int | None]) -> Bars:
    """The bars of a file inside the span."""
    held_first, held_last = int(bars.open_time_nanos[0]), int(bars.close_time_nanos[-1])
    first = held_first if span[0] is None else span[0]
    last = held_last if span[1] is None else span[1]
    if first < held_first or last > held_last:
        asked, held = _words(first, last), _words(held_first, held_last)
        raise UsageError(f"{bars.source} does not cover {asked}; it has {held}")
    inside = bars.between(first, last)
    if not len(inside):
        raise UsageError(f"{bars.source} has no bar that opens in {_words(first, last)}")
    # A bar that only begins inside the span would be held beyond it.
    whole = int((inside.close_time_nanos <= last).sum())
    return inside if whole == len(inside) else inside.between(first, int(inside.open_time_nanos[whole]))


def _span_warnings(bars: Bars, span: tuple[int | None, int | None]) -> list[str]:
    """Where bars are missing at the ends of the span, so that less is held than was asked."""
    first, last = int(bars.open_time_nanos[0]), int(bars.close_time_nanos[-1])
    found = []
    if span[0] is not None and first > span[0]:
        found.append(f"bars are missing from {_words(span[0], first)}: it opens at the first there is")
    if span[1] is not None and last < span[1]:
        found.append(f"bars are missing from {_words(last, span[1])}: it is closed at the last there is")
    return found


def _words(first: int, last: int) -> str:
    return f"{format_time(first)} to {format_time(last)} UTC"


def _shipped_bars(
    rules: VenueRules, resolved: Resolved, span: tuple[int | None, int | None], interval: str | None
) -> tuple[Bars, list[str]]:
    product = _PRODUCTS[resolved.kind]
    series = [one for one in shipped() if one.product == product and one.holds != "funding"]
    fitting = [one for one in series if _base_of(one) == resolved.base]
    if not fitting:
        bases = ", ".join(sorted({_base_of(one) for one in shipped()}))
        raise UsageError(
            f"no prices of {resolved.base} ship with shortdesk, only of {bases}; "
            "give yours with --prices FILE (and --funding-file FILE)"
        )
    first, last = span
    if first is None or last is None:
        listed = "; ".join(str(one) for one in fitting)
        raise UsageError(f"--from and --to are needed with the shipped history; it has {listed}")
    bars = sample_bars(fitting[0].symbol, first, last, interval=interval, product=product)
    notes = []
    if _VENUES[product] != rules.venue:
        owner = load_venue(_VENUES[product]).name
        notes.append(f"prices and funding are those of {fitting[0].symbol} on {owner}: this venue's own differ")
    return bars, notes


def _shipped_funding(rules: VenueRules, resolved: Resolved, bars: Bars) -> tuple[FundingHistory, list[str]]:
    product = _PRODUCTS[resolved.kind]
    first, last = int(bars.open_time_nanos[0]), int(bars.close_time_nanos[-1])
    known = [one for one in shipped() if one.holds == "funding" and one.product == product]
    if any(one.covers(first, last) for one in known):
        return sample_funding(known[0].symbol, first, last), []
    stand_in = sample_funding(_STAND_IN, first, last)
    span = f"{known[0].start} to {known[0].stop}"
    return stand_in, [
        f"the funding rates are those of {_STAND_IN}: {known[0].symbol} ships with funding of {span} only; "
        "give the right ones with --funding-file"
    ]


def _base_of(series: SampleSeries) -> str:
    return resolve(load_venue(_VENUES[series.product]), None, series.symbol, date.max).base
