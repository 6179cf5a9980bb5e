"""What came of a held short: frozen, exact, and adding up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from shortdesk.intake import Bars

__all__ = ["ClosestCall", "HoldBar", "HoldEvent", "HoldResult", "HoldTotals", "Liquidated", "Payment", "Rung"]

EventKind = Literal["opened", "margin_added", "rules", "tier", "funding", "margin_call", "liquidated", "closed"]


class HoldBar(NamedTuple):
    """One bar of the path, as it stood at the bar's end (or at the liquidation). Money is in the settlement asset."""

    open_nanos: int
    close: Decimal
    high: Decimal | None
    """None where only closes are known."""
    liquidation_price: Decimal | None
    equity: Decimal
    wallet: Decimal
    """Money behind the short without unrealised profit."""
    funding: Decimal
    """Received since the opening, less what was paid."""
    interest: Decimal
    """Owed since the opening, valued at the close."""
    tier: int


class Payment(NamedTuple):
    """One funding payment; positive was received."""

    time_nanos: int
    rate: Decimal
    price: Decimal
    amount: Decimal


class HoldEvent(NamedTuple):
    """Something that happened, in a few words."""

    time_nanos: int
    kind: EventKind
    price: Decimal
    text: str


class ClosestCall(NamedTuple):
    """The bar in which the price came closest to the liquidation price."""

    open_nanos: int
    high: Decimal
    liquidation_price: Decimal
    room_pct: Decimal
    """How much further the price could have risen, in per cent of it."""


class Liquidated(NamedTuple):
    """When, where and how sure. Within a bar the hour is not known: it lies between the two instants."""

    since_nanos: int
    until_nanos: int
    liquidation_price: Decimal
    fill_price: Decimal
    at_open: bool
    """The price jumped over the liquidation price."""
    certain: bool
    """False where the order of funding and wick inside the bar could have saved it."""
    equity_before_fees: Decimal
    deficit: Decimal
    """What the loss exceeds the wallet by; others pay it."""
    paid_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTotals:
    """Where the money went; ``money_back`` is the sum of all lines above it.

    stake + added + price_profit + funding - interest - open_fee - close_fee - liquidation_fee - kept_by_venue
    + covered_by_others = money_back
    """

    stake: Decimal
    """The wallet behind the short and the fee to open."""
    added: Decimal
    price_profit: Decimal
    funding: Decimal
    interest: Decimal
    open_fee: Decimal
    close_fee: Decimal
    liquidation_fee: Decimal
    kept_by_venue: Decimal
    covered_by_others: Decimal
    money_back: Decimal

    @property
    def profit(self) -> Decimal:
        """What was earned in all."""
        return self.money_back - self.stake - self.added

    @property
    def return_on_margin(self) -> Decimal:
        """Profit over all that was put in."""
        return self.profit / (self.stake + self.added)


class Rung(NamedTuple):
    """The same short at another leverage."""

    leverage: Decimal
    wallet: Decimal
    liquidation_price: Decimal | None
    died_nanos: int | None
    profit: Decimal
    return_on_margin: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldResult:
    """A short taken through history. Prices are in quote per base, money in ``settle``."""

    venue: str
    name: str
    symbol: str
    kind: str
    mode: str
    base: str
    quote: str
    settle: str
    quantity: Decimal
    contracts: Decimal
    notional: Decimal
    leverage: Decimal
    wallet: Decimal
    opened_nanos: int
    ended_nanos: int
    """When it was closed, or the first instant at which it may have been liquidated."""
    last_nanos: int
    """The end of the span asked for."""
    entry_price: Decimal
    exit_price: Decimal
    liquidation_price: Decimal | None
    """At the opening."""
    bankruptcy_price: Decimal | None
    """At the opening."""
    liquidated: Liquidated | None
    totals: HoldTotals
    funding_uncertainty: Decimal
    """By how much the funding in all may be off, since prices inside a bar are drawn between open and close."""
    highest_price: Decimal
    worst_loss: Decimal
    """The largest unrealised loss met, as a positive number, before funding and fees."""
    worst_move_pct: Decimal
    """The highest price met over the entry, in per cent."""
    closest: ClosestCall | None
    smallest_wallet: Decimal
    """The least wallet that would have lived through the whole span; with less it dies."""
    bars: tuple[HoldBar, ...]
    payments: tuple[Payment, ...]
    events: tuple[HoldEvent, ...]
    ladder: tuple[Rung, ...]
    prices: Bars
    """All bars of the span, also those after a liquidation."""
    uses_mark: bool
    rules_day: str
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    """What may make the result wrong: data or rules that stand in for others, what the bars cannot tell."""
    notes: tuple[str, ...]
    """What to know beside: remarks on the data, the rules applied, what differs from what was asked."""
    sources: tuple[str, ...]

    @property
    def days(self) -> Decimal:
        """Days from the opening to the end."""
        return Decimal(self.ended_nanos - self.opened_nanos) / 86_400_000_000_000

    @property
    def leverage_survived(self) -> Decimal | None:
        """Worth over the least wallet that would have lived, cut to two decimals; None where none was needed."""
        if self.smallest_wallet <= 0:
            return None
        worth = self.quantity if self.kind == "inverse" else self.notional
        return (worth / self.smallest_wallet).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
