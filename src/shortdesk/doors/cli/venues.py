"""``shortdesk venues``: the rules in force on a venue at a date, with the source beside each."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shortdesk.doors.cli.output import check_form, console, emit
from shortdesk.doors.cli.sizes import parse_date
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.schedule import Schedule, find_schedule, known_symbols
from shortdesk.ground.symbols import resolve
from shortdesk.ground.venue import Product, VenueRules, find_venue, load_venue, venue_ids

__all__ = ["venues"]

_TABLES = ("margin", "fees", "funding", "mark", "liquidation", "borrow", "ladders", "options", "portfolio", "grid")
_ASIDE = ("since", "source", "evidence", "note")


def venues(
    venue: str | None = None,
    symbol: str | None = None,
    *,
    date: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    csv: Annotated[bool, Parameter(negative=())] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """The rules in force on a venue at a date, with their sources.

    Without a venue, lists all venues. With a symbol, shows its tiers. Evidence: R a venue response reproduces
    it, D venue documentation, T an open-source test, S secondary source, U not verified, A our assumption.

    Parameters
    ----------
    venue
        A venue's id or short form.
    symbol
        A symbol whose tiers to show.
    date
        The day whose rules to show; today when not given.
    json
        Print a list of objects.
    csv
        Print rows.
    output
        Write to a file; its ending (.json, .csv) says the form.
    """
    check_form(as_json=json, as_csv=csv, output=output)
    day = parse_date(date)
    out = console()
    if venue is None:
        rows = [_venue_row(load_venue(name), day) for name in venue_ids()]
        if not emit(rows, as_json=json, as_csv=csv, output=output):
            _print_list(out, rows)
        return 0
    rules = find_venue(venue)
    if symbol is None:
        rows = list(_rule_rows(rules, day))
        if not emit(rows, as_json=json, as_csv=csv, output=output):
            _print_rules(out, rules, rows, day)
        return 0
    resolved = resolve(rules, None, symbol, day)
    schedule = find_schedule(rules.of_kind(resolved.kind), resolved.symbol, day)
    rows = _tier_rows(schedule)
    if not emit(rows, as_json=json, as_csv=csv, output=output):
        _print_tiers(out, rules, resolved.symbol, schedule, rows, day)
    return 0


def _venue_row(rules: VenueRules, day: datetime.date) -> dict[str, Any]:
    return {
        "venue": rules.venue,
        "name": rules.name,
        "kinds": ", ".join(rules.kinds()),
        "symbols": "any pair"
        if rules.kinds() == ["spot_margin"]
        else sum(len(known_symbols(product, day)) for product in rules.product),
        "short_names": ", ".join(rules.short_names),
    }


def _print_list(out: Console, rows: Sequence[dict[str, Any]]) -> None:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("venue", "name", "kinds", "symbols with tiers", "also called"):
        table.add_column(name, justify="right" if name.startswith("symbols") else "left")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)
    out.print(Text("shortdesk venues VENUE shows its rules, shortdesk venues VENUE SYMBOL its tiers.", style="dim"))


def _rule_rows(rules: VenueRules, day: datetime.date) -> list[dict[str, Any]]:
    rows = []
    for product in rules.product:
        for name in _TABLES:
            for table in _in_force(product, name, day):
                fields = msgspec.structs.asdict(table)
                figures = {key: value for key, value in fields.items() if key not in _ASIDE and _is_said(value)}
                rows.append(
                    {
                        "venue": rules.venue,
                        "product": product.name,
                        "rule": name,
                        "figures": {key: _text(value) for key, value in figures.items()},
                        "since": table.since,
                        "evidence": table.evidence,
                        "source": table.source,
                        "note": table.note,
                    }
                )
    return rows


def _in_force(product: Product, name: str, day: datetime.date) -> list[Any]:
    """The newest table of each kind in force; one for each mode, base or ladder where tables differ by those."""
    newest: dict[Any, Any] = {}
    for table in getattr(product, name):
        if table.since <= day:
            key = tuple(str(getattr(table, field, "")) for field in ("modes", "bases", "largest_leverage"))
            newest[key if name != "fees" else ()] = table
    return list(newest.values())


def _is_said(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return value not in ((), "", None, 0)


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(_text(item) for item in value)
    if hasattr(value, "as_tuple"):
        return plain(value)
    return str(value)


def _print_rules(out: Console, rules: VenueRules, rows: Sequence[dict[str, Any]], day: datetime.date) -> None:
    out.print(Text.assemble((rules.name, "bold"), f", rules of {day}"))
    product = ""
    for row in rows:
        if row["product"] != product:
            product = row["product"]
            out.print()
            out.print(Text(product, style="bold"))
        figures = "; ".join(f"{key} {value}" for key, value in row["figures"].items())
        out.print(Text.assemble((f"  {row['rule']:<12}", "bold"), figures))
        since = f"since {row['since']} [{row['evidence']}] {row['source']}"
        out.print(Text(f"{'':14}{since}", style="dim"))
        if row["note"]:
            out.print(Text(f"{'':14}note: {row['note']}", style="dim"))
    if rules.fields:
        out.print()
        out.print(Text("Account figures: " + ", ".join(rules.fields), style="dim"))


def _tier_rows(schedule: Schedule) -> list[dict[str, Any]]:
    return [
        {
            "tier": number,
            "above": plain(to_decimal(row.floor)),
            "up_to": None if row.cap is None else plain(to_decimal(row.cap)),
            "unit": schedule.unit,
            "maintenance_rate": plain(to_decimal(row.maintenance_rate), 12),
            "deduction": plain(to_decimal(row.deduction), 12),
            "initial_rate": plain(to_decimal(row.initial_rate), 12),
            "largest_leverage": plain(to_decimal(row.max_leverage), 4),
        }
        for number, row in enumerate(schedule.rows, 1)
    ]


def _print_tiers(
    out: Console, rules: VenueRules, symbol: str, schedule: Schedule, rows: Sequence[dict[str, Any]], day: datetime.date
) -> None:
    out.print(Text.assemble((f"{rules.name} {symbol}", "bold"), f", tiers in force on {day}, since {schedule.since}"))
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    columns = ("tier", f"above, {schedule.unit}", "up to", "maintenance", "deduction", "initial", "leverage")
    for name in columns:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            str(row["tier"]),
            f"{float(row['above']):,.10g}",
            "no end" if row["up_to"] is None else f"{float(row['up_to']):,.10g}",
            f"{float(row['maintenance_rate']) * 100:.4g} %",
            f"{float(row['deduction']):,.10g}",
            f"{float(row['initial_rate']) * 100:.4g} %",
            f"{row['largest_leverage']}x",
        )
    out.print(table)
    if schedule.slope:
        out.print(f"and {plain(to_decimal(schedule.slope * 100), 8)} % for each coin of size")
    worth = "value" if schedule.unit == "contracts" else f"{schedule.unit} value"
    out.print(Text(f"maintenance margin = {worth} * rate - deduction", style="dim"))
    out.print(Text(f"source [{schedule.evidence}]: {schedule.source}", style="dim"))
    if schedule.note:
        out.print(Text(f"note: {schedule.note}", style="dim"))
