"""Verbs of collateral: which coins a venue counts as margin, and whose coins stand behind their wallets."""

from __future__ import annotations

from fractions import Fraction

from shortdesk.doors.play.stage import Stage
from shortdesk.doors.play.words import Words
from shortdesk.ground.errors import UsageError
from shortdesk.market.open_collateral import accept_collateral, set_multi_asset

__all__ = ["collateral", "multi_asset"]


def collateral(stage: Stage, words: Words) -> None:
    """``collateral USDC-USDT haircut 5% exchange 97.5%``: the base counts less 5 %; a minus takes it at 97.5 %."""
    pair = stage.instrument(words)
    found: dict[str, Fraction] = {}
    words.options(
        {
            "haircut": lambda: found.update(haircut=words.rate("the part that does not count")),
            "exchange": lambda: found.update(exchange=words.rate("the part of its mark at which a minus takes it")),
        }
    )
    try:
        accept_collateral(stage.world, pair, **found)
    except UsageError as error:
        words.refuse(f"{error}.")


def multi_asset(stage: Stage, words: Words) -> None:
    """``multi_asset alice``: her coins that the venue counts stand behind her wallets."""
    account = stage.who(words)
    words.end()
    try:
        set_multi_asset(stage.world, account)
    except UsageError as error:
        words.refuse(f"{error}.")
