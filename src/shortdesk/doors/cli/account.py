"""``shortdesk account``: a whole account on one venue, its figures, where it dies, and what-ifs."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shortdesk.doors.cli.output import check_form, console, emit, money, show
from shortdesk.doors.cli.short_table import figure
from shortdesk.doors.cli.sizes import parse_move
from shortdesk.ground.errors import UsageError
from shortdesk.study.account_book import AccountBook, read_account
from shortdesk.study.account_report import AccountReport, LegReport, report_account

__all__ = ["account"]

_ISOLATED = "figures of the cross account; isolated positions stand below on their own, also where the venue adds them"
_LEGEND = "dies: at which price of its coin, the others held; room: how much more of the same side fits"


def account(
    file: Path,
    *,
    move: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    json: Annotated[bool, Parameter(negative=())] = False,
    csv: Annotated[bool, Parameter(negative=())] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Equity, margin and liquidation prices of a whole account.

    The file is TOML: venue, mode, date, currency, [prices], and tables [[balance]], [[loan]], [[position]],
    [[order]]. Exit code 1 when the account, or an isolated position in it, is liquidatable at these prices.

    Parameters
    ----------
    file
        The account file.
    move
        A price move to look at, as BTC=+15%; may be given several times, all at once.
    json
        Print one object.
    csv
        Print one row per position.
    output
        Write to a file; its ending (.json, .csv) says the form.
    """
    check_form(as_json=json, as_csv=csv, output=output)
    book = read_account(file, datetime.date.today())
    report = report_account(book)
    moves = dict(parse_move(text) for text in move)
    known = {asset.base for asset in report.assets}
    for base in moves:
        if base not in known:
            held = ", ".join(sorted(known)) or "no coins"
            raise UsageError(f"move {base}: nothing in {file} depends on {base}; it holds {held}")
    after = report_account(book, moves) if moves else None
    shown = after or report
    if csv or (output is not None and output.suffix.casefold() == ".csv"):
        emit([_leg_row(leg) for leg in shown.legs], as_json=json, as_csv=csv, output=output)
    elif not emit([_as_object(book, report, after)], as_json=json, as_csv=False, output=output):
        _print(console(), book, report, after, moves)
    return 1 if shown.liquidatable or shown.dead_isolated else 0


def _print(
    out: Console, book: AccountBook, report: AccountReport, after: AccountReport | None, moves: dict[str, Fraction]
) -> None:
    out.print(Text.assemble((f"{book.rules.name}", "bold"), f", {book.currency}, rules of {book.day}"))
    if after is not None:
        words = ", ".join(f"{base} {float(multiple - 1):+.2%}" for base, multiple in moves.items())
        out.print(f"second column: after {words}")
    out.print(_fields_table(report, after))
    if any(leg.margin == "isolated" for leg in report.legs):
        out.print(Text(_ISOLATED, style="dim"))
    if report.legs:
        out.print()
        show(out, _legs_table(after.legs if after else report.legs, book.currency))
        out.print(Text(_LEGEND, style="dim"))
    if report.assets:
        out.print()
        show(out, _assets_table(after or report))
    for name, found in (("now", report), ("after the move", after)):
        if found is None:
            continue
        if found.liquidatable:
            out.print(Text(f"{name}: the cross account is liquidatable", style="bold red"))
        for symbol in found.dead_isolated:
            out.print(Text(f"{name}: the isolated position {symbol} is liquidatable", style="bold red"))


def _fields_table(report: AccountReport, after: AccountReport | None) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("figure")
    table.add_column("now", justify="right")
    if after is not None:
        table.add_column("after", justify="right")
    table.add_column("is", style="dim")
    for i, field in enumerate(report.fields):
        cells = [figure(field.value) if field.value is not None else "none"]
        if after is not None:
            later = after.fields[i].value
            cells.append(figure(later) if later is not None else "none")
        table.add_row(field.name, *cells, field.words)
    return table


def _legs_table(legs: Sequence[LegReport], currency: str) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    names = (
        "position",
        "size",
        "entry",
        "mark",
        "unrealised",
        "maintenance",
        "tier",
        "dies below",
        "dies above",
        "room",
    )
    for name in names:
        table.add_column(name, justify="left" if name == "position" else "right", no_wrap=name == "position")
    for leg in legs:
        table.add_row(
            f"{leg.symbol} {leg.side} {leg.margin}",
            figure(leg.size, 6, 0),
            figure(leg.entry),
            figure(leg.mark),
            figure(leg.unrealised) if leg.settle == currency else f"{figure(leg.unrealised)} {leg.settle}",
            figure(leg.maintenance_margin),
            str(leg.tier),
            _price(leg.liquidation_below, leg.mark),
            _price(leg.liquidation_above, leg.mark),
            f"+{figure(leg.largest_additional, 6, 0)}" if leg.largest_additional is not None else "-",
        )
    return table


def _assets_table(report: AccountReport) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("coin", "net delta", "long", "short", "hedge ratio", "account dies below", "above"):
        table.add_column(name, justify="left" if name == "coin" else "right")
    for asset in report.assets:
        table.add_row(
            asset.base,
            figure(asset.net_delta, 6, 0),
            figure(asset.long_coins, 6, 0),
            figure(asset.short_coins, 6, 0),
            figure(asset.hedge_ratio, 4, 2) if asset.hedge_ratio is not None else "-",
            "now" if report.liquidatable else _price(asset.liquidation_below),
            "now" if report.liquidatable else _price(asset.liquidation_above),
        )
    return table


def _price(price: Decimal | None, mark: Decimal | None = None) -> str:
    if price is None:
        return "never"
    return "now" if price == mark else figure(price)


def _leg_row(leg: LegReport) -> dict[str, Any]:
    return {name: money(value) if isinstance(value, Decimal) else value for name, value in leg._asdict().items()}


def _report_object(report: AccountReport) -> dict[str, Any]:
    return {
        "fields": {field.name: money(field.value) for field in report.fields},
        "positions": [_leg_row(leg) for leg in report.legs],
        "coins": [
            {key: money(v) if isinstance(v, Decimal) else v for key, v in asset._asdict().items()}
            for asset in report.assets
        ],
        "liquidatable": report.liquidatable,
        "liquidatable_isolated": list(report.dead_isolated),
    }


def _as_object(book: AccountBook, report: AccountReport, after: AccountReport | None) -> dict[str, Any]:
    return {
        "venue": book.rules.venue,
        "date": book.day.isoformat(),
        "currency": book.currency,
        **_report_object(report),
        "after_move": _report_object(after) if after is not None else None,
    }
