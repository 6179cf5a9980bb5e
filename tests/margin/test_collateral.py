"""Which part of coins counts as margin, and what the venue takes them at: its own worked examples first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shortdesk.margin.collateral import counted_worth, exchanged_worth, uncut_worth, unexchanged_worth

ONE = 1_000_000
WORTHS = st.integers(0, 1 << 60)


def test_bnb_counts_at_95_percent() -> None:
    """Binance, "Multi-Assets Mode": BNB with a market value of 1,000 is valued at 950, ADA's 1,000 at 900."""
    assert counted_worth(1_000, 50_000, ONE) == 950
    assert counted_worth(1_000, 100_000, ONE) == 900


def test_a_minus_of_20_000_takes_btc_worth_20_513() -> None:
    """Binance, "Auto Exchange": 20,000 BUSD / 97.5 % = 20,513 BUSD of the BTC."""
    assert unexchanged_worth(20_000, 975_000, ONE) == 20_513
    assert exchanged_worth(20_513, 975_000, ONE) == 20_000


@given(WORTHS, st.integers(0, ONE - 1))
def test_the_least_worth_that_counts_so_much(counted: int, haircut: int) -> None:
    worth = uncut_worth(counted, haircut, ONE)
    assert counted_worth(worth, haircut, ONE) >= counted
    assert worth == 0 or counted_worth(worth - 1, haircut, ONE) < counted


@given(WORTHS, st.integers(1, ONE))
def test_the_venue_never_takes_coins_that_pay_less(paid: int, rate: int) -> None:
    assert exchanged_worth(unexchanged_worth(paid, rate, ONE), rate, ONE) >= paid
