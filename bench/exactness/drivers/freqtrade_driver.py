"""freqtrade: its Binance class in a dry-run configuration, with the bracket file that it ships.

Asked is ``get_liquidation_price``, the price that a dry-run or back-test trade is closed at, once without and
once with its default safety buffer of 5 %. The one call that would go to the venue, the other pairs' mark
prices in cross margin, is answered with the marks of the position.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from common import Message, number, say
from freqtrade.enums import CandleType, MarginMode, RunMode, TradingMode
from freqtrade.exchange.binance import Binance


def pair_of(symbol: str) -> str:
    return f"{symbol.removesuffix('USDT')}/USDT:USDT"


def exchange_with(margin_mode: MarginMode, buffer: float) -> Binance:
    """A Binance exchange that never opens a connection; its brackets come from its own file."""
    settings: Any = {
        "dry_run": True,
        "runmode": RunMode.DRY_RUN,
        "stake_currency": "USDT",
        "trading_mode": TradingMode.FUTURES,
        "margin_mode": margin_mode,
        "liquidation_buffer": buffer,
        "candle_type_def": CandleType.FUTURES,
        "exchange": {"name": "binance", "key": "", "secret": "", "pair_whitelist": [], "pair_blacklist": []},
    }
    exchange = Binance(settings, validate=False, load_leverage_tiers=False)
    exchange.fill_leverage_tiers()
    return exchange


def other_trade(other: dict[str, Any]) -> SimpleNamespace:
    """Another open short, with the fields of a trade that the exchange class reads."""
    quantity, entry = number(other, "quantity"), number(other, "entry")
    return SimpleNamespace(
        pair=pair_of(other["symbol"]),
        amount=quantity,
        open_rate=entry,
        is_short=True,
        stake_amount=quantity * entry / other["leverage"],
    )


def price_of(exchange: Binance, position: dict[str, Any]) -> float | None:
    quantity, entry = number(position, "quantity"), number(position, "entry")
    marks = {pair_of(other["symbol"]): {"markPrice": number(other, "mark")} for other in position["others"]}
    exchange.fetch_funding_rates = lambda pairs: {pair: marks[pair] for pair in pairs}
    return exchange.get_liquidation_price(
        pair=pair_of(position["symbol"]),
        open_rate=entry,
        is_short=True,
        amount=quantity,
        stake_amount=quantity * entry / position["leverage"],
        leverage=position["leverage"],
        wallet_balance=number(position, "wallet"),
        open_trades=[other_trade(other) for other in position["others"]],
    )


def same_brackets(message: Message, exchange: Binance) -> None:
    """The comparison is only fair on equal brackets: stop where its file differs from ours."""
    for symbol, rows in message.brackets.items():
        theirs = [
            [tier["minNotional"], tier["maxNotional"], tier["maintenanceMarginRate"], tier["maintAmt"]]
            for tier in exchange._leverage_tiers[pair_of(symbol)]
        ]
        if theirs != [row[:4] for row in rows]:
            raise SystemExit(f"the bracket file that freqtrade ships differs from the sheet for {symbol}")


def main() -> None:
    message = Message()
    for peer, buffer in (("freqtrade", 0.0), ("freqtrade, buffer", 0.05)):
        exchanges = {mode: exchange_with(mode, buffer) for mode in (MarginMode.ISOLATED, MarginMode.CROSS)}
        same_brackets(message, exchanges[MarginMode.ISOLATED])
        for position in message.positions:
            price = price_of(exchanges[MarginMode(position["mode"])], position)
            how = f"Binance.get_liquidation_price, dry-run, liquidation_buffer {buffer:g}" + (
                " (its default)" if buffer else ""
            )
            say(peer, "freqtrade", position, price, how)


main()
