"""Jesse: the ``liquidation_price`` of its own Position on its own FuturesExchange."""

from __future__ import annotations

from typing import Any

from common import Message, number, say
from jesse.models.FuturesExchange import FuturesExchange
from jesse.models.Position import Position
from jesse.routes import router
from jesse.strategies import Strategy

EXCHANGE = "Binance Perpetual Futures"


class Seller(Strategy):
    """A strategy that never trades; a position takes its leverage from one."""

    def should_long(self) -> bool:
        return False

    def go_long(self) -> None:
        raise NotImplementedError


def price_of(position: dict[str, Any]) -> float:
    symbol = f"{position['symbol'].removesuffix('USDT')}-USDT"
    router.set_routes([{"exchange": EXCHANGE, "symbol": symbol, "timeframe": "1m", "strategy": Seller}])
    exchange = FuturesExchange(EXCHANGE, number(position, "wallet"), 0.0, position["mode"], position["leverage"])
    short = Position(
        {
            "exchange_name": EXCHANGE,
            "exchange": exchange,
            "symbol": symbol,
            "qty": -number(position, "quantity"),
            "entry_price": number(position, "entry"),
            "current_price": number(position, "entry"),
        }
    )
    short.strategy = Seller()
    short.strategy.position = short
    return float(short.liquidation_price)


def main() -> None:
    for position in Message().positions:
        say("jesse", "jesse", position, price_of(position), "Position.liquidation_price")


main()
