"""The book of Cont, Stoikov and Talreja: against one big linear system, against a walk, and what must hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.draw_many import draw_uniforms
from shortdesk.ground.errors import UsageError
from shortdesk.study import cont_stoikov_talreja as cst

PAPER = cst.QueueRates(1.85, 0.94, 0.71)

rates = st.builds(cst.QueueRates, st.floats(0.1, 5.0), st.floats(0.1, 5.0), st.floats(0.2, 3.0))
queues = st.integers(1, 6)


def mid_up_by_one_system(r: cst.QueueRates, bid: int, ask: int, inside: float, longest: int = 28) -> float:
    """First-step equations over all pairs of queues up to a length, solved at once."""
    n = np.arange(1, longest + 1)
    leaving = r.market_rate + n * r.cancel_rate
    grow = np.append(np.full(longest - 1, r.arrival_rate), 0.0)
    one = np.diag(grow[:-1], 1) + np.diag(leaving[1:], -1) - np.diag(grow + leaving)
    both = np.kron(one, np.eye(longest)) + np.kron(np.eye(longest), one) - 2 * inside * np.eye(longest**2)
    to_up = np.full((longest, longest), inside)
    to_up[:, 0] += leaving[0]
    return float(np.linalg.solve(both, -to_up.ravel()).reshape(longest, longest)[bid - 1, ask - 1])


@pytest.mark.parametrize(("bid", "ask", "inside"), [(1, 2, 0.0), (5, 3, 0.0), (2, 4, 0.6), (6, 1, 3.0)])
def test_mid_up_is_what_one_big_system_says(bid: int, ask: int, inside: float) -> None:
    for r in (PAPER, cst.QueueRates(1.0, 1.0, 1.0), cst.QueueRates(0.8, 2.0, 0.5)):
        assert cst.prob_mid_up(r, bid, ask, inside) == pytest.approx(
            mid_up_by_one_system(r, bid, ask, inside), abs=1e-10
        )


@given(rates, queues, queues, st.floats(0.0, 3.0))
def test_bid_and_ask_are_mirror_images(r: cst.QueueRates, bid: int, ask: int, inside: float) -> None:
    up, down = cst.prob_mid_up(r, bid, ask, inside), cst.prob_mid_up(r, ask, bid, inside)
    assert up + down == pytest.approx(1.0, abs=1e-11)
    assert (up - 0.5) * (bid - ask) >= -1e-12
    assert abs(up - 0.5) <= abs(cst.prob_mid_up(r, bid, ask) - 0.5) + 1e-11  # orders inside know nothing of queues
    making = cst.prob_make_spread(r, bid, ask), cst.prob_make_spread(r, ask, bid)
    assert making[0] == pytest.approx(making[1], abs=1e-12)


@given(rates, queues, queues)
def test_chances_move_the_right_way(r: cst.QueueRates, bid: int, ask: int) -> None:
    filled = cst.prob_fill_before_mid(r, bid, ask)
    assert 0 < filled < 1
    assert cst.prob_fill_before_mid(r, bid + 1, ask) < filled < cst.prob_fill_before_mid(r, bid, ask + 1)
    assert cst.prob_mid_up(r, bid + 1, ask) > cst.prob_mid_up(r, bid, ask)
    assert 0 < cst.prob_make_spread(r, bid, ask) < 1


def test_queues_that_live_long_are_decided_early_or_by_a_coin() -> None:
    """Mean 200 orders, emptied after 1e26 of them or at once: until then each is a walk that escapes.

    Down from n without ever coming back to where it would be safe has a chance of nearly (1/2)^n, so P[up] is close to
    what escaping walks give: both escape 1/2 of the time to a fair coin.
    """
    slow = cst.QueueRates(4.0, 2.0, 0.01)
    seconds = [mid_up_of_escaping_walks(slow, bid, ask) for bid, ask in ((1, 2), (2, 5))]
    assert [cst.prob_mid_up(slow, 1, 2), cst.prob_mid_up(slow, 2, 5)] == pytest.approx(seconds, abs=5e-3)


def mid_up_of_escaping_walks(r: cst.QueueRates, bid: int, ask: int) -> float:
    """20,000 pairs of queues for 200 events; a pair of which neither has emptied by then is decided by a fair coin."""
    u = draw_uniforms(11, 0, 100, 0, 4_000_000)
    paths = 20_000
    b, a = np.full(paths, bid), np.full(paths, ask)
    result = np.full(paths, np.nan)
    for step in range(200):
        open_ = np.isnan(result)
        leave_b, leave_a = r.market_rate + r.cancel_rate * b, r.market_rate + r.cancel_rate * a
        edges = np.cumsum([np.full(paths, r.arrival_rate), leave_b, np.full(paths, r.arrival_rate), leave_a], axis=0)
        pick = (u[step * paths : (step + 1) * paths] * edges[-1] >= edges).sum(axis=0)
        b = b + open_ * ((pick == 0).astype(int) - (pick == 1))
        a = a + open_ * ((pick == 2).astype(int) - (pick == 3))
        result = np.where(open_ & (a == 0), 1.0, np.where(open_ & (b == 0), 0.0, result))
    return float(np.where(np.isnan(result), 0.5, result).mean())


def fate(r: cst.QueueRates, bid: int, ask: int, path: int) -> tuple[float, float, float]:
    """One walk of the two queues with our patient order last on each side.

    Returns whether the bid order is filled before the ask side empties, likewise the ask order, and whether both are
    filled before either queue empties.
    """
    ahead = [bid, ask]  # up to and with our order; 0 when it is filled
    behind = [0, 0]
    u = iter(draw_uniforms(23, path, 100, 0, 400))
    first: list[int] = []
    while ahead[0] + behind[0] > 0 and ahead[1] + behind[1] > 0:
        moves = []
        for side in (0, 1):
            moves += [
                (r.arrival_rate, side, "come"),
                (r.market_rate, side, "take"),
                (r.cancel_rate * max(ahead[side] - 1, 0), side, "cancel ahead"),
                (r.cancel_rate * behind[side], side, "cancel behind"),
            ]
        edges = np.cumsum([rate for rate, _, _ in moves])
        _, side, what = moves[int(np.searchsorted(edges, next(u) * edges[-1], side="right"))]
        if what == "come":
            behind[side] += 1
        elif what == "cancel behind" or (what == "take" and ahead[side] == 0):
            behind[side] -= 1
        else:
            ahead[side] -= 1
            if ahead[side] == 0:
                first.append(side)
    return 0.0 in first, 1.0 in first, float(len(first) == 2)


def test_patient_orders_are_filled_as_often_as_in_a_walk() -> None:
    """4,000 walks; prob_make_spread is a chance of exactly this walk, both filled before either side is empty."""
    paths = 4_000
    made = np.mean([fate(PAPER, 2, 3, path)[2] for path in range(paths)])
    expected = cst.prob_make_spread(PAPER, 2, 3)
    assert made == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / paths))


def test_without_market_orders_nobody_is_filled() -> None:
    still = cst.QueueRates(1.0, 0.0, 0.5)
    assert cst.prob_fill_before_mid(still, 2, 3) == 0.0
    assert cst.prob_make_spread(still, 2, 3) == 0.0


def test_long_queues_are_decided_by_their_lengths() -> None:
    """Orders come rarely, so both queues only shrink: an order last of 200 against 100 or 400 others is as good as
    decided."""
    calm = cst.QueueRates(0.01, 5.0, 0.02)
    assert cst.prob_fill_before_mid(calm, 200, 100) < 1e-5
    assert cst.prob_fill_before_mid(calm, 200, 400) > 1 - 1e-5


def test_the_next_change_of_a_level() -> None:
    at_best, behind = (cst.prob_queue_grows(i, PAPER, [1, 2]) for i in (1, 2))
    assert at_best == pytest.approx([1.85 / (1.85 + 0.94 + 0.71), 1.85 / (1.85 + 0.94 + 1.42)])
    assert behind == pytest.approx([1.85 / (1.85 + 0.71), 1.85 / (1.85 + 1.42)])


def test_table_4_is_printed_for_another_chance() -> None:
    """0.497 at (1, 1) is close under both readings; at (1, 5) the printed 0.776 is not the proposition's 0.882."""
    assert cst.prob_fill_after_mid(PAPER, 1, 5) == pytest.approx(0.776, abs=1e-3)
    assert cst.prob_fill_before_mid(PAPER, 1, 5) == pytest.approx(0.882, abs=1e-3)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (cst.QueueRates(-1, 1, 1), "arrival_rate must be zero or more"),
        (cst.QueueRates(0, 1, 1), "orders must arrive"),
        (cst.QueueRates(1, 0, 0), "taken or cancelled"),
        (cst.QueueRates(2, 1, 0), "taken faster than it grows"),
        (cst.QueueRates(4, 2, 0.001), "cancel faster"),
    ],
)
def test_rates_without_an_answer(bad: cst.QueueRates, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        cst.prob_mid_up(bad, 1, 2)


@pytest.mark.parametrize("queue", [0, 2_001])
def test_queues_without_an_answer(queue: int) -> None:
    for chance in (cst.prob_mid_up, cst.prob_fill_before_mid, cst.prob_make_spread):
        with pytest.raises(UsageError, match="from 1 to 2000 orders"):
            chance(PAPER, queue, 1)
    with pytest.raises(UsageError, match="at least 1 order"):
        cst.prob_queue_grows(1, PAPER, 0)
