"""What the twin is told: one command as a plain tuple, and as the row the compiled market takes."""

from __future__ import annotations

from typing import Any, NamedTuple

from shortdesk.ground.order import OrderFlag, OrderKind, SelfTrade, Side, TimeInForce
from shortdesk.market.command import CommandKind, new_commands


class Command(NamedTuple):
    """One command; what is left out is zero."""

    kind: int = CommandKind.PLACE
    account: int = 1
    instrument: int = 1
    client_id: int = 0
    side: int = Side.BUY
    price_ticks: int = 0
    lots: int = 0
    order_kind: int = OrderKind.LIMIT
    time_in_force: int = TimeInForce.GTC
    traits: int = 0
    self_trade: int = SelfTrade.ALLOW
    peak_lots: int = 0
    trigger_ticks: int = 0
    mechanism: int = 0
    time_ns: int = 0

    def row(self) -> Any:
        """A table of this one command."""
        rows = new_commands(1)
        for name, value in zip(self._fields, self, strict=True):
            rows[name] = value
        return rows


def rows_of(commands: list[Command]) -> Any:
    """A table of commands."""
    rows = new_commands(len(commands))
    for at, name in enumerate(Command._fields):
        rows[name] = [command[at] for command in commands]
    return rows


def in_words(command: Command) -> str:
    """One line a trader can read."""
    kind = _name(CommandKind, command.kind)
    who = f"account {command.account} instrument {command.instrument}"
    if command.kind in (CommandKind.MARK, CommandKind.HALT, CommandKind.OUTAGE, CommandKind.DELAY):
        return f"{kind:<10} {who} price {command.price_ticks} lots {command.lots}"
    words = [f"{kind:<10} {who} order {command.client_id:>3} {_name(Side, command.side):<4}"]
    words.append(f"{command.lots:>4} at {command.price_ticks:>5}")
    if command.kind == CommandKind.PLACE:
        words.append(f"{_name(OrderKind, command.order_kind)} {_name(TimeInForce, command.time_in_force)}")
    words += [flag.name for flag in OrderFlag if command.traits & flag]
    if command.self_trade:
        words.append(f"self-trade {_name(SelfTrade, command.self_trade)}")
    if command.peak_lots:
        words.append(f"shows {command.peak_lots}")
    if command.trigger_ticks:
        words.append(f"trigger {command.trigger_ticks}")
    return " ".join(words)


def _name(words: Any, value: int) -> str:
    return str(words(value).name) if value in {member.value for member in words} else str(value)
