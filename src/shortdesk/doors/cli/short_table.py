"""The short ticket as people read it: one column per venue, as many side by side as fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shortdesk.doors.cli.output import fits, show
from shortdesk.ground.fine import plain
from shortdesk.study.liquidation_probability import LiquidationProbability
from shortdesk.study.ticket import ShortRequest, ShortTicket

__all__ = ["figure", "render_tickets"]

_COLUMN = 19
_LABEL = 24


def figure(value: Decimal | None, digits: int = 7, least: int = 2) -> str:
    """A number for reading: about ``digits`` significant digits, thousands apart, at least ``least`` decimals."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    places = max(least, digits - 1 - value.adjusted()) if abs(value) < 1000 else least
    text = f"{value:,.{places}f}"
    if "." in text and places > least:
        whole, _, decimals = text.partition(".")
        text = f"{whole}.{decimals.rstrip('0').ljust(least, '0')}".rstrip(".")
    return text


def _rows(request: ShortRequest) -> list[tuple[str, Callable[[ShortTicket], str]]]:
    days = plain(request.horizon_days, 2)
    return [
        ("symbol", lambda t: t.symbol),
        ("contract", lambda t: t.kind.replace("_", " ")),
        ("margin", lambda t: f"{t.mode} {plain(t.leverage, 2)}x" if t.leverage else t.mode),
        ("quantity", lambda t: figure(t.quantity, 6, 0)),
        ("notional", lambda t: figure(t.notional)),
        ("money", lambda t: t.settle),
        ("wallet", lambda t: figure(t.wallet)),
        ("initial margin", lambda t: figure(t.initial_margin)),
        ("maintenance margin", lambda t: figure(t.maintenance_margin)),
        ("tier, at liquidation", _tier),
        ("liquidation price", lambda t: figure(t.liquidation_price) if t.liquidation_price else "none"),
        ("  distance", lambda t: f"{float(t.distance_pct):+.2f} %" if t.distance_pct is not None else "-"),
        ("  in daily volatility", lambda t: f"{t.odds.sigmas:.2f} sigma" if t.odds and t.odds.sigmas else "-"),
        (
            "  days until one sigma",
            lambda t: f"{t.odds.days_to_one_sigma:.1f}" if t.odds and t.odds.days_to_one_sigma else "-",
        ),
        (f"  probability, {days} days", lambda t: _percent(t.liquidation_probability)),
        ("  the same with jumps", lambda t: _percent(_with_jumps(t))),
        ("bankruptcy price", lambda t: figure(t.bankruptcy_price)),
        ("break-even price", lambda t: figure(t.break_even_price)),
        ("fee to open", lambda t: figure(t.open_fee, 5)),
        ("fee to close", lambda t: figure(t.close_fee, 5)),
        ("carry a day", lambda t: _carry(t.carry.per_day if t.carry else None)),
        (f"carry, {days} days", lambda t: _carry(t.carry.per_horizon if t.carry else None)),
    ]


def _tier(ticket: ShortTicket) -> str:
    if ticket.tier is None:
        return "-"
    at_death = ticket.tier_at_liquidation or ticket.tier
    return f"{ticket.tier}, {at_death} of {ticket.tier_count}"


def _with_jumps(ticket: ShortTicket) -> float | None:
    probability = ticket.odds.probability if ticket.odds else None
    return probability.with_jumps if probability else None


def _percent(chance: float | None) -> str:
    if chance is None:
        return "-"
    if chance == 0 or chance >= 0.001:
        return f"{chance:.1%}"
    return f"{chance:.4%}" if chance >= 0.000001 else "< 0.0001%"


def _carry(amount: Decimal | None) -> str:
    if amount is None:
        return "-"
    if amount == 0:
        return "0"
    return f"{'pays' if amount > 0 else 'gets'} {figure(abs(amount), 5)}"


def render_tickets(
    out: Console, tickets: Sequence[ShortTicket], request: ShortRequest, *, explain: bool = False
) -> None:
    """Print the tickets, the venues that refuse, notes, assumptions, and on request the explanations."""
    taken = [ticket for ticket in tickets if not ticket.refusal]
    refused = [ticket for ticket in tickets if ticket.refusal]
    size = plain(request.size.amount)
    what = f"{size} {request.size.asset}" if request.size.unit == "base" else f"{request.symbol} worth {size}"
    heading = f"Short {what.strip()} at {plain(request.entry)}"
    out.print(Text.assemble((heading, "bold"), f", rules of {request.day}"))
    fit = max(1, (out.width - _LABEL) // (_COLUMN + 2))
    while fit > 1 and not all(
        fits(out, _table(taken[start : start + fit], request)) for start in range(0, len(taken), fit)
    ):
        fit -= 1
    for start in range(0, len(taken), fit):
        out.print()
        show(out, _table(taken[start : start + fit], request))
    out.print()
    for ticket in refused:
        out.print(Text.assemble((f"{ticket.venue}: ", "bold"), ("not taken: ", "yellow"), ticket.refusal))
    _print_notes(out, taken)
    if explain:
        for ticket in taken:
            _print_explanation(out, ticket)
    else:
        out.print(Text("--explain shows each equation, its tier, what the odds assume, and every source.", style="dim"))


def _table(tickets: Sequence[ShortTicket], request: ShortRequest) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold", row_styles=["", "dim"])
    table.add_column("", min_width=_LABEL - 2, no_wrap=True)
    for ticket in tickets:
        table.add_column(ticket.venue, justify="right", min_width=_COLUMN)
    strong = ("liquidation price",)
    for label, cell in _rows(request):
        style = "bold not dim" if label in strong else None
        table.add_row(label, *(cell(ticket) for ticket in tickets), style=style)
    return table


def _print_notes(out: Console, tickets: Sequence[ShortTicket]) -> None:
    """What differs from what was asked, each once with the venues it holds for."""
    by_note: dict[str, list[str]] = {}
    for ticket in tickets:
        for note in ticket.notes:
            by_note.setdefault(note, []).append(ticket.venue)
        if ticket.carry is not None:
            by_note.setdefault(f"carry is {ticket.carry.assumption}", []).append(ticket.venue)
    for note, venues in by_note.items():
        out.print(Text.assemble((f"{', '.join(venues)}: ", "dim bold"), (note, "dim")))


def _variants(probability: LiquidationProbability) -> str:
    named = (
        ("watched all the time", probability.continuous),
        ("looked at every second", probability.discrete),
        ("with jumps, watched all the time", probability.with_jumps),
        ("with jumps, looked at every second", probability.probability),
    )
    chances = ", ".join(f"{_percent(chance)} {name}" for name, chance in named if chance is not None)
    return f"Probability of liquidation: {chances}."


def _print_explanation(out: Console, ticket: ShortTicket) -> None:
    out.print()
    out.print(Text(ticket.explanation[0], style="bold"))
    for line in ticket.explanation[1:]:
        out.print(Text(line))
    probability = ticket.odds.probability if ticket.odds else None
    if probability is not None:
        out.print(Text(_variants(probability)))
        out.print(Text("The last of them assumes:"))
        for sentence in probability.assumptions:
            out.print(Text(f"  {sentence}"))
    for remark in ticket.remarks:
        out.print(Text(f"Remark: {remark}", style="dim"))
    for source in ticket.sources:
        out.print(Text(f"Source: {source}", style="dim"))
