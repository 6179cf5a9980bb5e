"""What a counterfactual found, with the interval that its seeds allow."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import msgspec

from shortdesk.stage.effects import Effect

__all__ = ["EffectView", "effect_views", "t_95"]

_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_NORMAL = 1.960
_WORDS = MappingProxyType(
    {
        "peak_pct": "highest rise, %",
        "area_pct_min": "rise over time, % × min",
        "depth_lost_pct": "depth lost at worst, %",
        "liquidated": "liquidated, worth",
        "bad_debt": "bad debt",
        "adl": "deleveraged, worth",
        "fund_change": "insurance fund, change",
    }
)


class EffectView(msgspec.Struct, frozen=True):
    """One functional as it was and as it would have been, means over seeds; the effect is their paired difference."""

    of: str
    changed: str
    as_was: float
    otherwise: float
    effect: float
    low: float | None
    high: float | None
    seeds: int


def t_95(seeds: int) -> float:
    """The 97.5 % point of Student's t with ``seeds - 1`` degrees of freedom (any table of the distribution)."""
    return _T[seeds - 2] if seeds - 2 < len(_T) else _NORMAL


def effect_views(effects: Sequence[Effect]) -> list[EffectView]:
    """Effects with their 95 % intervals: effect ± t · standard error; none from a single seed."""
    found = []
    for one in effects:
        half = None if one.standard_error is None or one.seeds < 2 else t_95(one.seeds) * one.standard_error
        found.append(
            EffectView(
                of=_WORDS.get(one.functional, one.functional.replace("_", " ")),
                changed=one.mechanism,
                as_was=one.as_was,
                otherwise=one.changed,
                effect=one.effect,
                low=None if half is None else one.effect - half,
                high=None if half is None else one.effect + half,
                seeds=one.seeds,
            )
        )
    return found
