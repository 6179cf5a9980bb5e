"""A short held on random paths, against a twin in fractions: it lives, dies and pays as that does."""

from __future__ import annotations

from decimal import Decimal as D
from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.study.hold_story import HOUR, START, bars_of, funding_of, held

from shortdesk.ground.instrument import Form
from shortdesk.ground.tiers import TierRow, read_tiers
from shortdesk.ground.venue import load_venue
from shortdesk.margin.contract import Contract, Scale, contract_of
from shortdesk.margin.position import FLAT, after_fill
from shortdesk.study.hold_short import PerpShort
from shortdesk.study.hold_walk import Funding, Path, smallest_wallet, walk

TICKS = st.integers(-400, 400)


class RandomPath(NamedTuple):
    rows: list[list[int]]
    rates: list[int]


@st.composite
def random_paths(draw: st.DrawFn) -> RandomPath:
    """Two to twelve bars of a day that jump and wick, with funding every eight hours; prices near 100.00."""
    count = draw(st.integers(2, 12))
    rows, close = [], 10_000
    for _ in range(count):
        opened = max(100, close + draw(TICKS))
        closed = max(100, opened + draw(TICKS))
        high = max(opened, closed) + abs(draw(TICKS))
        low = max(1, min(opened, closed) - abs(draw(TICKS)))
        rows.append([opened, high, low, closed])
        close = closed
    rates = draw(st.lists(st.integers(-2_000_000, 2_000_000), min_size=3 * count, max_size=3 * count))
    return RandomPath(rows, rates)


def twin(path: RandomPath, size: Fraction, leverage: int, tiers: tuple[TierRow, ...]) -> tuple[int | None, Fraction]:
    """The same story told slowly with fractions: the bar it dies in, and the wallet with all funding until then."""
    entry = Fraction(path.rows[0][0], 100)
    wallet = Fraction(ceil(size * entry / leverage * 10**8), 10**8)

    def dead(at: Fraction) -> bool:
        worth = size * at
        row = next(tier for tier in tiers if tier.cap is None or worth <= tier.cap)
        return wallet + size * (entry - at) <= worth * row.maintenance_rate - row.deduction

    # The grid has seven digits of the first close, so it may be finer than the hundredths of these rows.
    finer = 10 ** max(0, 7 - len(str(path.rows[0][3])))
    for number, (opened, high, _, closed) in enumerate(path.rows):
        for third in (1, 2, 3):
            if dead(Fraction(high, 100)):
                return number, wallet
            between = Fraction(opened) + Fraction(closed - opened) * third / 3
            ticks = Fraction((between * finer + Fraction(1, 2)).__floor__(), finer)
            rate = Fraction(path.rates[3 * number + third - 1], 10**8)
            wallet += Fraction((size * ticks / 100 * rate * 10**8).__floor__(), 10**8)
        if dead(Fraction(closed, 100)):
            return number, wallet
    return None, wallet


@given(path=random_paths(), leverage=st.sampled_from([1, 3, 10, 50]), size=st.sampled_from(["0.001", "7", "1234.567"]))
def test_it_lives_and_dies_like_its_twin_and_the_money_adds_up(path: RandomPath, leverage: int, size: str) -> None:
    tiers = read_tiers("binance_usdm_2020.csv", "BTCUSDT", continuous=True)
    bars = bars_of(path.rows, hours=24)
    result = held(bars, funding_of(path.rates), size=size, leverage=D(leverage))
    bar, wallet = twin(path, Fraction(size), leverage, tiers)
    assert (None if result.liquidated is None else len(result.bars) - 1) == bar
    assert Fraction(result.bars[-1].wallet) == wallet
    totals = result.totals
    paid = totals.open_fee + totals.close_fee + totals.liquidation_fee + totals.kept_by_venue + totals.interest
    came = totals.stake + totals.added + totals.price_profit + totals.funding + totals.covered_by_others
    assert came - paid == totals.money_back
    assert totals.money_back >= 0
    assert totals.price_profit == D(size) * (result.entry_price - result.exit_price)
    assert totals.funding == sum((payment.amount for payment in result.payments), D(0))
    assert totals.stake == result.wallet + totals.open_fee


def opened(path: RandomPath, leverage: int) -> tuple[PerpShort, Path, list[Funding]]:
    """A short of 7 coins on the grid of cents and 1e-8 units, its path, and its funding."""
    scale = Scale(Fraction(1, 100), Fraction(1, 1000), Fraction(1, 10**8))
    margin = load_venue("binance_usdm").product[0].margin[0]
    contract: Contract = contract_of(
        Form.LINEAR, read_tiers("binance_usdm_2020.csv", "BTCUSDT", continuous=True), margin, scale=scale
    )
    entry = path.rows[0][0]
    position = after_fill(contract.form, contract.factor, FLAT, -7000, entry).position
    wallet = 7000 * entry * contract.factor // leverage
    values = np.array(path.rows).T.tolist()
    starts = [START + 24 * HOUR * n for n in range(len(path.rows))]
    ends = [start + 24 * HOUR for start in starts]
    bars = Path(starts, ends, values[0], values[1], values[2], values[3], values[3])
    charges = [Funding(START + 8 * HOUR * (n + 1), rate, 10**8) for n, rate in enumerate(path.rates)]
    return PerpShort(contract, position, wallet, 100 * leverage), bars, charges


def part(path: Path, first: int, last: int) -> Path:
    return Path(*(list(values)[first:last] for values in (
        path.open_nanos, path.close_nanos, path.open, path.high, path.low, path.close, path.last_close
    )))  # fmt: skip


@given(path=random_paths(), leverage=st.sampled_from([1, 3, 10]), cut=st.integers(1, 11))
def test_two_walks_are_one(path: RandomPath, leverage: int, cut: int) -> None:
    short, bars, charges = opened(path, leverage)
    cut = min(cut, len(bars) - 1)
    border = bars.close_nanos[cut - 1]
    whole = walk(short, bars, charges)
    first = walk(short, part(bars, 0, cut), [charge for charge in charges if charge.time_nanos <= border])
    if first.death is not None:
        assert first.death == whole.death
        return
    rest = [charge for charge in charges if charge.time_nanos > border]
    second = walk(first.short, part(bars, cut, len(bars)), rest)
    assert second.short == whole.short
    assert (second.death is None) == (whole.death is None)
    if second.death is not None and whole.death is not None:
        assert second.death._replace(bar=second.death.bar + cut) == whole.death
    assert first.payments + second.payments == whole.payments


@given(path=random_paths(), leverage=st.sampled_from([1, 3, 10, 50]))
def test_the_smallest_wallet_lives_and_one_unit_less_dies(path: RandomPath, leverage: int) -> None:
    short, bars, charges = opened(path, leverage)
    least = smallest_wallet(short, bars, charges)
    assert walk(short.with_wallet(least), bars, charges).death is None
    assert walk(short.with_wallet(least - 1), bars, charges).death is not None
    assert (walk(short, bars, charges).death is None) == (short.wallet >= least)


@given(high=st.integers(10_000, 10**9), leverage=st.sampled_from([1, 2, 10, 100]))
def test_an_inverse_short_backed_by_its_coins_never_dies(high: int, leverage: int) -> None:
    rows = [[1_000_000, high * 100, 1, high * 50]]
    result = held(
        bars_of(rows), funding_of(["0"]), venue="binance_coinm", symbol="BTCUSD_PERP", wallet=D("1.01"),
        leverage=D(leverage),
    )  # fmt: skip
    assert result.liquidated is None
    assert result.totals.money_back >= 0
