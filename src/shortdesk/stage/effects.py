"""From paired continuations to effects: means with standard errors, what pairing gained, shares of a sum (Shapley).

With values a_i of the continuation as it was and b_i of the changed one over seeds i = 1 … n,

    effect = mean(a - b)        standard error = sd(a - b) / √n        independent: √((var a + var b) / n)

Shapley, 1953: a group's share is its marginal effect averaged over all orders in which groups are switched on,

    φ_g = Σ_S |S|! (n - |S| - 1)! / n! (v(S + g) - v(S))

and the shares sum to v(all) - v(none) exactly; they are worked out in fractions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations

import msgspec

__all__ = ["Divergence", "Effect", "Total", "effect_of", "shapley", "standard_error"]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What one change does to one functional, over paired seeds.

    For what is switched off or taken away ``effect`` is what it adds (``as_was`` less ``changed``); for another rule or
    number it is what the change does (``changed`` less ``as_was``).
    """

    mechanism: str
    functional: str
    effect: float
    standard_error: float | None
    seeds: int
    shapley: float | None = None
    shapley_error: float | None = None
    as_was: float
    changed: float
    independent_error: float | None
    """Standard error that as many independent runs would have."""
    correlation: float | None
    """Of the two continuations' values over seeds; None where one of them does not vary."""


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """How a changed continuation parts from the one as it was, in one seed."""

    mechanism: str
    seed: int
    parts_at_s: float | None
    """First row that differs, in seconds from the start; None: none does."""
    same_fills: float
    """Part of the fills from there on that both have."""


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """All groups switched off at once, beside the sum of single switches."""

    functional: str
    total: float
    standard_error: float | None
    one_at_a_time: float
    interaction_share: float | None
    """What single switches miss, as a part of the total; None where the total is 0."""
    shapley_sum: float | None


def standard_error(values: Sequence[float]) -> float | None:
    """sd / √n; None for fewer than two."""
    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)


def effect_of(
    mechanism: str, functional: str, as_was: Sequence[float], changed: Sequence[float], *, adds: bool
) -> Effect:
    """The paired effect; ``adds``: what is switched off counts with what it added."""
    n = len(as_was)
    sign = 1.0 if adds else -1.0
    differences = [sign * (one - other) for one, other in zip(as_was, changed, strict=True)]
    errors = standard_error(as_was), standard_error(changed)
    apart = None if errors[0] is None or errors[1] is None else math.hypot(errors[0], errors[1])
    return Effect(
        mechanism=mechanism,
        functional=functional,
        effect=math.fsum(differences) / n,
        standard_error=standard_error(differences),
        seeds=n,
        as_was=math.fsum(as_was) / n,
        changed=math.fsum(changed) / n,
        independent_error=apart,
        correlation=_correlation(as_was, changed),
    )


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    n = len(one)
    means = math.fsum(one) / n, math.fsum(other) / n
    products = math.fsum((a - means[0]) * (b - means[1]) for a, b in zip(one, other, strict=True))
    squares = math.fsum((a - means[0]) ** 2 for a in one) * math.fsum((b - means[1]) ** 2 for b in other)
    return products / math.sqrt(squares) if squares > 0 else None


def shapley(groups: Sequence[str], value: Mapping[frozenset[str], float]) -> dict[str, Fraction]:
    """Each group's share; ``value`` of every set of groups that are switched on.

    Raises:
        KeyError: a set is missing.
    """
    n = len(groups)
    exact = {
        chosen: Fraction(value[chosen]) for k in range(n + 1) for chosen in map(frozenset, combinations(groups, k))
    }
    shares = {}
    for group in groups:
        others = [one for one in groups if one != group]
        share = Fraction(0)
        for k in range(n):
            weight = Fraction(math.factorial(k) * math.factorial(n - k - 1), math.factorial(n))
            for chosen in map(frozenset, combinations(others, k)):
                share += weight * (exact[chosen | {group}] - exact[chosen])
        shares[group] = share
    assert sum(shares.values()) == exact[frozenset(groups)] - exact[frozenset()]
    return shares
