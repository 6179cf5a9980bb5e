"""The exposure of shorts: by hand, and the ladder against the cascade."""

from __future__ import annotations

import math
from typing import Any

import pytest

from shortdesk.ground.errors import UsageError
from shortdesk.study.cascade import ladder_of, run_cascade
from shortdesk.study.squeeze_metrics import squeeze_metrics

PERPETUAL: dict[str, Any] = {
    "short_interest": 5000,
    "daily_volume": 12_000,
    "depth_1pct": 300,
    "funding_8h": -0.0001,
    "levels": [63_000, 61_500, 66_000],
    "sizes": [900, 400, 2500],
    "price": 60_000,
    "kappa": 2.0,
}


def test_a_perpetual_by_hand() -> None:
    found = squeeze_metrics(**PERPETUAL)
    assert math.isnan(found.si_pct_float)  # every short has a long: there is no float
    assert found.days_to_cover == pytest.approx(5 / 12)
    assert found.depth_cover_ratio == pytest.approx(50 / 3)
    assert found.funding_annualised == pytest.approx(-0.1095)
    assert [(rung.level, rung.gap, rung.push_from_below) for rung in found.ladder] == [
        (61_500, 1500, 0),
        (63_000, 3000, 800),
        (66_000, 6000, 2600),
    ]
    assert (found.total_liq, found.hhi_levels) == (3800, pytest.approx((4**2 + 9**2 + 25**2) / 38**2))
    assert (found.buying_needed_to_first, found.ignition_price) == (750, None)


def test_more_is_short_than_can_be_bought() -> None:
    """GameStop, January 2021: a short interest of 122.97% of the float (SEC staff report), here of a float of 100."""
    found = squeeze_metrics(**(PERPETUAL | {"short_interest": 122.97}), float_size=100)
    assert found.si_pct_float == pytest.approx(1.2297)


def test_a_thinner_book_ignites() -> None:
    """At 3.9 per unit the first two rungs push 5070, not 6000; at 4.7 they push 6110 and need no more help."""
    assert squeeze_metrics(**(PERPETUAL | {"kappa": 3.9})).ignition_price is None
    found = squeeze_metrics(**(PERPETUAL | {"kappa": 4.7}))
    assert [rung.self_sustaining for rung in found.ladder] == [False, False, True]
    assert found.ignition_price == 66_000


def test_buying_to_the_first_rung_is_just_enough() -> None:
    found = squeeze_metrics(**PERPETUAL)
    ladder = ladder_of(60_000, PERPETUAL["levels"], PERPETUAL["sizes"], kappa=2.0)
    assert run_cascade(ladder, 2.0 * found.buying_needed_to_first).liquidated == 400
    assert run_cascade(ladder, 2.0 * found.buying_needed_to_first - 0.01).liquidated == 0
    assert squeeze_metrics(**(PERPETUAL | {"kappa": 0})).buying_needed_to_first == math.inf


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"levels": [59_000, 61_500, 66_000]}, "a short at 59000 is liquidated already at a price of 60000"),
        ({"daily_volume": 0}, "daily_volume must be finite, above 0"),
        ({"sizes": [1, 0, 1]}, "sizes must be finite, above 0; got 0"),
        ({"levels": [], "sizes": []}, "levels needs at least 1 numbers"),
        ({"float_size": -1}, "float_size must be finite, above 0; got -1"),
    ],
)
def test_a_slip_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        squeeze_metrics(**(PERPETUAL | change))
