"""Group ``agents``: markets of agents: ours against plain-Python agents and against bourse's array agents.

The unit is one order message (new order or cancel) that reached the book, the agents' own decisions included. Ours are
ambient traders with accounts and margin: 15 % market orders, else one limit order per trader that comes or goes. The
plain-Python agents of the shared drivers do the same on a book without accounts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from harness import ONE_THREAD, Missing, Section, cpu_seconds, throwaway_python
from matching import _module

from shortdesk.market.note import Detail
from shortdesk.market.tables import clock_of
from shortdesk.stage.agents.noise import NoiseTerms
from shortdesk.stage.agents.own import OwnTerms
from shortdesk.stage.parts import play_of
from shortdesk.stage.play import Play, open_play
from shortdesk.stage.scenario import InstrumentTerms, Scenario, VenueTerms, find_scenario

DESCRIPTION = "markets of agents: orders a second, growth with the number of agents, the journal's price, Python agents"

BOURSE = "bourse==0.4.0"
DRIVER = Path(__file__).parent / "drivers" / "bourse_driver.py"
COMERS = Path(__file__).parent / "drivers" / "comers.py"
_RATE_PER_S = 1_000.0


def main() -> None:
    """Print the tables."""
    from rich.console import Console

    for section in measure("--quick" in sys.argv):
        section.show(Console())


def measure(quick: bool) -> list[Section]:
    """All tables of the group.

    Raises:
        Missing: the folder with the shared drivers does not lie beside the project.
    """
    peer = _module("bench_agents")
    sizes = (1_000, 100_000) if quick else (1_000, 10_000, 100_000, 1_000_000)
    try:
        bourse = _bourse(1_000, 200)
    except Missing as reason:
        bourse = {"missing": str(reason)}
    return [
        _rates(peer, 50_000 if quick else 200_000, sizes, bourse),
        _own(4_000 if quick else 20_000, bourse),
        _squeeze(),
    ]


def crowd(agents: int, horizon_s: float) -> Scenario:
    """So many traders without a view, a thousand decisions a second."""
    noise = NoiseTerms(
        name="crowd", instrument="BTCUSDT", takers_per_s=0.15 * _RATE_PER_S, taker_usd=800.0, size_sigma=0.7,
        slots=agents, lifetime_s=agents / (0.85 * _RATE_PER_S), limit_usd=800.0, far_bps=1.0, accounts=agents,
        usual_spread_bps=100.0,
    )  # fmt: skip
    return Scenario(
        name="crowd",
        horizon_s=horizon_s,
        venue=(VenueTerms(name="futures", sheet="binance_usdm", day=date(2026, 9, 29)),),
        instrument=(
            InstrumentTerms(
                name="BTCUSDT", venue="futures", base="BTC", price=Decimal(77_600), tick=Decimal("0.1"),
                lot=Decimal("0.001"), clock_s=60,
            ),
        ),
        population=(noise,),
    )  # fmt: skip


def _played(scenario: Scenario, detail: int) -> tuple[float, int]:
    """CPU seconds of the second half of a scenario, and the messages sent in it."""
    half = (scenario.start_ns + scenario.end_ns) // 2
    base = open_play(scenario)
    clock_of(base.world.block).detail = detail
    base.run_all(half)
    before = int(play_of(base.block).sent)
    copies = iter([base.clone() for _ in range(4)])
    last: list[Play] = []

    def work() -> None:
        last[:] = [next(copies)]
        for _ in last[0].run(scenario.end_ns):
            pass

    return cpu_seconds(work, 3), int(play_of(last[0].block).sent) - before


def _rates(peer: object, count: int, sizes: tuple[int, ...], bourse: dict[str, str]) -> Section:
    section = Section(f"{count:,} orders", ("agents", "k orders/s", "against plain Python", "against 1,000 agents"))
    reference = count / cpu_seconds(lambda: peer.zi_python(1_000, count), 3)  # type: ignore[attr-defined]
    section.rows.append(("plain Python, 1,000 agents (reference)", f"{reference / 1e3:,.0f}", "1.0x", "-"))
    first = 0.0
    for agents in sizes:
        seconds, sent = _played(crowd(agents, 2 * max(count, agents) / _RATE_PER_S), Detail.MONEY)
        rate = sent / seconds
        first = first or rate
        section.rows.append(
            (f"ours, {agents:,} agents", f"{rate / 1e3:,.0f}", f"{rate / reference:.1f}x", f"{first / rate:.2f}x")
        )
        if agents == sizes[0]:
            quiet_s, quiet = _played(crowd(agents, 2 * count / _RATE_PER_S), Detail.NOTHING)
            section.rows.append(
                (f"ours, {agents:,} agents, no journal", f"{quiet / quiet_s / 1e3:,.0f}",
                 f"{quiet / quiet_s / reference:.1f}x", f"{first * quiet_s / quiet:.2f}x")
            )  # fmt: skip
    if "missing" in bourse:
        section.rows.append((f"bourse: {bourse['missing']}", "-", "-", "-"))
    for how in ("arrays", "objects") if "missing" not in bourse else ():
        rate = float(bourse[f"{how}_per_s"])
        section.rows.append(
            (f"bourse {bourse['version']}, 1,000 agents as {how}", f"{rate / 1e3:,.0f}", f"{rate / reference:.1f}x",
             f"{first / rate:.1f}x")
        )  # fmt: skip
    section.notes.append("floors: 15 times plain Python and 4 times bourse's arrays at 1,000 agents; growth at most 3")
    section.notes.append("the last column is what one order costs against ours at 1,000 agents (ours / theirs in rate)")
    section.notes.append("ours keep accounts, margin and positions; the peers' agents have none")
    return section


def _own(wakes: int, bourse: dict[str, str]) -> Section:
    """Python classes of a user's own among a compiled crowd, and what their wakes cost beyond that crowd."""
    section = Section(
        f"Python agents of a user's own, {wakes:,} wakes",
        ("agents", "k wakes/s", "us a wake", "against bourse's objects"),
    )
    crowd_s, sent = _played(crowd(1_000, 2 * wakes / _RATE_PER_S), Detail.MONEY)
    section.rows.append(
        ("compiled, 1,000 agents, an order each", f"{sent / crowd_s / 1e3:,.0f}", _us(crowd_s / sent), "-")
    )
    objects = float(bourse.get("objects_per_s", "nan"))
    for cls, what in (("Idler", "looks at nothing, says nothing"), ("Comer", "an order that comes or goes")):
        for count in (1, 100):
            seconds, _ = _played(with_own(crowd(1_000, 2 * wakes / _RATE_PER_S), cls, count), Detail.MONEY)
            rate = wakes / (seconds - crowd_s)
            against = f"{rate / objects:.2f}x" if cls == "Comer" and objects > 0 else "-"
            section.rows.append((f"{count} in Python: {what}", f"{rate / 1e3:,.0f}", _us(1 / rate), against))
    section.notes.append(
        "goal: 3 times bourse's agent objects, which are asked once a step, on a book without accounts"
    )
    section.notes.append(
        "each wake is bounded in steps, its orders are checked and its fills told; the crowd's own time is taken off"
    )
    return section


