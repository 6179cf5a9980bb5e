"""The exposure of a recorded market in the terminal: the parts of crowding, then the map as bars."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.text import Text

from shortdesk.doors.cli.stage_inputs import clock_text
from shortdesk.study.postmortem_tape import Tape
from shortdesk.study.squeeze_risk import MOVES, NEAR, SqueezeRisk

__all__ = ["print_squeeze", "squeeze_object"]

_BAR = 36


def print_squeeze(out: Console, tape: Tape, after_s: float, found: SqueezeRisk) -> None:
    """Figures first, each with what it is of; then a bar for each price bucket, the nearest to the price first."""
    side = "shorts" if found.map.side == "up" else "longs"
    out.print(
        Text.assemble((f"{tape.name}, {side} at {clock_text(after_s)}", "bold"), f", mark {_price(tape, found.price)}")
    )
    out.print()
    for name, value in _figures(tape, found):
        out.print(Text.assemble((f"{name:<36}", "dim"), value))
    out.print()
    _print_map(out, tape, found)
    out.print()
    for sentence in _remarks(tape, found):
        out.print(Text(sentence))


def _figures(tape: Tape, found: SqueezeRisk) -> list[tuple[str, str]]:
    base = tape.grid.base
    depth = "given" if found.depth_is_given else "as the fills tell"
    near = ", ".join(
        f"{share:.1%} within {within:.0%}" for within, share in zip(NEAR, found.share_near, strict=True)
    )  # fmt: skip
    shocks = ", ".join(f"{shock:.2%} for {move:.0%}" for move, shock in zip(MOVES, found.critical_shocks, strict=True))
    ignition = found.map.ignition_price
    return [
        ("open interest", f"{found.open_interest:,.6g} {base}"),
        ("with a trigger price of its own", f"{found.placed:,.6g} {base} in {found.legs:,} isolated positions"),
        ("depth within 1 %", f"{found.depth_1pct:,.4g} {base}, {depth}"),
        ("open interest over that depth", _number(found.oi_over_depth)),
        ("open interest over a day's volume", _number(found.oi_over_volume)),
        ("concentration of levels (HHI)", _number(found.level_hhi)),
        ("share of open interest by distance", near if not math.isnan(found.share_near[0]) else "none"),
        ("last funding rate", "none yet" if math.isnan(found.funding_rate) else f"{found.funding_rate:+.4%}"),
        ("greatest gain", f"{found.greatest_gain:.2f} (above 1 a move feeds itself)"),
        ("ignition price", "none: the ladder never carries itself" if ignition is None else _price(tape, ignition)),
        ("critical shock for a move", shocks),
    ]


def _print_map(out: Console, tape: Tape, found: SqueezeRisk) -> None:
    both = found.map
    largest = max(float(both.exact.max()), float(both.guessed.max()), 1e-300)
    head = f"{'price':>12}  {'exact':>10}  {'guessed':>10}  {'gain':>5}"
    out.print(Text(f"{head}  █ exact, ░ guessed, {tape.grid.base}", style="bold"))
    for near, far, exact, guessed, gain in zip(
        both.near, both.far, both.exact, both.guessed, both.gain, strict=True
    ):  # fmt: skip
        solid, light = round(_BAR * exact / largest), round(_BAR * guessed / largest)
        line = Text(f"{_price(tape, (near + far) / 2):>12}  {exact:>10,.4g}  {guessed:>10,.4g}  {gain:>5.2f}  ")
        line.append("█" * solid, style="bold red" if gain > 1 else "cyan")
        out.print(line.append("░" * max(0, light - solid), style="dim"))


def _remarks(tape: Tape, found: SqueezeRisk) -> list[str]:
    both, error = found.map, found.map.error
    if found.legs == 0:
        return [
            "Nobody on this side holds an isolated position, so the exact map is empty. The guess cannot know that."
        ]
    said = [f"{both.beyond:,.4g} {tape.grid.base} is liquidated further away than the map reaches."]
    if not math.isnan(error.misplaced):
        said.append(
            f"Guessed from open interest and an assumed mix of leverage: {error.misplaced:.0%} of it is misplaced, its "
            f"size is {error.size_ratio:.2f} times and its mean distance {error.mean_distance:.2f} times the exact one."
        )
    return said


def _price(tape: Tape, price: float) -> str:
    return tape.grid.price(price / float(tape.grid.tick))


def _number(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:,.3g}"


def squeeze_object(tape: Tape, after_s: float, found: SqueezeRisk) -> dict[str, Any]:
    """The same for programs; what is not known is null."""
    both = found.map
    row: dict[str, Any] = {"instrument": tape.name, "at_s": after_s, **found._asdict()}
    row["share_near"] = {
        str(within): _known(share) for within, share in zip(NEAR, found.share_near, strict=True)
    }  # fmt: skip
    row["critical_shocks"] = {
        str(move): shock for move, shock in zip(MOVES, found.critical_shocks, strict=True)
    }  # fmt: skip
    row["map"] = {
        "side": both.side,
        "ignition_price": both.ignition_price,
        "beyond": both.beyond,
        "error": {name: _known(value) for name, value in both.error._asdict().items()},
        "buckets": [
            {"near": near, "far": far, "exact": exact, "guessed": guessed, "gain": gain}
            for near, far, exact, guessed, gain in zip(
                *(column.tolist() for column in (both.near, both.far, both.exact, both.guessed, both.gain)), strict=True
            )
        ],
    }
    return {name: _known(value) if isinstance(value, float) else value for name, value in row.items()}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
