"""Group ``exactness``: one and the same short, asked of every engine that pip can install.

Each engine lives in its own virtual environment in a temporary directory and is asked by its own driver in its
own process; nothing of theirs is imported here. The exact price comes from ``reference.py``, written apart from
the product, so the product is judged like the others.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from exactness.positions import SHORTS, Short
from exactness.reference import Bracket, liquidation_price, read_brackets
from harness import ONE_THREAD, Missing, Section, throwaway_python

DESCRIPTION = "liquidation prices of shorts: ours and other engines against exact fractions"

DRIVERS = Path(__file__).parent / "drivers"
DAY = date(2026, 9, 29)
SECONDS_PER_DRIVER = 300


class Peer(NamedTuple):
    """An engine: its driver, its pinned release, and the columns that the driver answers with."""

    driver: str
    requirements: tuple[str, ...]
    columns: tuple[str, ...]


PEERS = (
    Peer("freqtrade_driver.py", ("freqtrade==2026.9",), ("freqtrade", "freqtrade, buffer")),
    Peer("jesse_driver.py", ("jesse==3.5.3",), ("jesse",)),
    Peer("lrvx_driver.py", ("lrvx==0.11.0",), ("lrvx, preset", "lrvx, brackets")),
    Peer("nautilus_driver.py", ("nautilus_trader==1.221.0",), ("nautilus", "nautilus, standard")),
    Peer("octobot_driver.py", ("octobot-trading[full]==2.5.13",), ("octobot",)),
)

NOT_DRIVEN = (
    "vectorbt 1.2.0 and backtesting.py 0.6.6 have neither a maintenance margin nor a liquidation price.",
    "seda-backtester 0.1.1 and bigtest 2.0.1 watch a whole account at one flat rate and name no price.",
    "LEAN needs .NET or a container, Hummingbot Python 3.12: neither was asked.",
)


class Answer(NamedTuple):
    """A liquidation price, or why there is none."""

    price: float | None
    reason: str


Answers = dict[tuple[str, str], Answer]
"""By column and position."""


def measure(quick: bool) -> list[Section]:
    """The two tables; ``quick`` asks only the product and the engine that installs fastest."""
    peers = tuple(peer for peer in PEERS if not quick or peer.driver.startswith("lrvx"))
    symbols = {short.symbol for short in SHORTS} | {other.symbol for short in SHORTS for other in short.others}
    brackets = read_brackets(symbols)
    exact = {short.id: liquidation_price(short, brackets) for short in SHORTS}
    answers, versions = ask_all(peers, message(brackets))
    own = {short.id: ours(short) for short in SHORTS}
    answers |= {("shortdesk", name): Answer(float(price), "") for name, price in own.items()}
    farthest = max(abs(own[short.id] - exact[short.id]) for short in SHORTS)
    versions["shortdesk"] = f": desk.liquidation_price, at most {float(farthest):.0e} from the exact fraction"
    columns = ["shortdesk", *(column for peer in peers for column in peer.columns)]
    return [error_section(columns, answers, exact, versions), price_section(columns, answers, exact)]


def ours(short: Short) -> Fraction:
    """The product's own answer, from its sheets and its desk."""
    from shortdesk.ground.venue import load_venue
    from shortdesk.margin import desk
    from shortdesk.margin.contract import build_contract

    product = load_venue("binance_usdm").product[0]

    def opened(symbol: str, quantity: str, entry: str) -> tuple[desk.Contract, desk.Position]:
        contract = build_contract(product, symbol, short.mode, DAY)
        return contract, desk.opened(contract, "short", quantity, entry)

    contract, position = opened(short.symbol, short.quantity, short.entry)
    other_maintenance = other_unrealised = Fraction(0)
    for other in short.others:
        terms, leg = opened(other.symbol, other.quantity, other.entry)
        other_maintenance += Fraction(desk.margins(terms, leg, other.mark).maintenance)
        other_unrealised += Fraction(desk.state(terms, leg, other.mark).unrealised)
    price = desk.liquidation_price(
        contract,
        position,
        short.collateral,
        leverage=short.leverage,
        other_maintenance=other_maintenance,
        other_unrealised=other_unrealised,
    )
    if price is None:
        raise AssertionError(f"shortdesk has no liquidation price for {short.id}")
    return Fraction(price)


def message(brackets: dict[str, list[Bracket]]) -> str:
    """What the drivers read: all positions and the brackets of their symbols."""
    rows = {symbol: [[float(value) for value in row] for row in table] for symbol, table in brackets.items()}
    return json.dumps({"positions": [short.as_message() for short in SHORTS], "brackets": rows})