def with_own(scenario: Scenario, cls: str, count: int) -> Scenario:
    """The scenario with so many Python agents, as many wakes a second as the crowd has decisions."""
    own = tuple(
        OwnTerms(
            name=f"own {at}", file=str(COMERS), cls=cls, instrument="BTCUSDT", every_s=count / _RATE_PER_S,
            latency_ms=1.0, options={"seed": float(at)},
        )
        for at in range(count)
    )  # fmt: skip
    return msgspec.structs.replace(scenario, population=(*scenario.population, *own))


def _us(seconds: float) -> str:
    return f"{1e6 * seconds:,.1f}"


def _bourse(agents: int, steps: int) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        python = throwaway_python(Path(folder), [BOURSE])
        done = subprocess.run(
            [str(python), str(DRIVER)], input=json.dumps({"agents": agents, "steps": steps}), capture_output=True,
            text=True, timeout=600, env={**os.environ, **ONE_THREAD},
        )  # fmt: skip
    if done.returncode:
        raise Missing((done.stderr.strip() or "no message").splitlines()[-1][:90])
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _squeeze() -> Section:
    section = Section("The shipped squeeze: 8 makers, 10,000 leveraged accounts, two hours", ("what", "CPU seconds"))
    scenario = find_scenario("short-squeeze")
    section.rows.append(("build", f"{cpu_seconds(lambda: open_play(scenario), 1):.1f}"))
    base = open_play(scenario)
    copies = iter([base.clone() for _ in range(4)])
    section.rows.append(("play", f"{cpu_seconds(lambda: next(copies).run_all(), 3):.1f}"))
    section.notes.append("goal: at most 60 seconds in all on two cores")
    return section


if __name__ == "__main__":
    main()
