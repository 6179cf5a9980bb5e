"""Counterfactuals: what a fork keeps, what a change reaches, and that the sums are exact."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.stage.small import small_squeeze

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.tables import Shelf, leg_at, venue_at
from shortdesk.stage.changes import Change, apply_changes
from shortdesk.stage.gauges import equity_units
from shortdesk.stage.measure import FUNCTIONALS, fork_of, measure, parting, trace_of
from shortdesk.stage.parts import WAKE, Part
from shortdesk.stage.play import Play, open_play
from shortdesk.stage.replay import Question, changed_scenario, dose_response, replay, replays_asked

SECOND_NS = 10**9
ALONE = ("seq", "cause")


@pytest.fixture(scope="module")
def fork() -> Play:
    """The small squeeze four seconds after its start."""
    play = open_play(small_squeeze())
    list(play.run(play.scenario.start_ns + 4 * SECOND_NS))
    return play


def question(*changes: Change, seeds: int = 1, with_shapley: bool = False) -> Question:
    scenario = small_squeeze()
    from_ns = scenario.start_ns + 4 * SECOND_NS
    return Question(
        scenario, changes, tuple(range(1, 1 + seeds)), from_ns, from_ns + 4 * SECOND_NS, with_shapley=with_shapley
    )


def test_a_fork_without_a_change_is_the_run_to_the_row(fork: Play) -> None:
    other, again = fork.clone(), open_play(fork.scenario)
    rows, whole = other.run_all(), again.run_all()
    assert np.array_equal(rows, whole[-len(rows) :])
    assert len(rows) > 100
    assert other.digest() == again.digest()


def rows_after(fork: Play, *changes: Change) -> np.ndarray:
    """What happens after the fork, without the rows of the change itself."""
    play = fork.clone()
    apply_changes(play, changes)
    play.take_waiting()
    return play.run_all()


def bare(rows: np.ndarray) -> np.ndarray:
    """Rows without their numbers in the journal."""
    names = [name for name in rows.dtype.names if name not in ALONE]
    return rows[names].copy().view(np.ndarray)


@pytest.mark.parametrize("name", ["shorts 3", "shorts 17", "shorts 28", "makers 2", "makers 7", "institutions 1"])
def test_removing_an_account_changes_nothing_before_its_first_act(name: str) -> None:
    """Forked at the start: all rows of others are the same until the account does something or is liquidated."""
    play = open_play(small_squeeze())
    list(play.run(play.scenario.start_ns))
    account = {known: number for number, known in play.cast.account_names.items()}[name]
    whole, without = rows_after(play), rows_after(play, Change("without_account", name))
    population = next(one for one in play.cast.populations if account in one.accounts)
    own = {account}
    if population.kind == "crowd":
        holders = next(one for one in play.cast.populations if one.name == "shorts holders").accounts
        own.add(holders[population.accounts.index(account) % len(holders)])
        concerns = whole["time_ns"][whole["account"] == account]
        first_ns = int(concerns[0]) if len(concerns) else play.scenario.end_ns + 1
    else:
        index = population.agents[population.accounts.index(account)]
        first_ns = next(int(row.time_ns) for row in play.rows(Part.WAKES, WAKE) if row.agent == index)
    before = [rows[(rows["time_ns"] < first_ns) & ~np.isin(rows["account"], list(own))] for rows in (whole, without)]
    assert len(before[0]) >= 10
    assert np.array_equal(*(bare(rows) for rows in before))
    gone = (without["account"] == account) | (without["other"] == account)
    assert not (gone & (without["kind"] == Kind.FILL)).any()


def test_a_member_of_a_crowd_is_closed_against_its_holder(fork: Play) -> None:
    play = fork.clone()
    account = {known: number for number, known in play.cast.account_names.items()}["shorts 3"]
    before = play.world.table(Shelf.LEGS)["lots"].sum()
    apply_changes(play, [Change("without_account", "shorts 3")])
    legs = play.world.table(Shelf.LEGS)
    assert legs["lots"].sum() == before == 0
    assert not legs["lots"][legs["account"] == account].any()
    rows = np.concatenate(play.take_waiting())
    assert set(rows["kind"]) <= {Kind.POSITION, Kind.REALISED, Kind.CANCELLED, Kind.MARGIN}
    assert (rows["kind"] == Kind.POSITION).sum() == 2


def test_each_switch_silences_what_it_names(fork: Play) -> None:
    def by(mechanism: Mechanism, rows: np.ndarray) -> int:
        return int(((rows["kind"] == Kind.FILL) & (rows["mechanism"] == mechanism)).sum())

    whole = rows_after(fork)
    assert by(Mechanism.LIQUIDATION, whole) > 0
    quiet = rows_after(fork, Change("without", "liquidation"))
    assert not np.isin(quiet["kind"], [Kind.LIQUIDATION_START, Kind.TAKEOVER]).any()
    assert by(Mechanism.METAORDER, whole) > 0
    assert by(Mechanism.METAORDER, rows_after(fork, Change("without", "metaorder"))) == 0
    makers = {number for one in fork.cast.populations if one.name == "makers" for number in one.accounts}
    alone = rows_after(fork, Change("without", "makers"))
    fills = alone[alone["kind"] == Kind.FILL]
    assert not makers & (set(fills["other"].tolist()) | set(fills["account"].tolist()))
    assert not (rows_after(fork, Change("without", "withdrawal"))["kind"] == Kind.PRESENCE).any()


def test_rules_fund_and_pause_are_what_was_asked(fork: Play) -> None:
    play = fork.clone()
    market, venue = play.cast.markets["SOL-PERP"], venue_at(play.world.block, 1)
    apply_changes(play, [Change("like", "bybit"), Change("fund", "1234.5"), Change("wait", "2.5")])
    assert equity_units(play.world, int(venue.insurance), market.settle_asset) == market.units(1234.5)
    assert venue.wait_ms == 2_500
    assert (venue.cover_1, venue.cover_2) == (Cover.INSURANCE, Cover.ADL)
    apply_changes(play, [Change("without", "adl")])
    assert (venue.cover_1, venue.cover_2, venue.cover_3) == (Cover.INSURANCE, Cover.DEFICIT, Cover.NOBODY)
    form = int(venue.liquidation_form)
    apply_changes(play, [Change("adl_like", "hyperliquid")])
    assert (venue.adl_price, int(venue.liquidation_form)) == (AdlPrice.MARK, form)
    total = sum(int(row["units"]) for row in play.world.table(Shelf.BALANCES) if row["asset"] == market.settle_asset)
    assert total == 0


def test_measured_by_hand(fork: Play) -> None:
    """Peak and forced worth are those of the rows."""
    start = fork_of(open_play(small_squeeze()), small_squeeze().start_ns + 4 * SECOND_NS)
    found = measure(start.play.clone(), start, small_squeeze().end_ns, traced=True)
    rows = rows_after(fork)
    base = start.bases[1]
    marks = rows["price"][rows["kind"] == Kind.MARK]
    assert found.values["peak_pct"] == pytest.approx(100 * (marks.max() / base - 1))
    forced = rows[(rows["kind"] == Kind.FILL) & (rows["mechanism"] == Mechanism.LIQUIDATION)]
    assert found.values["liquidated"] == pytest.approx(forced["units"].sum() / 1e6)
    assert found.values["liquidated"] > 0
    assert found.trace is not None
    assert len(found.trace.words) == len(rows)


def test_where_two_continuations_part(fork: Play) -> None:
    rows = rows_after(fork)
    changed = rows.copy()
    fills = np.flatnonzero(rows["kind"] == Kind.FILL)
    half = fills[len(fills) // 2]
    changed["price"][half] += 1
    renumbered = rows.copy()
    renumbered["seq"] += 5
    assert parting(trace_of([rows]), trace_of([renumbered])) == (None, 1.0)
    time_ns, same = parting(trace_of([rows]), trace_of([rows[:100], changed[100:]]))
    after = (fills >= half).sum()
    assert (time_ns, same) == (int(rows["time_ns"][half]), pytest.approx((after - 1) / after))


def test_replays_sum_and_do_not_depend_on_who_computes_them() -> None:
    asked = question(Change("without", "liquidation"), Change("without", "trigger"), seeds=2, with_shapley=True)
    assert replays_asked(asked) == 2 * 4
    counted: list[int] = []
    found = replay(asked, told=counted.append)
    assert sum(counted) == 8
    assert found == replay(asked, workers=2)
    assert [(one.mechanism, one.functional) for one in found.effects] == [
        (mechanism, functional) for mechanism in ("liquidation", "trigger") for functional in FUNCTIONALS
    ]
    for total in found.totals:
        assert total.shapley_sum == pytest.approx(total.total, abs=1e-6)
        mine = [one.effect for one in found.effects if one.functional == total.functional]
        assert total.one_at_a_time == pytest.approx(sum(mine))
    peak = {one.mechanism: one for one in found.effects if one.functional == "peak_pct"}
    assert peak["trigger"].effect > 0
    assert [one.seed for one in found.divergences] == [1, 1, 2, 2]


def test_doses_are_paired_with_the_first() -> None:
    doses = dose_response(question(), "fund", ["0", "2000000"])
    base = [one for one in doses if one.value == "0"]
    assert [one.functional for one in base] == list(FUNCTIONALS)
    assert all(one.difference == 0 for one in base)
    wide = dose_response(question(), "trigger.amount_usd", ["100000", "2000000"])
    peaks = [one.mean for one in wide if one.functional == "peak_pct"]
    assert peaks[1] > peaks[0]


def test_settings_over_a_scenario_that_was_read_before() -> None:
    scenario = small_squeeze()
    assert changed_scenario(scenario, []) == scenario
    assert changed_scenario(scenario, ["seed=9"]) == msgspec.structs.replace(scenario, seed=9)
    with pytest.raises(UsageError, match="unknown key of makers 'cuont'"):
        changed_scenario(scenario, ["makers.cuont=1"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change("without", "liquidations"), "did you mean 'liquidation'"),
        (Change("without_account", "shorts 99"), "unknown account 'shorts 99'; did you mean"),
        (Change("without_account", "noise 2"), "take the population 'noise' away"),
        (Change("without_account", "shorts holders 1"), "on the other side of others' positions"),
        (Change("without_account", "insurance of futures"), "cannot be taken away"),
        (Change("like", "binanse"), "unknown venue"),
        (Change("fund", "-3"), "expected an amount of the quote"),
        (Change("wait", "soon"), "expected seconds"),
    ],
)
def test_what_cannot_be_changed_says_why(fork: Play, change: Change, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        apply_changes(fork.clone(), [change])


def test_questions_that_make_no_sense() -> None:
    one = Change("without", "stop")
    with pytest.raises(UsageError, match="nothing to change"):
        replay(question())
    with pytest.raises(UsageError, match="given twice"):
        replay(question(one, one))
    with pytest.raises(UsageError, match="Shapley values of 1 groups"):
        replay(question(one, with_shapley=True))
    asked = question(one)
    with pytest.raises(UsageError, match="expected 0 <= fork < end"):
        replay(asked._replace(until_ns=asked.from_ns))


def test_legs_of_a_clone_are_its_own(fork: Play) -> None:
    other = fork.clone()
    leg_at(other.world.block, 1).lots += 1
    assert leg_at(fork.world.block, 1).lots == leg_at(other.world.block, 1).lots - 1
