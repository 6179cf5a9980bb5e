"""``shortdesk hold``: a short taken through real history, to its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from shortdesk.doors.cli.hold_inputs import history_of, parse_added, parse_span
from shortdesk.doors.cli.output import console, emit, money, notice, write_file
from shortdesk.doors.cli.sizes import parse_date, parse_rate, parse_size, positive
from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.symbols import resolve
from shortdesk.ground.venue import find_venue
from shortdesk.intake import format_time
from shortdesk.study.hold import HoldRequest
from shortdesk.study.hold import hold as held_through
from shortdesk.study.hold_report import page_of
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.hold_words import verdict

__all__ = ["bar_rows", "hold", "hold_row"]

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
    printed = emit_file(result, ending, output, with_path=with_path, quiet=quiet)
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


def emit_file(result: HoldResult, ending: str, output: Path | None, *, with_path: bool, quiet: bool) -> bool:
    """Write the file that was asked for; whether there was one."""
    if output is None:
        return False
    if ending == ".html":
        write_file(output, page_of(result))
        if not quiet:
            sys.stdout.flush()
            notice(f"wrote {output}")
        return True
    rows = [hold_row(result, with_path=with_path)] if ending == ".json" else bar_rows(result)
    emit(rows, as_json=False, as_csv=False, output=output)
    return True


def hold_row(result: HoldResult, *, with_path: bool = False) -> dict[str, Any]:
    """A result as one object for JSON; money and prices are decimal text, times are UTC."""
    totals, died, closest = result.totals, result.liquidated, result.closest
    row: dict[str, Any] = {
        "venue": result.venue,
        "name": result.name,
        "symbol": result.symbol,
        "kind": result.kind,
        "margin_mode": result.mode,
        "settle_asset": result.settle,
        "quantity": money(result.quantity),
        "contracts": money(result.contracts),
        "notional": money(result.notional),
        "leverage": money(result.leverage),
        "wallet": money(result.wallet),
        "opened": format_time(result.opened_nanos),
        "ended": format_time(result.ended_nanos),
        "days": money(result.days, 4),
        "entry_price": money(result.entry_price),
        "exit_price": money(result.exit_price),
        "liquidation_price_at_open": money(result.liquidation_price),
        "bankruptcy_price_at_open": money(result.bankruptcy_price),
        "outcome": "liquidated" if died else "closed",
        "liquidation": None
        if died is None
        else {
            "from": format_time(died.since_nanos),
            "to": format_time(died.until_nanos),
            "liquidation_price": money(died.liquidation_price),
            "fill_price": money(died.fill_price),
            "at_open": died.at_open,
            "certain": died.certain,
            "equity_before_fees": money(died.equity_before_fees),
            "deficit": money(died.deficit),
            "deficit_paid_by": list(died.paid_by),
        },
        "profit": money(totals.profit),
        "return_on_margin": money(totals.return_on_margin, 8),
        "totals": {name: money(getattr(totals, name)) for name in totals.__slots__},
        "funding_uncertainty": money(result.funding_uncertainty),
        "highest_price": money(result.highest_price),
        "worst_loss": money(result.worst_loss),
        "worst_move_pct": money(result.worst_move_pct, 8),
        "closest_call": None
        if closest is None
        else {
            "time": format_time(closest.open_nanos),
            "high": money(closest.high),
            "liquidation_price": money(closest.liquidation_price),
            "room_pct": money(closest.room_pct, 8),
        },
        "smallest_wallet_that_lives": money(result.smallest_wallet),
        "largest_leverage_that_lives": money(result.leverage_survived),
        "other_leverages": [
            {
                "leverage": money(rung.leverage),
                "wallet": money(rung.wallet),
                "liquidation_price_at_open": money(rung.liquidation_price),
                "liquidated": None if rung.died_nanos is None else format_time(rung.died_nanos),
                "profit": money(rung.profit),
                "return_on_margin": money(rung.return_on_margin, 8),
            }
            for rung in result.ladder
        ],
        "events": [
            {"time": format_time(event.time_nanos), "kind": event.kind, "price": money(event.price), "text": event.text}
            for event in result.events
        ],
        "prices_decide": "mark" if result.uses_mark else "last",
        "rules_date": result.rules_day,
        "verdict": verdict(result),
        "warnings": list(result.warnings),
        "assumptions": list(result.assumptions),
        "notes": list(result.notes),
        "sources": list(result.sources),
    }
    if with_path:
        row["bars"] = bar_rows(result)
        row["funding_payments"] = [
            {
                "time": format_time(payment.time_nanos),
                "rate": money(payment.rate, 18),
                "price": money(payment.price),
                "amount": money(payment.amount),
            }
            for payment in result.payments
        ]
    return row


def bar_rows(result: HoldResult) -> list[dict[str, Any]]:
    """One flat row per bar held; each is the state at the bar's end or at the liquidation."""
    return [
        {
            "open_utc": format_time(bar.open_nanos),
            "close": money(bar.close),
            "high": money(bar.high),
            "liquidation_price": money(bar.liquidation_price),
            "equity": money(bar.equity),
            "wallet": money(bar.wallet),
            "funding": money(bar.funding),
            "interest": money(bar.interest),
            "tier": bar.tier,
        }
        for bar in result.bars
    ]
