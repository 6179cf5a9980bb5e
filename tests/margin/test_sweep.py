"""The sweep gives, for whole columns, exactly what the rules give for one position after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.compile import interpreted
from shortdesk.ground.errors import InputError
from shortdesk.ground.instrument import Form
from shortdesk.margin.position import Position
from shortdesk.margin.requirement import (
    NO_CAP,
    Basis,
    FeeForm,
    InitialForm,
    Terms,
    Tier,
    TierBy,
    position_risk,
)
from shortdesk.margin.risk import Trigger, is_liquidatable
from shortdesk.margin.sweep import (
    SweepSchedule,
    liquidatable_sweep,
    maintenance_sweep,
    scaled_maintenance,
    sweep_schedule,
)

if TYPE_CHECKING:
    from conftest import Depth

CENTS = 100
RATE_ONE = 10_000

# BTCUSDT at Binance, 2026-09-29 (its bracket endpoint): floor in USDT, rate out of 10,000, amount in USDT.
BTCUSDT = [(0, 40, 0), (300_000, 50, 300), (800_000, 65, 1_500), (3_000_000, 100, 12_000), (12_000_000, 200, 132_000)]


def terms(trigger: Trigger = Trigger.AT_OR_BELOW, rate_one: int = RATE_ONE, **changed: int) -> Terms:
    plain = Terms(
        rate_one=rate_one,
        tier_by=TierBy.VALUE,
        basis=Basis.PRICE,
        initial_basis=Basis.ENTRY,
        initial_form=InitialForm.LEVERAGE,
        fee_form=FeeForm.NONE,
        fee_rate=0,
        slope=0,
        slope_size=1,
        trigger=trigger,
    )
    return plain._replace(**changed)


def tiers_of(rows: list[tuple[int, int, int]], units: int = CENTS) -> list[Tier]:
    caps = [floor * units for floor, _, _ in rows[1:]] + [NO_CAP]
    return [
        Tier(floor * units, cap, 0, rate, amount * units) for (floor, rate, amount), cap in zip(rows, caps, strict=True)
    ]


BTC = sweep_schedule(Form.LINEAR, terms(), tiers_of(BTCUSDT))


def column(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


# A lot is 0.001 BTC, money is in cents, the mark is 100,000 USDT: one lot is worth 100 USDT.
@pytest.mark.parametrize(
    ("btc", "maintenance_usdt"),
    [
        ("0.001", "0.40"),  # 100 * 0.4 %
        ("3", "1200"),  # 300,000 * 0.4 %: the cap belongs to the tier below
        ("-3", "1200"),  # a short maintains what a long does
        ("-3.001", "1200.50"),  # 300,100 * 0.5 % - 300
        ("-8.001", "3700.65"),  # 800,100 * 0.65 % - 1,500
        ("30", "18000"),  # 3,000,000 * 0.65 % - 1,500 = 3,000,000 * 1 % - 12,000
        ("-200", "268000"),  # 20,000,000 * 2 % - 132,000
        ("0", "0"),
    ],
)
def test_maintenance_by_bracket(btc: str, maintenance_usdt: str) -> None:
    lots = column(round(float(btc) * 1000))
    assert maintenance_sweep(lots, 100 * CENTS, BTC).tolist() == [round(float(maintenance_usdt) * CENTS)]


# 2 BTC short from 90,000 with 9,000 USDT: at P it owes 2P * 0.4 % and holds 9,000 + 2 * (90,000 - P).
# They meet at P = 189,000 / 2.008 = 94,123.506. A lot is 0.01 BTC here and a price a whole USDT.
@pytest.mark.parametrize(("mark", "dead"), [(90_000, False), (94_123, False), (94_124, True), (99_000, True)])
def test_a_short_dies_where_equity_meets_maintenance(mark: int, dead: bool) -> None:
    flags = liquidatable_sweep(column(-200), column(180_000 * CENTS), column(9_000 * CENTS), mark, BTC)
    assert flags.tolist() == [dead]


# One lot short from 1,000, rate 10 %, mark 1,000: maintenance is 100, so a wallet of 100 meets it exactly.
@pytest.mark.parametrize(
    ("trigger", "wallet", "dead"),
    [
        (Trigger.AT_OR_BELOW, 101, False),
        (Trigger.AT_OR_BELOW, 100, True),
        (Trigger.BELOW, 100, False),
        (Trigger.BELOW, 99, True),
    ],
)
def test_equality_belongs_to_the_venue(trigger: Trigger, wallet: int, dead: bool) -> None:
    schedule = sweep_schedule(Form.LINEAR, terms(trigger), [Tier(0, NO_CAP, 0, 1_000, 0)])
    assert liquidatable_sweep(column(-1), column(1_000), column(wallet), 1_000, schedule).tolist() == [dead]


def test_nothing_held_is_never_liquidatable() -> None:
    assert liquidatable_sweep(column(0, 0), column(0, 0), column(0, -5), 10_000, BTC).tolist() == [False, False]


def test_no_accounts_are_no_flags() -> None:
    none = column()
    assert liquidatable_sweep(none, none, none, 10_000, BTC).shape == (0,)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Terms, list[Tier]]:
    """One to fourteen tiers: continuous, or with jumps, or with a rate that falls."""
    rate_one = draw(st.sampled_from([1, 60, 10_000, 1_000_000]))
    gaps = draw(st.lists(st.integers(1, 10**7), max_size=13))
    floors = [0, *np.cumsum(gaps).tolist()]
    rates = draw(st.lists(st.integers(0, rate_one), min_size=len(floors), max_size=len(floors)))
    amounts = [draw(st.integers(0, floor * rate // rate_one)) for floor, rate in zip(floors, rates, strict=True)]
    caps = [*floors[1:], NO_CAP]
    tiers = [
        Tier(floor, cap, 0, rate, amount) for floor, cap, rate, amount in zip(floors, caps, rates, amounts, strict=True)
    ]
    return terms(draw(st.sampled_from(Trigger)), rate_one), tiers


def compare_with_the_rules(given_terms: Terms, tiers: list[Tier], accounts: list[list[int]], mark: int) -> None:
    schedule = sweep_schedule(Form.LINEAR, given_terms, tiers)
    risks = [
        position_risk(
            given_terms,
            tiers,
            0,
            len(tiers),
            Form.LINEAR,
            1,
            Position(lots, abs(lots), entered, 0, 0),
            wallet,
            100,
            mark,
        )
        for lots, entered, wallet in accounts
    ]
    lots, entered, wallet = (column(*values) for values in zip(*accounts, strict=True))
    assert maintenance_sweep(lots, mark, schedule).tolist() == [risk.maintenance for risk in risks]
    flags = liquidatable_sweep(lots, entered, wallet, mark, schedule).tolist()
    assert flags == [is_liquidatable(risk, given_terms.trigger) for risk in risks]


ACCOUNT = st.tuples(st.integers(-(10**4), 10**4), st.integers(0, 10**8), st.integers(-(10**8), 10**8)).map(
    lambda row: [row[0], row[1] if row[0] else 0, row[2]]
)


@given(schedules(), st.lists(ACCOUNT, min_size=1, max_size=20), st.integers(1, 10**4))
def test_law_the_sweep_is_the_rules(schedule: tuple[Terms, list[Tier]], accounts: list[list[int]], mark: int) -> None:
    compare_with_the_rules(*schedule, accounts, mark)


@given(schedules(), st.integers(1, 10**4), st.integers(1, 10**4), st.integers(-2, 2))
def test_law_one_unit_of_wallet_decides(schedule: tuple[Terms, list[Tier]], size: int, mark: int, beside: int) -> None:
    """Wallets put within two units of the maintenance margin, where a rounding slip would show."""
    lots = column(-size)
    maintenance = int(maintenance_sweep(lots, mark, sweep_schedule(Form.LINEAR, *schedule))[0])
    compare_with_the_rules(*schedule, [[-size, size * mark, maintenance + beside]], mark)


def test_many_random_accounts_agree_with_the_rules(depth: Depth) -> None:
    count = 1_000 if interpreted() else depth.pick(quick=10_000, check=100_000, deep=1_000_000)
    rng = np.random.Generator(np.random.PCG64(20261129))
    size = np.exp(rng.uniform(0, np.log(4e5), count)).astype(np.int64)
    lots = np.where(rng.random(count) < 0.55, -size, size)
    entered = (size * rng.uniform(8_000, 12_000, count)).astype(np.int64)
    wallet = (entered / np.exp(rng.uniform(np.log(2), np.log(125), count))).astype(np.int64)
    rows = np.stack([lots, entered, wallet], axis=1).tolist()
    compare_with_the_rules(terms(), tiers_of(BTCUSDT), rows, 10_000)


def plain_answer(lots: int, entered: int, wallet: int, mark: int, schedule: SweepSchedule) -> bool:
    """The decision on unbounded integers."""
    worth = abs(lots) * mark
    profit = worth - entered if lots > 0 else entered - worth
    due = scaled_maintenance(worth, schedule.rows)
    return due > 0 and (wallet + profit) * schedule.one < due + schedule.slack


WIDE = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 62).flatmap(
    lambda bit: st.integers(-(1 << bit), 1 << bit)
)


@given(WIDE, WIDE.map(lambda value: max(value, 0)), WIDE, st.integers(1, (1 << 63) - 1) | st.integers(1, 10**6))
def test_law_any_words_are_answered_rightly_or_refused(lots: int, entered: int, wallet: int, mark: int) -> None:
    try:
        flags = liquidatable_sweep(column(lots), column(entered), column(wallet), mark, BTC)
    except InputError as error:
        assert "coarser unit" in str(error)  # noqa: PT017 - most of these books are refused, the others must be right
    else:
        assert flags.tolist() == [plain_answer(lots, entered, wallet, mark, BTC)]


# With BTC's rows one = 2,000 and the highest rate is 40/2,000 (2 %): (wallet + worth + entered) * 2,000 < 2^63.
def test_the_bound_is_where_it_is_said_to_be() -> None:
    most = ((1 << 63) - 1) // BTC.one
    worth, entered = 1_000_000, 1_000_000
    fits = most - worth - entered
    assert liquidatable_sweep(column(-100), column(entered), column(fits), 10_000, BTC).tolist() == [False]
    with pytest.raises(InputError, match="coarser unit"):
        liquidatable_sweep(column(-100), column(entered), column(fits + 1), 10_000, BTC)


@pytest.mark.parametrize("lots", [1 << 62, -(1 << 63), (1 << 63) - 1])
def test_a_size_that_could_wrap_is_refused(lots: int) -> None:
    with pytest.raises(InputError, match="the largest it takes is"):
        maintenance_sweep(column(5, lots), 10_000, BTC)


@pytest.mark.parametrize(
    ("lots", "entered", "wallet", "says"),
    [
        ([1.5], [1], [1], "lots is an array of float64"),
        ([1], [True], [1], "entered_units is an array of bool"),
        ([1], [1], [[1]], "wallet_units is an array of int64 with shape"),
        ([1, 2], [1], [1], "one entry per account; got 2, 1 and 1"),
        ([1], [-7], [1], "entered_units holds -7"),
    ],
)
def test_columns_that_make_no_sense_are_named(
    lots: list[float], entered: list[int], wallet: list[object], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        liquidatable_sweep(np.array(lots), np.array(entered), np.array(wallet), 10_000, BTC)


@pytest.mark.parametrize("worth_per_lot", [0, -1, 1 << 63])
def test_a_lot_must_be_worth_something_that_fits(worth_per_lot: int) -> None:
    with pytest.raises(InputError, match=r"worth more than nothing|leaves 63 bits"):
        maintenance_sweep(column(1), worth_per_lot, BTC)


@pytest.mark.parametrize(
    ("form", "changed"),
    [
        (Form.INVERSE, {}),
        (Form.OPTION, {}),
        (Form.LINEAR, {"tier_by": TierBy.CONTRACTS}),
        (Form.LINEAR, {"basis": Basis.ENTRY}),
        (Form.LINEAR, {"fee_form": FeeForm.TAKER_ON_VALUE}),
    ],
)
def test_other_forms_are_refused(form: Form, changed: dict[str, int]) -> None:
    with pytest.raises(InputError, match="ask position_risk"):
        sweep_schedule(form, terms(**changed), tiers_of(BTCUSDT))


@pytest.mark.parametrize(
    ("tiers", "says"),
    [
        ([], "start at a floor of 0"),
        ([Tier(5, NO_CAP, 0, 40, 0)], "start at a floor of 0"),
        ([Tier(0, 10, 0, 40, 0), Tier(20, NO_CAP, 0, 50, 0)], "ends at 10 units but the next one starts at 20"),
        ([Tier(0, 100, 0, 40, 0), Tier(100, NO_CAP, 0, 500, 6)], "above 100 units deducts 6, more than its own"),
    ],
)
def test_schedules_with_holes_are_refused(tiers: list[Tier], says: str) -> None:
    with pytest.raises(InputError, match=says):
        sweep_schedule(Form.LINEAR, terms(), tiers)


@pytest.mark.compiled
@pytest.mark.parametrize("entry", ["_flag", "_require"])
def test_the_compiled_pass_counts_no_references(entry: str) -> None:
    import numba

    from shortdesk.ground.compile import _OPTIONS
    from shortdesk.margin import sweep

    kernel = getattr(sweep, entry)
    kernel.dispatcher()  # registers the rules; what comes from the disk cache cannot be looked into
    fresh = numba.njit(**_OPTIONS)(kernel.py_func)
    lots, flags = column(1), np.empty(1, np.bool_)
    if entry == "_flag":
        fresh(lots, lots, lots, 10_000, BTC.one, BTC.slack, BTC.rows, flags)
    else:
        fresh(lots, 10_000, BTC.one, BTC.rows, column(0))
    (text,) = fresh.inspect_llvm().values()
    assert "NRT_incref" not in text
