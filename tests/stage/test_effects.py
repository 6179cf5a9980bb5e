"""Effects by hand: paired differences, standard errors, Shapley values."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.stage.effects import effect_of, shapley, standard_error

LETTERS = ("liquidation", "momentum", "withdrawal")


def test_a_paired_effect_by_hand() -> None:
    """Differences 2, 2, 5: mean 3, sd √3, so the standard error is 1; independent runs vary far more."""
    found = effect_of("stop", "peak_pct", [10.0, 20.0, 33.0], [8.0, 18.0, 28.0], adds=True)
    assert (found.effect, found.seeds, found.as_was, found.changed) == (3.0, 3, 21.0, 18.0)
    assert found.standard_error == pytest.approx(1.0)
    assert found.independent_error == pytest.approx(math.sqrt((133 + 100) / 3))
    assert found.correlation == pytest.approx(115 / math.sqrt(133 * 100))
    turned = effect_of("wait 5", "peak_pct", [10.0, 20.0, 33.0], [8.0, 18.0, 28.0], adds=False)
    assert (turned.effect, turned.standard_error) == (-3.0, found.standard_error)


def test_one_seed_has_no_error_and_a_constant_no_correlation() -> None:
    assert standard_error([3.0]) is None
    found = effect_of("adl", "adl", [1.0, 2.0], [0.0, 0.0], adds=True)
    assert found.correlation is None


def test_shapley_of_two_groups_by_hand() -> None:
    """v: nobody 1, a 4, b 3, both 10. a: (3 + 7) / 2 = 5, b: (2 + 6) / 2 = 4."""
    value = {frozenset(): 1.0, frozenset("a"): 4.0, frozenset("b"): 3.0, frozenset("ab"): 10.0}
    assert shapley("ab", value) == {"a": 5, "b": 4}


@given(st.lists(st.floats(-1e9, 1e9), min_size=8, max_size=8))
def test_shapley_values_sum_exactly_and_follow_the_axioms(values: list[float]) -> None:
    sets = [frozenset(chosen) for k in range(4) for chosen in combinations(LETTERS, k)]
    value = dict(zip(sets, values, strict=True))
    shares = shapley(LETTERS, value)
    assert sum(shares.values()) == Fraction(value[frozenset(LETTERS)]) - Fraction(value[frozenset()])
    # A group that adds 1 whatever the others do has a share of exactly that.
    wider = {chosen | extra: value[chosen] + 2 * len(extra) for chosen in sets for extra in (frozenset(), {"adl"})}
    exact = {frozenset(chosen): Fraction(worth) for chosen, worth in wider.items()}
    apart = shapley((*LETTERS, "adl"), exact)  # type: ignore[arg-type]
    if all(exact[chosen | {"adl"}] - exact[chosen] == 2 for chosen in sets):
        assert apart["adl"] == 2
        assert {name: apart[name] for name in LETTERS} == shares
    # Names do not matter.
    assert shapley(LETTERS[::-1], value) == shares
