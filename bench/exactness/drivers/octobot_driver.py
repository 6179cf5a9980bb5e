"""OctoBot-Trading: the liquidation price that its LinearPosition works out for a FutureContract.

The contract is given the maintenance rate of the bracket that holds the position at entry: it has room for
one rate. What surrounds a position (trader, exchange) is a stand-in with a clock and a fee of zero.
"""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import octobot_trading.enums as enums
from common import Message, number, say
from octobot_trading.exchange_data.contracts.future_contract import FutureContract
from octobot_trading.personal_data.positions.types.linear_position import LinearPosition


def surroundings() -> SimpleNamespace:
    exchange = SimpleNamespace(get_exchange_current_time=lambda: 0, get_fees=lambda symbol: {"taker": 0})
    return SimpleNamespace(simulate=True, exchange_manager=SimpleNamespace(exchange=exchange))


def price_of(position: dict[str, Any], rate: float) -> float | None:
    margin = enums.MarginType.ISOLATED if position["mode"] == "isolated" else enums.MarginType.CROSS
    contract = FutureContract(
        position["symbol"],
        margin,
        enums.FutureContractType.LINEAR_PERPETUAL,
        current_leverage=Decimal(position["leverage"]),
        maintenance_margin_rate=Decimal(str(rate)),
    )
    short = LinearPosition(surroundings(), contract)
    short.side = enums.PositionSide.SHORT
    short.entry_price = Decimal(position["entry"])
    short.mark_price = short.entry_price
    short.size = -Decimal(position["quantity"])
    try:
        short.update_liquidation_price()
    except NotImplementedError:
        return None
    return float(short.liquidation_price)


def main() -> None:
    message = Message()
    for position in message.positions:
        notional = number(position, "quantity") * number(position, "entry")
        price = price_of(position, message.rate_at(position["symbol"], notional))
        how = "LinearPosition.update_liquidation_price, rate of the bracket at entry"
        say(
            "octobot",
            "octobot-trading",
            position,
            price,
            how,
            "not implemented for cross margin" if price is None else "",
        )


main()
