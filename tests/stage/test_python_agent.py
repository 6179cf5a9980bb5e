"""Agents of the user's own: what they see, what their orders do, and how a run ends that one of them spoils."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from tests.stage.agents.town import Town, scenario
from tests.stage.small import small_squeeze

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.kinds import Kind, Mechanism, Stop
from shortdesk.ground.order import Side
from shortdesk.ground.run_folder import read_run
from shortdesk.stage.agents.own import OwnTerms
from shortdesk.stage.python_agent import AgentFailed, with_agent
from shortdesk.stage.run import run_into

EXAMPLE = Path(__file__).parents[2] / "examples" / "fade_the_spike.py"


def written(folder: Path, body: str, extra: str = "") -> str:
    """A file with a class whose ``wake`` has this body."""
    text = "from shortdesk.stage.view import *\n\nclass Own:\n    n = 0\n"
    text += indent(dedent(extra), "    ") + "    def wake(self, view, now):\n        self.n += 1\n"
    (folder / "own.py").write_text(text + indent(dedent(body), "        "))
    return str(folder / "own.py")


def own(file: str, **changes: Any) -> OwnTerms:
    terms: dict[str, Any] = {"name": "mine", "file": file, "cls": "Own", "instrument": "PERP", "latency_ms": 2.0}
    return OwnTerms(**(terms | changes))


def town(file: str, **changes: Any) -> Town:
    found = Town(own(file, **changes))
    found.quote("PERP", 99.99, 100.01, 50.0)
    found.quote("SPOT", 99.98, 100.02, 50.0)
    return found


def seen(found: Town) -> dict[str, Any]:
    """What the agent kept."""
    mind = next(iter(found.play._minds.values()))
    return dict(vars(mind._self))


def test_it_trades_and_sees_what_it_did(tmp_path: Path) -> None:
    body = """
        self.seen = getattr(self, "seen", [])
        self.seen.append((view.seconds, view.position(), view.fills(), view.trades()))
        return [Order(-2.0)] if self.n == 1 else []
    """
    found = town(written(tmp_path, body))
    found.go(3.5)
    account = found.accounts("mine")[0]
    assert found.held(account, "PERP") == pytest.approx(-2.0)
    first, second, third = seen(found)["seen"]
    assert [one[0] for one in (first, second, third)] == [1.0, 2.0, 3.0]
    assert (first[1], second[1]) == (0.0, -2.0)
    assert [(trade.price, trade.size) for trade in second[2]] == [(99.99, -2.0)]
    assert second[3] == second[2]
    assert third[2] == []
    assert {int(row["mechanism"]) for row in found.of(Kind.FILL, "mine")} == {Mechanism.USER}


def test_its_latency_delays_what_it_says(tmp_path: Path) -> None:
    found = town(written(tmp_path, "return [Order(1.0)] if self.n == 1 else []"), latency_ms=400.0)
    found.go(10)
    came_ns = int(found.of(Kind.FILL, "mine")["time_ns"][0]) - found.play.scenario.start_ns
    assert came_ns > 1.2e9


def test_it_sees_the_market(tmp_path: Path) -> None:
    body = """
        self.bid, self.ask, self.mid = view.bid(), view.ask(), view.mid()
        self.depth, self.sizes = view.depth(3), view.best_sizes()
        self.marks = view.mark(), view.index(), view.last(), view.open_interest()
        self.rate = view.funding_rate(), view.funding_hours(), view.next_funding_ns()
        self.money = view.balance(), view.free(), view.equity(), view.maintenance()
        self.spot = view.bid("SPOT"), view.position("SPOT"), view.balance("SPOT")
        self.orders = view.orders()
        self.grid = view.tick(), view.lot(), view.instruments
        return [Order(1.0, price=99.955, id=7)] if self.n == 1 else []
    """
    found = town(written(tmp_path, body), others=("SPOT",), base_usd=500)
    found.rest("PERP", Side.SELL, 100.05, 3.0)
    found.go(2.5)
    kept = seen(found)
    assert (kept["bid"], kept["ask"], kept["mid"]) == (99.99, 100.01, pytest.approx(100.0))
    assert kept["depth"] == ([(99.99, 50.0), (99.95, 1.0)], [(100.01, 50.0), (100.05, 3.0)])
    assert kept["sizes"] == (50.0, 50.0)
    assert kept["marks"][1] == 100.0
    assert kept["rate"][1] == 8
    assert kept["money"][0] == 100_000.0
    assert kept["money"][1] == pytest.approx(100_000 - 99.95 / 5, abs=1)
    assert kept["spot"] == (99.98, 5.0, 100_000.0)
    assert kept["grid"] == (0.01, 0.01, ("PERP", "SPOT"))
    assert [(one.id, one.price, one.size) for one in kept["orders"]] == [(7, 99.95, 1.0)]  # the price moved to the grid


def test_its_equity_is_its_wallet_before_the_first_order(tmp_path: Path) -> None:
    found = town(written(tmp_path, "self.money = view.equity(), view.maintenance(), view.balance()"))
    found.go(1.5)
    assert seen(found)["money"] == (100_000.0, 0.0, 100_000.0)


def test_orders_of_every_kind(tmp_path: Path) -> None:
    body = """
        self.open = view.orders()
        if self.n == 1:
            return [Order(1.0, price=99.5, id=3), Order(-1.005, price=100.504), Order(2.0, price=99.0, ioc=True)]
        if self.n == 2:
            return [Cancel(3)]
        if self.n == 4:
            return [CancelAll(), Sleep(5.0)]
    """
    found = town(written(tmp_path, body))
    found.go(1.5)
    found.go(1)
    assert [(one.id, one.price, one.size) for one in seen(found)["open"]] == [(4, 100.51, -1.0), (3, 99.5, 1.0)]
    found.go(1)
    assert [one.id for one in seen(found)["open"]] == [4]
    found.go(1.5)
    found.go(3.9)
    assert seen(found)["n"] == 4  # asleep
    found.go(1)
    assert (seen(found)["n"], seen(found)["open"]) == (5, [])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [1 / 0]", r"raised ZeroDivisionError: division by zero in line \d+ of own.py"),
        ("while True: pass", "ran more than 20,000 steps in one wake"),
        ("while True:\n    try:\n        x = 1\n    except Exception:\n        pass", "ran more than 20,000 steps"),
        ("return 'buy'", "returned 'buy'; expected a list of orders"),
        ("return Order(1.0)", "expected a list of orders"),
        ("return ['buy']", "returned 'buy' among its orders"),
        ("return [Order('much')]", "gave 'much' as the size of an order; expected a number"),
        ("return [Order(float('nan'))]", "gave nan as the size"),
        ("return [Order(0.001)]", "ordered a size of 0.001; the smallest is 0.01"),
        ("return [Order(1.0, price=-5)]", "gave -5 as the price of an order; expected at least 0.01"),
        ("return [Order(1.0, instrument='DOGE')]", "unknown instrument 'DOGE'"),
        ("return [Order(1.0, id=-1)]", "gave -1 as an order's id"),
        ("return [Cancel('x')]", "gave 'x' as an order's id"),
        ("return [Sleep(-1)]", "gave -1 as the seconds of Sleep"),
        ("return [Order(1.0)] * 97", "gave 97 orders at once; at most 96"),
        ("view.bid('DOGE')", "unknown instrument 'DOGE'"),
    ],
)  # fmt: skip
def test_a_run_that_an_agent_spoils_ends_with_its_name_time_and_last_orders(
    tmp_path: Path, body: str, said: str
) -> None:
    file = written(tmp_path, f"if self.n < 3:\n    return [Order(1.0, price=90.0)]\n{body}")
    found = town(file, most_steps=20_000)
    pieces: list[Any] = []
    with pytest.raises(AgentFailed, match=said) as failed:
        pieces.extend(found.play.run(found.play.now_ns + 10 * 10**9))
    assert "agent 'mine' (Own)" in str(failed.value)
    assert "3.000000 s into the run" in str(failed.value)
    assert "its last orders: Order(size=1.0, price=90.0" in str(failed.value)
    assert str(failed.value).startswith(file)
    last = pieces[-1][-1]
    assert (int(last["kind"]), int(last["code"])) == (Kind.STOPPED, Stop.AGENT_FAILED)
    assert int(last["account"]) == found.accounts("mine")[0]


def test_the_journal_so_far_is_kept(tmp_path: Path) -> None:
    file = written(tmp_path, "if self.n == 4: raise ValueError('enough')\nreturn []")
    staged = with_agent(scenario(), f"{file}:Own")
    with pytest.raises(AgentFailed):
        run_into(tmp_path / "run", staged)
    ended = read_run(tmp_path / "run")
    assert ended.stop.startswith("failed: ")
    assert "enough" in ended.stop
    assert ended.streams["journal"].rows > 10


@pytest.mark.parametrize(
    ("text", "cls", "said"),
    [
        ("class Own:\n    def wake(self) return 1\n", "Own", r"own.py:2: not Python"),
        ("import nothing_of_this_name\n", "Own", "cannot be run: ModuleNotFoundError"),
        ("class Owm:\n    pass\n", "Own", "unknown class 'Own'; did you mean 'Owm'"),
        ("class Own:\n    pass\n", "Own", r"has no wake\(view, now\)"),
        ("class Own:\n    def __init__(self, x): pass\n", "Own", "cannot be made"),
    ],
)
def test_what_cannot_be_loaded_is_said(tmp_path: Path, text: str, cls: str, said: str) -> None:
    (tmp_path / "own.py").write_text(text)
    with pytest.raises((InputError, UsageError), match=said):
        Town(own(str(tmp_path / "own.py"), cls=cls))


def test_a_missing_file_and_a_wrong_form_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        Town(own(str(tmp_path / "none.py")))
    for text in ("own.py", ":Own", "own.py:", "own.py:not a name"):
        with pytest.raises(UsageError, match="expected FILE:Class"):
            with_agent(scenario(), text)


def test_switched_off_or_taken_away_it_is_not_asked(tmp_path: Path) -> None:
    file = written(tmp_path, "return [Order(1.0)]")
    off, away = town(file), town(file)
    off.switch_off(Mechanism.USER)
    away.play.take_away("mine")
    for found in (off, away):
        found.go(5)
        assert "n" not in seen(found)
        assert len(found.of(Kind.FILL, "mine")) == 0


def test_a_clone_has_a_memory_of_its_own(tmp_path: Path) -> None:
    found = town(written(tmp_path, "self.kept = getattr(self, 'kept', [])\nself.kept.append(now)\nreturn [Order(0.5)]"))
    found.go(3.5)
    other = found.play.clone()
    first = found.play.run_all(found.play.now_ns + 3 * 10**9)
    assert len(seen(found)["kept"]) == 6
    assert len(next(iter(other._minds.values()))._self.kept) == 3
    second = other.run_all(other.now_ns + 3 * 10**9)
    assert first.tobytes() == second.tobytes()
    assert found.play.digest() == other.digest()


def test_the_example_shorts_a_spike(tmp_path: Path) -> None:
    staged = with_agent(small_squeeze(), f"{EXAMPLE}:FadeTheSpike", options={"rise_bps": 10.0}, every_s=0.5)
    summary = run_into(tmp_path / "run", staged)
    assert summary.stop == "horizon"
    from shortdesk.stage.play import open_play

    play = open_play(staged)
    rows = play.run_all()
    account = next(one.accounts for one in play.cast.populations if one.name == "FadeTheSpike")[0]
    fills = rows[(rows["kind"] == Kind.FILL) & (rows["account"] == account)]
    assert len(fills) > 0
    assert fills["lots"][0] < 0
