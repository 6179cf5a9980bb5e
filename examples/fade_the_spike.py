"""An agent of your own: it sells into a sudden rise, small, and buys back when the rise is gone or goes on.

Run it in any scenario:

    shortdesk run short-squeeze --agent examples/fade_the_spike.py:FadeTheSpike
"""

from __future__ import annotations

from collections import deque

from shortdesk.stage.view import Cancel, Order, View


class FadeTheSpike:
    """Short after a rise of ``rise_bps`` within ``window_s``; out at half of it back, or at as much again."""

    def __init__(self, rise_bps: float = 40.0, window_s: float = 30.0, worth: float = 5_000.0) -> None:
        self.rise = rise_bps / 1e4
        self.window_ns = int(window_s * 1e9)
        self.worth = worth
        self.seen: deque[tuple[int, float]] = deque()
        self.entry = 0.0

    def wake(self, view: View, now: int) -> list[Order | Cancel]:
        """Asked once a second; ``now`` is the simulated time in nanoseconds."""
        middle = view.mid()
        self.seen.append((now, middle))
        while self.seen[0][0] < now - self.window_ns:
            self.seen.popleft()

        held = view.position()
        if held == 0 and not view.orders():
            lowest = min(price for _, price in self.seen)
            if middle > lowest * (1 + self.rise):
                self.entry = middle
                return [Order(-self.worth / middle, price=view.bid(), ioc=True)]
        elif held < 0:
            is_won = middle < self.entry * (1 - self.rise / 2)
            is_lost = middle > self.entry * (1 + self.rise)
            if is_won or is_lost:
                return [Order(-held, reduce_only=True)]
        return []
