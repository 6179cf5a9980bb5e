"""``shortdesk hold``: a short taken through real history, to its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from shortdesk.doors.cli.hold_inputs import history_of, parse_added, parse_span
from shortdesk.doors.cli.hold_rows import bar_rows, hold_row
from shortdesk.doors.cli.output import console, emit, notice, write_page
from shortdesk.doors.cli.sizes import parse_date, parse_rate, parse_size, positive
from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.symbols import resolve
from shortdesk.ground.venue import find_venue
from shortdesk.study.hold import HoldRequest
from shortdesk.study.hold import hold as held_through
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.hold_words import verdict

__all__ = ["hold"]

_ENDINGS = (".html", ".json", ".csv")


def hold(
    symbol: str,
    size: str,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    venue: str = "binance_usdm",
    kind: Literal["linear", "inverse", "spot_margin"] | None = None,
    leverage: str | None = None,
    margin: Literal["isolated", "cross"] | None = None,
    wallet: str | None = None,
    entry: str | None = None,
    prices: Path | None = None,
    funding_file: Path | None = None,
    mark: Path | None = None,
    interval: str | None = None,
    add_margin: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    borrow_rate: str | None = None,
    rules_date: str | None = None,
    fail_on_liquidation: Annotated[bool, Parameter(negative=())] = False,
    path: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    csv: Annotated[bool, Parameter(negative=())] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative=())] = False,
) -> int:
    """Take a short through real history, bar by bar: when and why it died, or what it earned.

    Without --prices the shipped Binance history of BTC is used. Times are UTC.

    Parameters
    ----------
    symbol
        What to short: BTC, BTCUSDT, or the venue's own symbol.
    size
        Coins such as 2BTC, or a worth such as 250k, 1.5m, 250000USDT.
    from_
        When it opens, as 2020-10-01 or 2020-10-01T08:00; the first bar of the file when not given.
    to
        When it is closed; a day is held to its end. The last bar of the file when not given.
    venue
        The venue whose rules bind: an id or an unambiguous short form.
    kind
        Kind of contract; the venue's usual one when not given.
    leverage
        Worth over wallet; 10 when not given, less where the tier allows less.
    margin
        Margin mode; the venue's usual one when not given.
    wallet
        Money behind the short, in the settlement asset; its initial margin when not given.
    entry
        Entry price; the first price of the span when not given.
    prices
        Your own bars: a CSV or Parquet file.
    funding_file
        Your own funding history: a CSV or Parquet file.
    mark
        Bars of the mark price, of the same length; the mark then decides, as on the venue.
    interval
        Length of the bars, as 1h or 1d; the finest with highs that cover the span when not given.
    add_margin
        Margin added on the way, as 2020-12-15=5000; may be given several times.
    borrow_rate
        Yearly borrow rate for borrowed coins, as 0.05 or 5%.
    rules_date
        A day whose rules bind throughout; the rules of each day when not given.
    fail_on_liquidation
        Leave with exit code 1 when the short was liquidated.
    path
        Put every bar and every funding payment into the JSON.
    json
        Print a list with one object.
    csv
        Print one row per bar.
    output
        Write to a file; its ending (.html, .json, .csv) says the form.
    quiet
        Print the verdict alone, and nothing beside a file.
    """
    _check_output(output, as_json=json, as_csv=csv)
    rules = find_venue(venue)
    span = parse_span(from_, to)
    day = parse_date(rules_date, "rules date") if rules_date else None
    request = HoldRequest(
        symbol=symbol,
        size=parse_size(size),
        leverage=positive(leverage, "leverage"),
        mode=margin,
        kind=kind,
        wallet=positive(wallet, "wallet"),
        entry=positive(entry, "entry"),
        rules_day=day,
        borrow_annual=parse_rate(borrow_rate, "borrow rate"),
        added=parse_added(add_margin),
    )
    resolved = resolve(rules, kind, symbol, parse_date(None))
    history = history_of(rules, resolved, span, prices=prices, funding=funding_file, mark=mark, interval=interval)
    result = held_through(rules, request, history)
    _show(result, as_json=json, as_csv=csv, with_path=path, output=output, quiet=quiet)
    return 1 if fail_on_liquidation and result.liquidated else 0


def _check_output(output: Path | None, *, as_json: bool, as_csv: bool) -> None:
    """Refuse what could not be written before anything is computed."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other; give one of them")
    if output is None:
        return
    if output.is_dir():
        raise InputError("is a directory; expected a file name", str(output))
    if output.suffix.casefold() not in _ENDINGS:
        raise UsageError(f"output '{output}': the ending says the form; expected {', '.join(_ENDINGS)}")
    if not output.parent.is_dir():
        raise InputError(f"the folder {output.parent} does not exist; make it first", str(output))


def _show(
    result: HoldResult, *, as_json: bool, as_csv: bool, with_path: bool, output: Path | None, quiet: bool
) -> None:
    ending = output.suffix.casefold() if output else ""
    printed = _write(result, ending, output, with_path=with_path, quiet=quiet)
    if as_json:
        emit([hold_row(result, with_path=with_path)], as_json=True, as_csv=False, output=None)
    elif as_csv:
        emit(bar_rows(result), as_json=False, as_csv=True, output=None)
    elif quiet:
        if not printed:
            print(verdict(result))
    else:
        from shortdesk.doors.cli.hold_table import print_hold

        print_hold(console(), result)


def _write(result: HoldResult, ending: str, output: Path | None, *, with_path: bool, quiet: bool) -> bool:
    """Write the file that was asked for; whether there was one."""
    if output is None:
        return False
    if ending == ".html":
        from shortdesk.doors.pages.held import hold_page

        write_page(output, hold_page(result))
        if not quiet:
            sys.stdout.flush()
            notice(f"wrote {output}")
        return True
    rows = [hold_row(result, with_path=with_path)] if ending == ".json" else bar_rows(result)
    emit(rows, as_json=False, as_csv=False, output=output)
    return True
