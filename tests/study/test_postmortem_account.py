"""Why Ann and Bob of ``postmortem_story`` were liquidated, with every figure worked out beside it."""

from __future__ import annotations

import pytest
from tests.study.postmortem_story import ANN, BOB, journal_of, squeeze

from shortdesk.study.postmortem import Postmortem, explain
from shortdesk.study.postmortem_account import PARTS, Death, account_number, why_liquidated
from shortdesk.study.postmortem_account_report import account_section, account_tables
from shortdesk.study.postmortem_report import page_of
from shortdesk.study.postmortem_what_if import what_ifs
from shortdesk.study.postmortem_why import why


@pytest.fixture(scope="module")
def report() -> Postmortem:
    return explain(journal_of(squeeze()))


@pytest.fixture(scope="module")
def ann(report: Postmortem) -> Death:
    return why_liquidated(report, ANN)


@pytest.fixture(scope="module")
def bob(report: Postmortem) -> Death:
    return why_liquidated(report, BOB)


def test_equity_by_component_is_what_the_venue_says(ann: Death, bob: Death) -> None:
    assert dict(zip(PARTS, ann.at_death.parts[0].tolist(), strict=True)) == {
        "put in": 30, "realised": 0, "fees": 0, "funding": 0, "liquidation": 0, "coins": 0,
        "unrealised": -20,
    }  # fmt: skip
    assert (ann.equity_units, ann.maintenance_units) == (10, 11)
    assert int(ann.at_death.total[0]) == ann.equity_units
    assert int(bob.at_death.total[0]) == bob.equity_units == 90 - 50


def test_equity_over_time_at_each_mark(ann: Death) -> None:
    # Marks 100, 101, 102, short 10 from 100 with 30 behind it.
    assert ann.path.ticks.tolist() == [100, 101, 102]
    assert ann.path.total.tolist() == [30, 20, 10]


def test_prices_that_bound_it(ann: Death) -> None:
    # Equity 10 at 102 and 10 a tick: none is left at 103. Rate 11 / 1020: the line is where 10 (103 - p) = rate 10 p.
    rate = 11 / 1020
    assert ann.bankruptcy_ticks == 103
    assert ann.maintenance_rate == pytest.approx(rate)
    assert ann.line_ticks == pytest.approx(103 / (1 + rate))
    assert ann.entry_ticks == 100


def test_the_end_of_it(ann: Death, bob: Death) -> None:
    assert (ann.closed_lots, ann.closed_ticks, ann.left_units, ann.paid_by_others_units) == (10, 105, 0, 20)
    assert (bob.closed_lots, bob.closed_ticks, bob.left_units, bob.paid_by_others_units) == (10, 108, 10, 0)
    assert bob.took == [("makers", 10)]
    assert [step.what for step in ann.steps] == [
        "equity below the requirement; equity", "liquidation begins; requirement", "an order is sent",
        "closed in the book", "the fund pays the rest", "liquidation ends; equity left",
    ]  # fmt: skip


def test_the_chain_leads_back_to_the_first_cause(bob: Death) -> None:
    assert [cause.what for cause in bob.causes] == [
        "liquidation of bob", "a liquidation order of ann", "liquidation of ann",
        "whale, free to trade or not (metaorder)",
    ]  # fmt: skip
    assert [cause.ticks for cause in bob.causes] == [105, 105, 102, 102]
    assert bob.root == "whale (metaorder)"


def test_the_answer_in_words(report: Postmortem, ann: Death, bob: Death) -> None:
    told = why(report, bob)
    assert "at the mark of 105 its equity of 40.00 USD no longer met the maintenance requirement of 41.00 USD" in told
    assert "carried there by a liquidation order of ann" in told
    assert "1 forced order stands between it and the first cause: whale (metaorder)" in told
    assert "worse than its bankruptcy price of 103; others paid 20.00 USD" in why(report, ann)


def test_three_ways_out_on_the_path_that_prices_took(report: Postmortem, ann: Death) -> None:
    more, smaller, stop = what_ifs(report, ann)
    # Worst mark 105: needed 10 * 105 * 11 / 1020 = 11.32 against 30 - 50 = -20: 31.32, so 32 more. At the last mark of
    # 101 the position has 30 - 10 = 20 left (beside what was added); Ann had nothing.
    assert more.what == "32.00 USD more margin"
    assert (more.left_units, more.saved_units) == (20, 20)
    # 30 / 61.32 of the position lives through it: 30 - 0.489 * 10 = 25 left; leverage 1000 / 30, and 0.489 of it.
    assert smaller.what == "16.3x leverage instead of 33.3x"
    assert (smaller.left_units, smaller.saved_units) == (25, 25)
    # Halfway from the first mark of 100 to the line of 101.9 is 101: reached by the mark of 101, filled by the next
    # trade of somebody else, the whale's 102: 30 - 20, and the fee of the tape, 1 / 500 to 1 / 510 of 1020.
    assert stop.what == "a stop at 101"
    assert (stop.left_units, stop.saved_units) == (8, 8)


def test_money_saved_is_against_the_last_mark(report: Postmortem, bob: Death) -> None:
    assert bob.final_units == 10
    for one in what_ifs(report, bob):
        assert one.saved_units == one.left_units - 10


def test_accounts_are_found_by_name_and_by_number(report: Postmortem) -> None:
    assert account_number(report, "ann") == ANN
    assert account_number(report, "ANN") == ANN
    assert account_number(report, str(ANN)) == ANN
    assert account_number(report, "nobody") is None
    assert account_number(report, "99") is None


def test_tables_and_page(report: Postmortem, bob: Death) -> None:
    captions = [table.caption for table in account_tables(report, bob)]
    assert captions[1] == "Whose order moved the mark over the line"
    assert "differ" not in account_tables(report, bob)[0].note
    text = page_of(report, [account_section(report, bob)])
    assert "Why was bob liquidated?" in text
    assert "accounting, not causation" in text