def ask_all(peers: Iterable[Peer], sent: str) -> tuple[Answers, dict[str, str]]:
    """Every peer's answers and versions; two environments are built at a time."""
    answers: Answers = {}
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="shortdesk-bench-") as root, ThreadPoolExecutor(2) as pool:
        for peer, lines in pool.map(lambda peer: (peer, ask(peer, Path(root), sent)), peers):
            if isinstance(lines, str):
                versions |= dict.fromkeys(peer.columns, f": {lines}")
                continue
            for line in lines:
                price = line["liquidation_price"]
                answers[line["peer"], line["position"]] = Answer(price, line["reason"])
                versions[line["peer"]] = f" ({line['version']}): {line['how']}"
    return answers, versions


def ask(peer: Peer, root: Path, sent: str) -> list[dict[str, str]] | str:
    """The lines of one driver, or in words why there are none."""
    name = peer.driver.removesuffix("_driver.py")
    print(
        f"  {name}: installing {' '.join(peer.requirements)} into a throw-away environment", file=sys.stderr, flush=True
    )
    try:
        python = throwaway_python(root / name, peer.requirements)
    except Missing as missing:
        return str(missing)
    work = root / f"{name}-work"
    work.mkdir()
    environment = {**os.environ, **ONE_THREAD, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    command = [str(python), str(DRIVERS / peer.driver)]
    try:
        done = subprocess.run(
            command, input=sent, capture_output=True, text=True, cwd=work, env=environment, timeout=SECONDS_PER_DRIVER
        )
    except subprocess.TimeoutExpired:
        return f"its driver did not end within {SECONDS_PER_DRIVER} s"
    if done.returncode:
        return f"its driver failed: {(done.stderr.strip() or 'no message').splitlines()[-1][:120]}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def error_of(price: float | None, short: Short, exact: Fraction) -> float | None:
    """By how much the distance to liquidation is wrong: distance / exact distance - 1."""
    if price is None:
        return None
    entry = float(Fraction(short.entry))
    return (price - entry) / (float(exact) - entry) - 1


def error_section(
    columns: list[str], answers: Answers, exact: dict[str, Fraction], versions: dict[str, str]
) -> Section:
    """Per position the exact distance, and per engine the error of its distance."""
    section = Section(
        "Distance to liquidation of a short: error against exact, in % of the distance",
        ("position", "exact distance, %", *columns),
    )
    errors: dict[str, list[float]] = {column: [] for column in columns}
    for short in SHORTS:
        distance = float(exact[short.id] / Fraction(short.entry) - 1) * 100
        row = [short.id, f"{distance:.3f}"]
        for column in columns:
            answer = answers.get((column, short.id))
            if answer is None:
                row.append("-")
                continue
            error = error_of(answer.price, short, exact[short.id])
            row.append("none" if error is None else shown_error(error))
            if error is not None:
                errors[column].append(abs(error))
        section.rows.append(row)
    section.rows.append(("median of sizes", "", *(summary(errors[column], statistics.median) for column in columns)))
    section.rows.append(("largest size", "", *(summary(errors[column], max) for column in columns)))
    section.notes = [
        "minus: the engine liquidates too early, plus: it promises more room than there is.",
        "none: the engine has no price for it; -: the engine could not be asked, for the reason given below.",
        *(f"{column}{versions.get(column, ': its driver gave no answer')}" for column in columns),
        *NOT_DRIVEN,
    ]
    return section


def price_section(columns: list[str], answers: Answers, exact: dict[str, Fraction]) -> Section:
    """The prices themselves."""
    words = frozenset({"what it shows"})
    section = Section("The same as prices", ("position", "entry", "exact", *columns, "what it shows"), words)
    for short in SHORTS:
        digits = max(2, 7 - len(str(int(Fraction(short.entry)))))
        row = [short.id, short.entry, f"{float(exact[short.id]):.{digits}f}"]
        for column in columns:
            answer = answers.get((column, short.id))
            price = answer.price if answer else None
            row.append("-" if answer is None else "none" if price is None else f"{price:.{digits}f}")
        section.rows.append([*row, short.why])
    return section


def shown_error(error: float) -> str:
    """An error in per cent; 0 stands for less than a billionth."""
    if abs(error) < 1e-9:
        return "0"
    return f"{error * 100:+.2f}" if abs(error) >= 5e-5 else f"{error * 100:+.0e}"


def summary(errors: list[float], statistic: Callable[[list[float]], float]) -> str:
    """One statistic of a column, in per cent."""
    if not errors:
        return "-"
    value = statistic(errors)
    return "0" if value < 1e-9 else f"{value * 100:.2f}"
