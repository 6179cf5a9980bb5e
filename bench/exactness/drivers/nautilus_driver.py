"""NautilusTrader: where its own margin account no longer carries its own position.

This release has no liquidation price, so the lowest price is sought at which the wallet plus the position's
``unrealized_pnl`` falls to the account's ``calculate_margin_maint``; in cross margin both are summed over the
positions. The instrument is given the maintenance rate of the bracket that holds the position at entry, as it
has room for one rate. Asked are the default margin model (leveraged) and the other one that it ships (standard).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from common import Message, lowest_dead, number, say
from nautilus_trader.accounting.accounts.margin import MarginAccount
from nautilus_trader.accounting.margin_models import LeveragedMarginModel, MarginModel, StandardMarginModel
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.enums import AccountType, LiquiditySide, OrderSide, OrderType, PositionSide
from nautilus_trader.model.events import AccountState, OrderFilled
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    Symbol,
    TradeId,
    TraderId,
    Venue,
    VenueOrderId,
)
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import AccountBalance, Money, Price, Quantity
from nautilus_trader.model.position import Position

PRICE_DIGITS, SIZE_DIGITS = 12, 6
ACCOUNT = AccountId("BINANCE-001")


class Leg(NamedTuple):
    """A position with its instrument."""

    instrument: CryptoPerpetual
    position: Position


def account_of(wallet: str, model: MarginModel) -> MarginAccount:
    money = Money(Decimal(wallet), USDT)
    state = AccountState(
        account_id=ACCOUNT,
        account_type=AccountType.MARGIN,
        base_currency=USDT,
        reported=True,
        balances=[AccountBalance(money, Money(0, USDT), money)],
        margins=[],
        info={},
        event_id=UUID4(),
        ts_event=0,
        ts_init=0,
    )
    account = MarginAccount(state)
    account.set_margin_model(model)
    return account


def leg_of(short: dict[str, Any], rate: float) -> Leg:
    instrument = CryptoPerpetual(
        instrument_id=InstrumentId(Symbol(short["symbol"]), Venue("BINANCE")),
        raw_symbol=Symbol(short["symbol"]),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=PRICE_DIGITS,
        price_increment=Price(10**-PRICE_DIGITS, PRICE_DIGITS),
        size_precision=SIZE_DIGITS,
        size_increment=Quantity(10**-SIZE_DIGITS, SIZE_DIGITS),
        margin_init=Decimal(1),
        margin_maint=Decimal(str(rate)),
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
        ts_event=0,
        ts_init=0,
    )
    fill = OrderFilled(
        trader_id=TraderId("TRADER-001"),
        strategy_id=StrategyId("S-001"),
        instrument_id=instrument.id,
        client_order_id=ClientOrderId("O-1"),
        venue_order_id=VenueOrderId("1"),
        account_id=ACCOUNT,
        trade_id=TradeId("1"),
        position_id=PositionId("P-1"),
        order_side=OrderSide.SELL,
        order_type=OrderType.MARKET,
        last_qty=Quantity(number(short, "quantity"), SIZE_DIGITS),
        last_px=Price(number(short, "entry"), PRICE_DIGITS),
        currency=USDT,
        commission=Money(0, USDT),
        liquidity_side=LiquiditySide.TAKER,
        event_id=UUID4(),
        ts_event=0,
        ts_init=0,
    )
    return Leg(instrument, Position(instrument, fill))


def spare(account: MarginAccount, leg: Leg, mark: float) -> float:
    """Unrealised profit less maintenance margin of one leg, both from the library."""
    price = Price(mark, PRICE_DIGITS)
    margin = account.calculate_margin_maint(leg.instrument, PositionSide.SHORT, leg.position.quantity, price)
    return float(leg.position.unrealized_pnl(price)) - float(margin)


def price_of(message: Message, position: dict[str, Any], model: MarginModel) -> float | None:
    account = account_of(position["wallet"], model)
    legs = []
    for short in (position, *position["others"]):
        notional = number(short, "quantity") * number(short, "entry")
        leg = leg_of(short, message.rate_at(short["symbol"], notional))
        account.set_leverage(leg.instrument.id, Decimal(short["leverage"]))
        legs.append(leg)
    own, *others = legs
    behind = number(position, "wallet")
    for leg, other in zip(others, position["others"], strict=True):
        behind += spare(account, leg, number(other, "mark"))
    return lowest_dead(number(position, "entry"), lambda mark: behind + spare(account, own, mark) <= 0)


def main() -> None:
    message = Message()
    models = {"nautilus": LeveragedMarginModel(), "nautilus, standard": StandardMarginModel()}
    for peer, model in models.items():
        for position in message.positions:
            how = f"lowest price at which {type(model).__name__} is not covered, rate of the bracket at entry"
            say(peer, "nautilus_trader", position, price_of(message, position, model), how)


main()
