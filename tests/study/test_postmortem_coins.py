"""A stablecoin behind shorts falls, and the post-mortem names it: whom it killed, equity by component, the timeline."""

from __future__ import annotations

import pytest
from tests.stage.test_collateral import FALLS, town

from shortdesk.ground.journal import Journal
from shortdesk.ground.kinds import Kind
from shortdesk.ground.run_folder import Run
from shortdesk.stage.run import run_codes
from shortdesk.study.postmortem import Postmortem, explain
from shortdesk.study.postmortem_account import PARTS, Death, why_liquidated
from shortdesk.study.postmortem_coins import coins_behind
from shortdesk.study.postmortem_timeline import timeline_of
from shortdesk.study.postmortem_why import why


@pytest.fixture(scope="module")
def report() -> Postmortem:
    found = town(*FALLS)
    found.go(6)
    run = Run(scenario="peg", seed=1, start_ns=found.play.scenario.start_ns, state="ended", codes=run_codes())
    return explain(Journal.from_rows(found.rows, run, found.play.names), instrument="PERP")


@pytest.fixture(scope="module")
def death(report: Postmortem) -> Death:
    return why_liquidated(report, int(report.forced.account[0]))


def test_what_set_them_off_is_the_mark_of_the_coin(report: Postmortem) -> None:
    assert len(report.forced) == 20
    assert {report.forced.roots[int(root)] for root in report.forced.root} == {"the mark of COIN"}
    assert set(report.forced.generation.tolist()) == {1}
    assert set(report.forced.mark.tolist()) == {-1}  # no mark of PERP did it


def test_equity_by_component_is_what_the_venue_says(report: Postmortem, death: Death) -> None:
    parts = dict(zip(PARTS, death.at_death.parts[0].tolist(), strict=True))
    assert parts["coins"] > 0
    assert parts["put in"] == 0
    assert int(death.at_death.total[0]) == death.equity_units
    before = coins_behind(report.tape, death.account, report.tape.where(Kind.DEPOSIT)[-1:])
    assert parts["coins"] / int(before[0]) == pytest.approx(0.05, rel=1e-4)


def test_it_is_told_in_words(report: Postmortem, death: Death) -> None:
    assert "not this price but the mark of COIN" in why(report, death)
    assert [step.what for step in death.steps].count("the venue pays and takes coins for it") == 1
    assert (death.causes[1].what, death.causes[1].ticks) == ("the mark of COIN", 0)


def test_the_timeline_names_it(report: Postmortem) -> None:
    told = [(one.what, one.price) for one in timeline_of(report.tape, report.forced, report.move)]
    assert ("the scenario acts: USDE is worth 0.5", "") in told
    assert ("the scenario acts: USDE is worth 0.05", "") in told
    assert ("mark of COIN: its lowest", "0.0500") in told
    assert ("COIN sets off the first of 20 forced orders", "") in told
    assert any(what.startswith("the venue takes USDE for minuses: 20 times in all") for what, _ in told)


def test_money_flows_conserve_in_both_assets(report: Postmortem) -> None:
    tape = report.tape
    taken = tape.where(Kind.COLLATERAL)
    assert len({int(one) for one in tape.asset[taken]}) == 2
    for flows in report.flows:
        assert int(flows.table.sum()) == 0
