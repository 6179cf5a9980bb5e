"""The short positions that every engine is asked about, at Binance USDS-M brackets of 2026-09-29.

Entry prices are round numbers of about the right height; only the notional decides the bracket, so every
distance in per cent is the same at any entry price. No fees, no funding, and an isolated wallet is the
notional divided by the leverage.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Other:
    """Another short in the same cross wallet, with the mark at which it stands now."""

    symbol: str
    quantity: str
    entry: str
    leverage: int
    mark: str


@dataclass(frozen=True)
class Short:
    """One short: ``quantity`` coins sold at ``entry``; ``wallet`` only where it is not notional / leverage."""

    id: str
    why: str
    symbol: str
    quantity: str
    entry: str
    leverage: int
    mode: str = "isolated"
    wallet: str = ""
    others: tuple[Other, ...] = ()

    @property
    def collateral(self) -> Fraction:
        """What stands behind the position, in USDT."""
        if self.wallet:
            return Fraction(self.wallet)
        return Fraction(self.quantity) * Fraction(self.entry) / self.leverage

    def as_message(self) -> dict[str, Any]:
        """The position as the drivers read it; numbers are text."""
        return {**asdict(self), "wallet": decimal_text(self.collateral)}


SHORTS = (
    Short("BTC 500 20x", "first bracket, tiny", "BTCUSDT", "0.005", "100000", 20),
    Short("BTC 100k 125x", "first bracket, highest leverage", "BTCUSDT", "1", "100000", 125),
    Short("BTC 290k 20x", "opened in one bracket, dies in the next", "BTCUSDT", "2.9", "100000", 20),
    Short("BTC 2M 20x", "the position of many examples", "BTCUSDT", "20", "100000", 20),
    Short("BTC 60M 20x", "large", "BTCUSDT", "600", "100000", 20),
    Short("BTC 400M 4x", "near the top of the table", "BTCUSDT", "4000", "100000", 4),
    Short("BTC 1M 1x", "no leverage: a short still dies", "BTCUSDT", "10", "100000", 1),
    Short("ETH 40M 10x", "crosses a bracket on the way", "ETHUSDT", "10000", "4000", 10),
    Short("DOGE 500k 20x", "second coin, middle size", "DOGEUSDT", "2500000", "0.2", 20),
    Short("DOGE 2M 20x", "opened on a bracket's edge", "DOGEUSDT", "10000000", "0.2", 20),
    Short("DOGE 10M 10x", "large for its market", "DOGEUSDT", "50000000", "0.2", 10),
    Short("1000PEPE 1.4M 10x", "thousand-coin contract", "1000PEPEUSDT", "200000000", "0.007", 10),
    Short("FTT 45k 5x", "five brackets only, the first ones steep", "FTTUSDT", "45000", "1", 5),
    Short(
        "BTC 2M cross",
        "beside a DOGE short at its entry price",
        "BTCUSDT",
        "20",
        "100000",
        20,
        mode="cross",
        wallet="200000",
        others=(Other("DOGEUSDT", "2500000", "0.2", 20, "0.2"),),
    ),
    Short(
        "BTC 2M cross, gain",
        "beside a DOGE short that has gained 50,000",
        "BTCUSDT",
        "20",
        "100000",
        20,
        mode="cross",
        wallet="200000",
        others=(Other("DOGEUSDT", "2500000", "0.2", 20, "0.18"),),
    ),
)


def decimal_text(value: Fraction) -> str:
    """Exact digits of a fraction that has a finite decimal; a longer one is refused."""
    for places in range(31):
        scaled = value * 10**places
        if scaled.denominator == 1:
            sign = "-" if scaled < 0 else ""
            digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
            return sign + (digits[:-places] + "." + digits[-places:] if places else digits)
    raise ValueError(f"{value} has no short decimal")
