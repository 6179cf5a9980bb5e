"""Dealers who hedge options move the price they hedge: what their gamma does to volatility.

Evidence: our own one-line reduction of Frey and Stremme (1997), recalled from memory and derived here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.study.arrays import Array, Flags, numbers

__all__ = ["DealerFeedback", "dealer_gamma_volatility"]


class DealerFeedback(NamedTuple):
    """Volatility with the dealers' hedging; fields have the common shape of the arguments."""

    multiplier: Array
    sigma_eff: Array
    """In the unit of the volatility given."""
    explosive: Flags
    """The hedge of a move causes another as large or larger; the other figures are infinite."""


def dealer_gamma_volatility(
    volatility: npt.ArrayLike, dealer_gamma: npt.ArrayLike, impact: npt.ArrayLike
) -> DealerFeedback:
    """dS = sigma dW + k dN with hedgers trading dN = -G dS: volatility is multiplied by 1 / (1 + k G).

    ``dealer_gamma`` G is the change of the dealers' total delta per unit of price, ``impact`` k the price per size.
    Long gamma (G > 0) sells rallies and calms; short gamma buys them and amplifies, without end from -k G = 1 on.

    Raises UsageError for a negative volatility or impact.
    """
    sigma, gamma, slope = np.broadcast_arrays(
        numbers("volatility", volatility, least=0.0),
        numbers("dealer_gamma", dealer_gamma),
        numbers("impact", impact, least=0.0),
    )
    room = 1.0 + slope * gamma
    explosive = np.asarray(room <= 0.0)
    multiplier = np.where(explosive, np.inf, 1.0 / np.where(explosive, 1.0, room))
    return DealerFeedback(
        multiplier, np.where(explosive, np.inf, sigma * np.where(explosive, 1.0, multiplier)), explosive
    )
