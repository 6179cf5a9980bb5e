"""A held short for programs: one object for JSON, one flat row per bar for CSV; money and prices are decimal text."""

from __future__ import annotations

from typing import Any

from shortdesk.doors.cli.output import money
from shortdesk.intake import format_time
from shortdesk.study.hold_result import ClosestCall, HoldResult, Liquidated, Payment, Rung
from shortdesk.study.hold_words import verdict

__all__ = ["bar_rows", "hold_row"]


def hold_row(result: HoldResult, *, with_path: bool = False) -> dict[str, Any]:
    """A result as one object, on request with every bar and every funding payment; times are UTC."""
    row = {**_opening(result), **_outcome(result), **_remarks(result)}
    if with_path:
        row["bars"] = bar_rows(result)
        row["funding_payments"] = [_payment(payment) for payment in result.payments]
    return row


def _opening(result: HoldResult) -> dict[str, Any]:
    return {
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
        "entry_price": money(result.entry_price),
        "liquidation_price_at_open": money(result.liquidation_price),
        "bankruptcy_price_at_open": money(result.bankruptcy_price),
    }


def _outcome(result: HoldResult) -> dict[str, Any]:
    totals, died, closest = result.totals, result.liquidated, result.closest
    return {
        "outcome": "liquidated" if died else "closed",
        "ended": format_time(result.ended_nanos),
        "days": money(result.days, 4),
        "exit_price": money(result.exit_price),
        "liquidation": None if died is None else _liquidation(died),
        "profit": money(totals.profit),
        "return_on_margin": money(totals.return_on_margin, 8),
        "totals": {name: money(getattr(totals, name)) for name in totals.__slots__},
        "funding_uncertainty": money(result.funding_uncertainty),
        "highest_price": money(result.highest_price),
        "worst_loss": money(result.worst_loss),
        "worst_move_pct": money(result.worst_move_pct, 8),
        "closest_call": None if closest is None else _closest(closest),
        "smallest_wallet_that_lives": money(result.smallest_wallet),
        "largest_leverage_that_lives": money(result.leverage_survived),
        "other_leverages": [_rung(rung) for rung in result.ladder],
    }


def _remarks(result: HoldResult) -> dict[str, Any]:
    return {
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


def _liquidation(died: Liquidated) -> dict[str, Any]:
    return {
        "from": format_time(died.since_nanos),
        "to": format_time(died.until_nanos),
        "liquidation_price": money(died.liquidation_price),
        "fill_price": money(died.fill_price),
        "at_open": died.at_open,
        "certain": died.certain,
        "equity_before_fees": money(died.equity_before_fees),
        "deficit": money(died.deficit),
        "deficit_paid_by": list(died.paid_by),
    }


def _closest(closest: ClosestCall) -> dict[str, Any]:
    return {
        "time": format_time(closest.open_nanos),
        "high": money(closest.high),
        "liquidation_price": money(closest.liquidation_price),
        "room_pct": money(closest.room_pct, 8),
    }


def _rung(rung: Rung) -> dict[str, Any]:
    return {
        "leverage": money(rung.leverage),
        "wallet": money(rung.wallet),
        "liquidation_price_at_open": money(rung.liquidation_price),
        "liquidated": None if rung.died_nanos is None else format_time(rung.died_nanos),
        "profit": money(rung.profit),
        "return_on_margin": money(rung.return_on_margin, 8),
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "time": format_time(payment.time_nanos),
        "rate": money(payment.rate, 18),
        "price": money(payment.price),
        "amount": money(payment.amount),
    }


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
