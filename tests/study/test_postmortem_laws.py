"""Laws of the post-mortem on random markets: money conserves, two ways of counting agree, bookings sum exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.study.postmortem_story import BOB, CLEARING, FEES, MAX, Teller, journal_of

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.margin.position import FLAT, Position, after_fill, entry_value
from shortdesk.study.postmortem import Postmortem, explain, liquidated_accounts
from shortdesk.study.postmortem_account import why_liquidated
from shortdesk.study.postmortem_causes import bounce_ticks
from shortdesk.study.postmortem_money import flows_of, trade_by_trade

_TRADERS = range(MAX, BOB + 1)
_Trade = tuple[int, int, int, int, bool]
_trades = st.lists(
    st.tuples(
        st.sampled_from(list(_TRADERS)), st.sampled_from(list(_TRADERS)), st.integers(-9, 9).filter(bool),
        st.integers(50, 150), st.booleans(),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


def _market(trades: list[_Trade], opening: list[int]) -> Postmortem:
    """Trades between five accounts, each settled by the rules of ``margin.position``, a mark after each."""
    t = Teller()
    held: dict[int, Position] = dict.fromkeys(_TRADERS, FLAT)
    for account, lots in zip(_TRADERS, (*opening, -sum(opening)), strict=False):
        if lots:
            t.open(account, lots, 100)
            held[account] = after_fill(Form.LINEAR, 1, FLAT, lots, 100).position
    t.mark(100)
    for number, (taker, maker, lots, ticks, is_forced) in enumerate(trades):
        if taker == maker:
            continue
        t.second = number + 1
        fill = t.trade(taker, maker, lots, ticks, Mechanism.LIQUIDATION if is_forced else Mechanism.NOISE)
        for account, signed in ((maker, -lots), (taker, lots)):
            filled = after_fill(Form.LINEAR, 1, held[account], signed, ticks)
            held[account] = filled.position
            t.position(fill, account, filled.position.lots, entry_value(filled.position))
            t.move(Kind.REALISED, account, CLEARING, filled.realised, fill, instrument=1, price=ticks)
            t.move(Kind.FEE, account, FEES, -1, fill, instrument=1)
        t.mark(ticks + number % 3 - 1)
    return explain(journal_of(t.rows))


@given(_trades, st.lists(st.integers(-20, 20), min_size=3, max_size=3))
def test_money_conserves_and_two_ways_of_counting_agree(trades: list[_Trade], opening: list[int]) -> None:
    report = _market(trades, opening)
    flows = flows_of(report.tape, 1)
    assert not flows.left_over.any()
    assert flows.clearing == 0
    by_trade = trade_by_trade(report.tape, 1)
    price = flows.account[:, 0].copy()
    price[CLEARING] = 0
    assert np.array_equal(by_trade, price)


@given(_trades)
def test_bookings_sum_to_the_way_of_the_middle(trades: list[_Trade]) -> None:
    report = _market(trades, [0, 0, 0])
    tape = report.tape
    inside = tape.fills[report.move.holds(tape.fills)]
    middles = 2 * tape.price[inside] - np.sign(tape.lots[inside]) * bounce_ticks(tape)
    way = int(middles[-1] - middles[0]) if len(inside) else 0
    assert sum(one.half_ticks for one in report.by_mechanism) == way
    assert sum(one.half_ticks for one in report.by_root) == way
    sign = report.move.sign
    taken = int(np.maximum(sign * tape.lots[inside], 0).sum())
    assert sum(one.lots for one in report.by_mechanism) == sum(one.lots for one in report.by_root) == taken
    assert 0 <= report.forced_lots <= report.taken_lots == taken


@given(_trades)
def test_the_tree_is_a_tree(trades: list[_Trade]) -> None:
    forced = _market(trades, [0, 0, 0]).forced
    for at in range(len(forced)):
        parent = int(forced.parent[at])
        assert parent < at
        assert forced.generation[at] == (1 if parent < 0 else forced.generation[parent] + 1)
        if parent >= 0:
            assert forced.root[at] == forced.root[parent]


@pytest.fixture(scope="module")
def staged() -> Postmortem:
    """A small staged squeeze: thirty-odd accounts in a market of a minute, its Journal as any other's."""
    from shortdesk.ground.journal import Journal
    from shortdesk.stage.play import open_play
    from shortdesk.stage.scenario import find_scenario

    settings = [
        "horizon_s=60", "trigger_s=5", "shorts.count=120", "latent.slots=60", "noise.accounts=8", "latent.accounts=4",
        "institutions.traders=2", "makers.count=2", "trigger.at_s=5", "trigger.amount_usd=9000000",
        "trigger.piece_usd=300000", "trigger.pause_s=1", "shorts.open_interest_usd=20000000",
    ]  # fmt: skip
    play = open_play(find_scenario("short-squeeze", settings))
    return explain(Journal.from_rows(play.run_all(), None, play.names))


def test_a_staged_journal_conserves_to_the_unit(staged: Postmortem) -> None:
    flows = staged.flows[0]
    tape = staged.tape
    assert not flows.left_over.any()
    clearing = tape.journal.names.account.names.index("clearing of futures")
    price = flows.account[:, 0].copy()
    price[clearing] = 0
    assert np.array_equal(trade_by_trade(tape, tape.instrument), price)


def test_every_staged_death_has_the_equity_that_the_venue_wrote_down(staged: Postmortem) -> None:
    dead = liquidated_accounts(staged)
    assert len(dead) >= 5
    for one in dead:
        death = why_liquidated(staged, one.account)
        assert int(death.at_death.total[0]) == death.equity_units
        assert death.left_units >= 0
