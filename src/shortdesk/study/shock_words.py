"""What the scenario did, in words: one sentence for each of its acts."""

from __future__ import annotations

__all__ = ["shock_words"]


def shock_words(act: str, amount: float, on: str) -> str:
    """An act by its name, with its size and the instrument (``""`` where it is on none)."""
    begins = amount > 0
    whose = f" of {on}" if on else ""
    words = {
        "news": f"news: what {on or 'the asset'} is worth moves by {100 * amount:+.2f} %",
        "makers_away": f"makers{whose} are sent away for {amount:.0f} s",
        "halt": f"matching{whose} {'is stopped' if begins else 'goes on'}",
        "outage": f"a venue {'goes down' if begins else 'is back'}",
        "delay": f"prices{whose} come {amount:g} s late" if begins else f"prices{whose} are on time again",
        "mute": f"a member of an index {'falls silent' if begins else 'speaks again'}",
        "recall": f"lenders recall {100 * amount:.0f} % of every loan, within ten minutes",
        "peg": f"the coin that a member of an index quotes in is worth {amount:g}",
        "coin_peg": f"{on or 'a coin'} is worth {amount:g}",
    }
    return words.get(act, f"{act.replace('_', ' ')}: {amount:g}")
