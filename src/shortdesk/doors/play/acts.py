"""Verbs that act: orders, money, settings, prices, time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shortdesk.doors.play.stage import Stage
from shortdesk.doors.play.words import Words
from shortdesk.ground.order import OrderFlag, OrderKind, SelfTrade, Side, TimeInForce
from shortdesk.market.command import CommandKind

__all__ = [
    "amend", "ask_money", "buy", "cancel", "connect", "cross", "deposit", "disconnect", "halt", "isolated", "leverage",
    "margin", "mark", "outage", "recover", "resume", "sell", "wait", "withdraw",
]  # fmt: skip

_FLAGS = {
    "post_only": OrderFlag.POST_ONLY,
    "slides": OrderFlag.SLIDES,
    "reduce_only": OrderFlag.REDUCE_ONLY,
    "on_last": OrderFlag.ON_LAST,
}


def buy(stage: Stage, words: Words) -> None:
    """``buy bob 1 BTC at 60000``."""
    _place(stage, words, Side.BUY)


def sell(stage: Stage, words: Words) -> None:
    """``sell alice 1 BTC at market``."""
    _place(stage, words, Side.SELL)


def _place(stage: Stage, words: Words, side: Side) -> None:
    account = stage.who(words)
    lots, instrument = stage.lots(words)
    words.need("at")
    is_market = words.skip("market")
    ticks = 0 if is_market else stage.price(words, instrument, "a price, or 'market'")
    kind = OrderKind.MARKET if is_market else OrderKind.LIMIT
    found: dict[str, Any] = {"order_kind": kind, "traits": 0}

    def flag(bit: OrderFlag) -> Callable[[], None]:
        return lambda: put("traits", found["traits"] | bit)

    def trigger(limit: OrderKind, market: OrderKind) -> None:
        found["order_kind"] = market if is_market else limit
        words.need("at")
        found["trigger_ticks"] = stage.price(words, instrument, "a trigger price")

    def put(name: str, value: int) -> None:
        found[name] = value

    words.options(
        {
            **{name: flag(bit) for name, bit in _FLAGS.items()},
            "ioc": lambda: put("time_in_force", TimeInForce.IOC),
            "fok": lambda: put("time_in_force", TimeInForce.FOK),
            "stop": lambda: trigger(OrderKind.STOP_LIMIT, OrderKind.STOP_MARKET),
            "take_profit": lambda: trigger(OrderKind.PROFIT_LIMIT, OrderKind.PROFIT_MARKET),
            "shows": lambda: put("peak_lots", stage.lots(words, "the part that shows")[0]),
            "self_trade": lambda: put("self_trade", words.member("self-trade prevention", SelfTrade)),
            "as": lambda: put("client_id", words.whole("the order's number")),
        }
    )
    number = int(found.setdefault("client_id", stage.next_id))
    stage.next_id = max(stage.next_id, number + 1)
    stage.order_at[account, number] = instrument
    stage.send(words, CommandKind.PLACE, account=account, instrument=instrument, lots=lots, price_ticks=ticks,
               side=side, **found)  # fmt: skip


def _order(stage: Stage, words: Words) -> dict[str, int]:
    """``alice order 7``, and the instrument it was sent for."""
    account = stage.who(words)
    words.need("order")
    number = words.whole("an order's number")
    if (account, number) not in stage.order_at:
        words.refuse(f"order {number} was never sent by this account; orders are numbered from 1, or by 'as NUMBER'.")
    return {"account": account, "client_id": number, "instrument": stage.order_at[account, number]}


def cancel(stage: Stage, words: Words) -> None:
    """``cancel alice order 7``; ``cancel all alice``; ``cancel all alice in BTC``."""
    if words.skip("all"):
        account = stage.who(words)
        number = stage.instrument(words) if words.skip("in") else 0
        stage.send(words, CommandKind.CANCEL_ALL, account=account, instrument=number)
        return
    stage.send(words, CommandKind.CANCEL, **_order(stage, words))


def amend(stage: Stage, words: Words) -> None:
    """``amend alice order 7 to 2 BTC at 61000 stop at 60500``; what is not said stays."""
    fields = _order(stage, words)
    if words.skip("to"):
        fields["lots"], number = stage.lots(words)
        if number != fields["instrument"]:
            words.refuse("the order is in another instrument.")
    if words.skip("at"):
        fields["price_ticks"] = stage.price(words, fields["instrument"])
    if words.skip("stop") or words.skip("take_profit"):
        words.need("at")
        fields["trigger_ticks"] = stage.price(words, fields["instrument"])
    if not {"lots", "price_ticks", "trigger_ticks"} & set(fields):
        words.refuse("nothing is amended; expected 'to SIZE INSTRUMENT', 'at PRICE', 'stop at PRICE' or several.")
    stage.send(words, CommandKind.AMEND, **fields)


def deposit(stage: Stage, words: Words) -> None:
    """``deposit alice 10000 USDT``."""
    ask_money(stage, words, CommandKind.DEPOSIT)


def withdraw(stage: Stage, words: Words) -> None:
    """``withdraw alice 100 USDT``."""
    ask_money(stage, words, CommandKind.WITHDRAW)


def ask_money(stage: Stage, words: Words, kind: CommandKind) -> None:
    """``WHO AMOUNT ASSET``, as a command about units."""
    account = stage.who(words)
    units, asset = stage.money(words)
    stage.send(words, kind, account=account, instrument=asset, lots=units)


def _leg(stage: Stage, words: Words) -> dict[str, int]:
    words.need("in")
    return {"instrument": stage.instrument(words)}


def leverage(stage: Stage, words: Words) -> None:
    """``leverage alice 10x in BTC``."""
    account = stage.who(words)
    hundredths = words.times("a leverage") * 100
    if hundredths.denominator != 1:
        words.refuse("a leverage goes in steps of 0.01.")
    stage.send(words, CommandKind.SET_LEVERAGE, account=account, lots=hundredths.numerator, **_leg(stage, words))


def isolated(stage: Stage, words: Words) -> None:
    """``isolated alice in BTC``: the position stands alone."""
    account = stage.who(words)
    stage.send(words, CommandKind.SET_ISOLATED, account=account, lots=1, **_leg(stage, words))


def cross(stage: Stage, words: Words) -> None:
    """``cross alice in BTC``: the position shares the wallet."""
    account = stage.who(words)
    stage.send(words, CommandKind.SET_ISOLATED, account=account, lots=0, **_leg(stage, words))


def margin(stage: Stage, words: Words) -> None:
    """``margin alice 100 USDT into BTC``, or ``out of BTC``: between the wallet and an isolated position."""
    account = stage.who(words)
    units, _ = stage.money(words)
    if words.skip("out", "of"):
        units = -units
    else:
        words.need("into")
    stage.send(words, CommandKind.ADD_MARGIN, account=account, lots=units, instrument=stage.instrument(words))


def connect(stage: Stage, words: Words) -> None:
    """``connect alice``: the link is back."""
    stage.send(words, CommandKind.CONNECTION, account=stage.who(words), lots=1)


def disconnect(stage: Stage, words: Words) -> None:
    """``disconnect alice``: the link breaks."""
    stage.send(words, CommandKind.CONNECTION, account=stage.who(words), lots=0)


def mark(stage: Stage, words: Words) -> None:
    """``mark BTC 61000``: the mark price moves."""
    number = stage.instrument(words)
    stage.send(words, CommandKind.MARK, instrument=number, price_ticks=stage.price(words, number))


def halt(stage: Stage, words: Words) -> None:
    """``halt BTC``: matching stops."""
    stage.send(words, CommandKind.HALT, instrument=stage.instrument(words), lots=1)


def resume(stage: Stage, words: Words) -> None:
    """``resume BTC``: matching goes on."""
    stage.send(words, CommandKind.HALT, instrument=stage.instrument(words), lots=0)


def outage(stage: Stage, words: Words) -> None:
    """``outage VENUE``: the venue takes no commands."""
    stage.send(words, CommandKind.OUTAGE, instrument=words.known("venue", stage.names.venues), lots=1)


def recover(stage: Stage, words: Words) -> None:
    """``recover VENUE``: it takes commands again."""
    stage.send(words, CommandKind.OUTAGE, instrument=words.known("venue", stage.names.venues), lots=0)


def wait(stage: Stage, words: Words) -> None:
    """``wait 30s``: time passes, and what was due until then happens."""
    stage.now_ns += words.nanoseconds("a time")
    stage.send(words, CommandKind.STEP)
