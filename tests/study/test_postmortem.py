"""Post-mortems of journals written by hand, whose answers are worked out in ``postmortem_story``."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np
import pytest
from tests.study.postmortem_story import ANN, BOB, WHALE, calm, journal_of, squeeze

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.journal import Journal, Kind, new_rows
from shortdesk.study.postmortem import Postmortem, explain, liquidated_accounts
from shortdesk.study.postmortem_causes import bounce_ticks, last_crossing
from shortdesk.study.postmortem_report import page_of
from shortdesk.study.postmortem_verdict import THRESHOLDS, Replay, judge


@pytest.fixture(scope="module")
def report() -> Postmortem:
    return explain(journal_of(squeeze()))


def test_the_tree_of_causes(report: Postmortem) -> None:
    forced = report.forced
    assert forced.account.tolist() == [ANN, BOB]
    assert forced.generation.tolist() == [1, 2]
    assert forced.parent.tolist() == [-1, 0]
    assert [forced.roots[number] for number in forced.root] == ["whale (metaorder)", "whale (metaorder)"]
    tape = report.tape
    # The whale's second fill took the price through 102, Ann's own purchase took it through 105.
    assert [int(tape.price[tape.fills[at]]) for at in forced.by_fill] == [102, 105]
    assert [int(tape.account[tape.fills[at]]) for at in forced.by_fill] == [WHALE, ANN]
    assert report.trees == [("whale (metaorder)", 2, 2)]
    assert [(one.number, one.liquidations, one.stops, one.lots) for one in report.generations] == [
        (1, 1, 0, 10),
        (2, 1, 0, 10),
    ]


def test_the_branching_ratio_and_what_it_is_held_against(report: Postmortem) -> None:
    found = report.branching
    assert (found.first, found.all, found.ratio) == (1, 2, 0.5)
    assert found.low == 0.0  # 0.5 - 1.96 * sqrt(0.25 / 1) is below zero
    assert found.high == 1.0
    assert found.density == 2 / 5  # two orders on the way of the mark from 100 to 105
    assert found.size_lots == 10


def test_the_move_and_what_is_left_of_it(report: Postmortem) -> None:
    move = report.move
    assert (move.up, move.begin_ticks, move.peak_ticks, move.end_ticks) == (True, 100, 105, 101)
    assert move.part == 0.05
    assert move.after_ticks == pytest.approx((105 * 1 + 101 * 4) / 5)  # a second at 105, four at 101
    assert move.given_back == pytest.approx(3.2 / 5)


def test_changes_of_the_middle_sum_to_its_way_exactly(report: Postmortem) -> None:
    # All four took from the asks, so the half-spread cancels: 100, 102, 105, 108. What came after Bob lies outside.
    booked = {one.name: one.ticks for one in report.by_mechanism}
    assert booked == {"metaorder": 5.0, "liquidation": 3.0}
    assert {one.name: one.ticks for one in report.by_root} == {"whale (metaorder)": 8.0}
    for lines in (report.by_mechanism, report.by_root):
        assert sum(one.ticks for one in lines) == 108 - 100
    assert (report.forced_lots, report.taken_lots) == (20, 30)


def test_gain_by_price_counts_every_forced_order_once(report: Postmortem) -> None:
    assert sum(one.liquidations for one in report.rungs) == 2
    assert sum(one.forced_lots for one in report.rungs) == 20
    assert sum(one.all_lots for one in report.rungs) == 30
    assert (report.rungs[0].low_ticks, report.rungs[-1].high_ticks) == (100, 105)


def test_the_money_as_added_up_on_paper(report: Postmortem) -> None:
    flows = report.flows[0]
    columns = ("price", "fees", "funding", "interest", "liquidation", "other")
    rows = zip(flows.groups, flows.table.tolist(), strict=True)
    table = {name: dict(zip(columns, row, strict=True)) for name, row in rows}
    assert table["shorts, liquidated"]["price"] == -50 - 80
    assert table["shorts, liquidated"]["liquidation"] == 20
    assert table["insurance fund"]["liquidation"] == -20
    assert table["whale"] == dict.fromkeys(columns, 0) | {"fees": -2}
    assert table["makers"]["price"] == 110
    assert table["holders"]["price"] == 20
    assert table["fee income"]["fees"] == 2
    assert not flows.left_over.any()
    assert flows.clearing == 0
    assert [(one.name, one.gain_units) for one in report.winners] == [("max", 110), ("hal", 20)]
    assert [(one.name, one.gain_units) for one in report.losers] == [("bob", -80), ("ann", -30), ("whale", -2)]
    assert [(one.account, one.gain_units) for one in liquidated_accounts(report)] == [(BOB, -80), (ANN, -30)]


def test_the_verdict_counts_and_can_say_no(report: Postmortem) -> None:
    # Two forced orders are not twenty, whatever else holds.
    assert report.verdict.outcome == "not"
    assert "forced orders in the move: 2, 20 needed" in report.verdict.words
    few = THRESHOLDS._replace(forced_orders=2)
    judged = judge(report.move, report.branching, 20, 30, (), few)
    assert judged.outcome == "squeeze"
    assert "66.7% of the aggressive buying" in judged.words
    assert judge(report.move, report.branching, 3, 30, (), few).outcome == "partly"
    assert judge(report.move._replace(up=False), report.branching, 20, 30, (), few).words.startswith("A long cascade")


@pytest.mark.parametrize(("effect", "outcome"), [(4.0, "squeeze"), (1.0, "partly")])
def test_a_replay_whose_error_holds_zero_forbids_the_word_squeeze(
    report: Postmortem, effect: float, outcome: str
) -> None:
    few = THRESHOLDS._replace(forced_orders=2)
    told = Replay(mechanism="liquidation", functional="peak", effect=effect, standard_error=1.0, seeds=8)
    assert judge(report.move, report.branching, 20, 30, (told,), few).outcome == outcome


def test_a_calm_journal_is_not_a_squeeze() -> None:
    report = explain(journal_of(calm()))
    assert report.verdict.outcome == "not"
    assert report.branching.all == 0
    assert math.isnan(report.branching.ratio)
    assert "forced orders in the move: 0" in report.verdict.words
    assert report.forced_lots == 0


def test_timeline_is_in_order_and_names_the_extremes(report: Postmortem) -> None:
    times = [one.time_ns for one in report.timeline]
    assert times == sorted(times)
    told = {one.what: one.price for one in report.timeline}
    assert told["mark: the move begins"] == "100"
    assert told["mark: the move ends"] == "105"
    assert told["traded price: its highest"] == "108"
    assert told["first liquidation of 2"] == "102"
    assert told["the insurance fund at its lowest: 80.00 USD, after 100.00 USD at first"] == ""


def test_a_public_tape_says_what_it_cannot_know() -> None:
    rows = calm()
    rows = rows[np.isin(rows["kind"], [Kind.FILL])].copy()
    for field in ("account", "other", "order", "other_order"):
        rows[field] = -1
    report = explain(Journal.from_rows(rows))
    assert report.verdict.outcome == "not"
    assert any("no marks" in sentence for sentence in report.unknown)
    assert any("name nobody" in sentence for sentence in report.unknown)
    assert any("No money moves" in sentence for sentence in report.unknown) or report.flows[0].clearing == 0
    assert "Post-mortem" in page_of(report)


def test_one_side_alone_is_said_to_be_one_side() -> None:
    # An export of Ann's own account: her rows, nobody else's position.
    rows = squeeze()
    rows = rows[(rows["account"] == ANN) | np.isin(rows["kind"], [Kind.MARK])].copy()
    rows["units"] *= 10**6  # so that what is left over is no rounding
    rows["lots"] *= 10**6
    report = explain(Journal.from_rows(rows, None, journal_of(rows).names))
    assert not report.flows[0].left_over.any()
    assert any("both sides" in sentence for sentence in report.unknown)


def test_an_empty_journal_and_an_unknown_instrument_are_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        explain(Journal.from_rows(new_rows(0)))
    with pytest.raises(UsageError, match="COIN"):
        explain(journal_of(squeeze()), instrument="BTC")


@pytest.mark.parametrize(
    ("prices", "level", "up", "spread", "place"),
    [
        ([1, 2, 3], 3, True, 0, 2),
        ([1, 3, 2, 3], 3, True, 0, 3),  # it left the level by a tick and came back
        ([1, 3, 2, 3], 3, True, 2, 1),  # with a spread of two that was a hop between bid and ask
        ([3, 3, 3], 3, True, 0, -1),  # there from the beginning
        ([1, 2], 3, True, 0, -1),
        ([5, 4, 2], 3, False, 0, 2),
        ([1] * 1_000 + [4] + [5] * 1_000, 4, True, 0, 1_000),  # further back than one look
    ],
)
def test_where_a_price_went_through_a_level(prices: list[int], level: int, up: bool, spread: int, place: int) -> None:
    assert last_crossing(np.array(prices), len(prices), level, up, spread) == place


def test_the_spread_is_that_between_fills_of_opposite_takers() -> None:
    assert bounce_ticks(explain(journal_of(calm())).tape) == 2  # bought at 1001, sold at 999
    assert bounce_ticks(explain(journal_of(squeeze())).tape) == 7  # Bob bought at 108, Nan sold at 101


def test_stops_count_as_forced_orders_and_stand_in_the_tree() -> None:
    # Ann's liquidation becomes a stop: the mark's child is the fill itself, as in a Journal without order rows.
    rows = squeeze()
    mark = int(np.flatnonzero((rows["kind"] == Kind.MARK) & (rows["price"] == 102))[0])
    fill = int(np.flatnonzero((rows["kind"] == Kind.FILL) & (rows["account"] == ANN))[0])
    rows["mechanism"][fill], rows["cause"][fill] = 7, mark
    kept = np.ones(len(rows), bool)
    kept[mark + 1 : fill] = False
    report = explain(journal_of(rows[kept]))
    assert report.forced.kind.tolist() == [1, 0]
    assert report.forced.generation.tolist() == [1, 2]
    assert report.generations[0].stops == 1


def test_what_a_page_must_not_hold(report: Postmortem) -> None:
    told = [Replay(mechanism="liquidation", functional="peak", effect=3.0, standard_error=0.5, seeds=8, shapley=2.5)]
    text = page_of(dataclasses.replace(report, replays=told))
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text
    assert "src=" not in text
    assert "prefers-color-scheme: dark" in text
    assert report.verdict.words.split(":")[0] in text
    assert "Shapley value" in text


def test_groups_are_accounts_where_no_populations_are_told() -> None:
    names = journal_of(squeeze()).names
    plain = msgspec.structs.replace(names, account=msgspec.structs.replace(names.account, info=[]))
    flows = explain(Journal.from_rows(squeeze(), None, plain)).flows[0]
    assert {"max", "whale", "ann, liquidated", "insurance fund", "fee income", "clearing"} <= set(flows.groups)
    assert not flows.left_over.any()
