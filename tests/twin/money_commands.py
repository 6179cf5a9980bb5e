"""Random lists of commands about money, and running both markets over them.

Calm lists stay near one price; in wild ones marks jump, so that hardly anybody lives long and money has to come in.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from tests.twin.command import Command, in_words
from tests.twin.compare import Differs
from tests.twin.money_pair import ACCOUNTS, COINS, DOLLARS, FUND, MoneyPair, Setup
from tests.twin.shrink import shortest

from shortdesk.ground.order import OrderFlag, OrderKind, SelfTrade, TimeInForce
from shortdesk.market.command import CommandKind

REDUCES_FROM = 1000
HOUR_NS = 3_600 * 10**9


class Mood(NamedTuple):
    """How far prices go, how often a mark jumps there and money comes in; parts of one."""

    lowest: int = 940
    highest: int = 1060
    jumps: float = 0.0
    gifts: float = 0.0
    ticks: float = 0.0
    loans: float = 0.0
    hours: float = 0.0
    seizes: float = 0.1
    wire: float = 0.0
    numbers: tuple[int, ...] = (1, 1, 2, 2, 3)
    purse: int = 1
    ids: int = 20
    sizes: tuple[int, ...] = (5, 5, 20, 80)
    leverages: tuple[int, ...] = (99, 100, 200, 250, 400, 500, 501)


CALM = Mood()
WILD = Mood(
    500, 2000, jumps=0.08, gifts=0.06, ticks=0.12, purse=4, ids=60, sizes=(10, 20, 30, 60),
    leverages=(400, 500, 500, 501),
)  # fmt: skip
PRICED = WILD._replace(ticks=0.5, jumps=0.02, numbers=(1, 2))
WIRED = WILD._replace(ticks=0.1, wire=0.06)
LENT = WILD._replace(
    ticks=0.02, loans=0.18, hours=0.02, gifts=0.03, purse=4, numbers=(1, 2, 3, 3, 3, 3), sizes=(1, 2, 5)
)

SEIZED = LENT._replace(ticks=0, gifts=0.01, loans=0.3, seizes=0.4, numbers=(3,))


def commands_of(seed: int, count: int, mood: Mood) -> list[Command]:
    """Deposits and marks first, then everything mixed around prices that stay within bounds."""
    dice = random.Random(f"money commands {seed}")
    begin = [Command(CommandKind.MARK, instrument=number, price_ticks=1_000) for number in (1, 2, 3)]
    for account in ACCOUNTS:
        begin.append(
            Command(CommandKind.DEPOSIT, account, DOLLARS, lots=dice.randint(500_000, 2_500_000) // mood.purse)
        )
        begin.append(
            Command(CommandKind.DEPOSIT, account, COINS, lots=dice.randint(1_000_000, 9_000_000) // mood.purse)
        )
    if mood.loans:
        begin.append(Command(CommandKind.DEPOSIT, 11, COINS, lots=40_000_000))
        begin.append(Command(CommandKind.DEPOSIT, 12, DOLLARS, lots=4_000_000))
    now, told, centre = 0, [], {1: 1_000, 2: 1_000, 3: 1_000}
    for _ in range(count - len(begin)):
        now += dice.choice((0, 0, 1, 1_000, *((10**9, 5 * 10**9) if mood.jumps else ())))
        now += dice.randint(1, 3 * HOUR_NS) if dice.random() < mood.hours else 0
        command = _one(dice, mood, centre, now)
        if dice.random() < 0.02:
            name, value = dice.choice(_WRONG)
            if name != "traits" or command.client_id < REDUCES_FROM:  # an order that opens needs an id of its own
                command = command._replace(**{name: value})
        told.append(command._replace(time_ns=now, mechanism=dice.randint(1, 9)))
    return begin + told


_WRONG = (
    ("account", 0), ("account", 99), ("account", -3), ("instrument", 0), ("instrument", 4), ("instrument", -1),
    ("lots", 0), ("lots", -5), ("lots", 1 << 62), ("price_ticks", 0), ("price_ticks", 1 << 50), ("kind", 9),
    ("client_id", -1), ("side", 2), ("lots", 501), ("traits", 3),
)  # fmt: skip


def _price(dice: random.Random, mood: Mood, centre: int) -> int:
    return min(mood.highest, max(mood.lowest, round(dice.gauss(centre, centre / 40))))


def _wild(dice: random.Random, mood: Mood, centre: dict[int, int], now: int) -> Command | None:
    """A mark that jumps, or money for somebody, the fund included."""
    draw = dice.random()
    if draw < mood.jumps:
        number = dice.choice(mood.numbers)
        moved = round(centre[number] * dice.choice((0.6, 0.75, 0.85, 0.95, 1.05, 1.15, 1.3, 1.6)))
        centre[number] = min(mood.highest * 4 // 5, max(mood.lowest * 5 // 4, moved))
        return Command(CommandKind.MARK, instrument=number, price_ticks=centre[number])
    if draw < mood.jumps + mood.gifts:
        account, asset = dice.choice((*ACCOUNTS, *ACCOUNTS, FUND)), dice.choice((DOLLARS, COINS))
        most = (20_000 if account == FUND else 150_000) * (1 if asset == DOLLARS else 10)
        return Command(CommandKind.DEPOSIT, account, asset, lots=dice.randint(1, most))
    if draw < mood.jumps + mood.gifts + mood.ticks:
        return _priced(dice, dice.choice((1, 1, 2, 2, 2, 3)), centre)
    if draw < mood.jumps + mood.gifts + mood.ticks + mood.loans:
        return _lent(dice, mood, now)
    return _wired(dice) if dice.random() < mood.wire else None


def _wired(dice: random.Random) -> Command:
    """The venue is out of reach or back, or somebody's messages or an instrument's prices take longer."""
    if dice.random() < 0.3:
        return Command(CommandKind.OUTAGE, instrument=1, lots=int(dice.random() < 0.3))
    account = dice.choice((0, 0, *ACCOUNTS))
    delay = dice.choice((0, 0, 1_000, 3 * 10**6, 2 * 10**9))
    return Command(CommandKind.DELAY, account, dice.choice((1, 2, 3)), lots=delay)


def _lent(dice: random.Random, mood: Mood, now: int) -> Command:
    """Somebody borrows or returns, a lender wants units back, a recall's time is up, or an hour has passed."""
    account = dice.choice((*ACCOUNTS,))  # the even ones mostly sell the coin, the odd ones buy it
    asset = dice.choice((DOLLARS, COINS, *((COINS,) * 4 if account % 2 == 0 else (DOLLARS,) * 4)))
    most = dice.choice((5_000, 500_000, 1_500_000)) * (1 if asset == DOLLARS else 10)
    one = Command(CommandKind.BORROW, account, asset, lots=dice.randint(1, most))
    draw = dice.random()
    if dice.random() < mood.seizes:
        return one._replace(kind=CommandKind.SEIZE, client_id=dice.choice((*ACCOUNTS, *ACCOUNTS, 0, 99)))
    if draw < 0.4:
        return one
    if draw < 0.55:
        return one._replace(kind=CommandKind.REPAY)
    if draw < 0.7:
        due = now + dice.choice((-1, 0, 0, 10**9, 30 * 10**9))
        return one._replace(kind=CommandKind.RECALL, lots=dice.choice((one.lots, 1 << 40)), trigger_ticks=due)
    if draw < 0.85:
        return one._replace(kind=CommandKind.BUY_IN)
    if draw < 0.95:
        return Command(CommandKind.ACCRUE, instrument=1)
    return one._replace(kind=CommandKind.DEPOSIT, account=11 if asset == COINS else 12)


def _priced(dice: random.Random, number: int, centre: dict[int, int]) -> Command:
    """A member of an index speaks, the venue's clock ticks, or funding is paid."""
    kind = dice.choice((CommandKind.INDEX, CommandKind.INDEX, CommandKind.TICK, CommandKind.TICK, CommandKind.FUND))
    if kind == CommandKind.FUND and dice.random() < 0.3:
        return Command(kind, instrument=number, traits=1, lots=dice.randint(-(10**8), 10**8))
    if kind != CommandKind.INDEX:
        return Command(kind, instrument=number)
    price = dice.choice((0, round(dice.gauss(centre[number], centre[number] / 40)), centre[number], centre[number]))
    return Command(
        kind, instrument=number, client_id=dice.choice((1, 1, 1, 2, 2, 3, 4)), price_ticks=price,
        traits=int(dice.random() < 0.1),
    )  # fmt: skip


def _one(dice: random.Random, mood: Mood, centre: dict[int, int], now: int) -> Command:
    if mood.jumps and (command := _wild(dice, mood, centre, now)):
        return command
    account, number, draw = dice.choice((*ACCOUNTS,)), dice.choice(mood.numbers), dice.random()
    base = Command(account=account, instrument=number, client_id=dice.randint(1, mood.ids), side=dice.randint(0, 1))
    if mood.jumps:  # more orders, and everybody mostly on one side
        draw = draw**0.5
        base = base._replace(side=(account + number) % 2) if dice.random() < 0.6 else base
    price = _price(dice, mood, centre[number])
    if draw < 0.08:
        return Command(CommandKind.MARK, instrument=number, price_ticks=price)
    if draw < 0.14:
        kind = dice.choice((CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.WITHDRAW))
        most = dice.choice((1_000, 100_000, 2_000_000))
        return Command(kind, account, dice.randint(0, 20) and dice.randint(1, 2), lots=dice.randint(1, most))
    if draw < 0.18:
        return base._replace(kind=CommandKind.SET_LEVERAGE, lots=dice.choice(mood.leverages))
    if draw < 0.22:
        return base._replace(kind=CommandKind.SET_ISOLATED, lots=dice.choice((0, 0, 1, 1, 2)))
    if draw < 0.27:
        return base._replace(kind=CommandKind.ADD_MARGIN, lots=round(dice.gauss(0, dice.choice((500, 200_000)))))
    if draw < 0.35:
        return base._replace(kind=CommandKind.CANCEL)
    if draw < 0.355:
        return base._replace(kind=CommandKind.CANCEL_ALL, instrument=dice.choice((0, number)))
    if draw < 0.36:
        return base._replace(kind=CommandKind.CONNECTION, instrument=0, lots=dice.randint(0, 1))
    if draw < 0.42:
        return base._replace(
            kind=CommandKind.AMEND, price_ticks=dice.choice((0, price)), lots=dice.choice((0, 1, 5, 30)),
            trigger_ticks=dice.choice((0, price + 20, price - 20)),
        )  # fmt: skip
    if mood.jumps and draw < 0.43:
        return Command(CommandKind.HALT, instrument=number, lots=int(dice.random() < 0.04))
    base = base._replace(price_ticks=price, lots=dice.randint(1, dice.choice(mood.sizes)))
    return _order(dice, base, _price(dice, mood, centre[number]))


def _order(dice: random.Random, order: Command, trigger: int) -> Command:
    draw = dice.random()
    if draw < 0.1:
        order = order._replace(order_kind=OrderKind.MARKET)
    elif draw < 0.2:
        order = order._replace(order_kind=dice.choice((2, 3, 4, 5)), trigger_ticks=trigger)
    elif draw < 0.25:
        order = order._replace(peak_lots=dice.randint(1, 4))
    elif draw < 0.3:
        order = order._replace(time_in_force=TimeInForce.IOC)
    elif draw < 0.33:
        order = order._replace(time_in_force=TimeInForce.FOK)
    elif draw < 0.38:
        order = order._replace(traits=OrderFlag.POST_ONLY | dice.choice((0, OrderFlag.SLIDES)))
    if dice.random() < 0.15:
        order = order._replace(traits=order.traits | OrderFlag.REDUCE_ONLY)
        if ACCOUNTS[order.account].is_hedged:
            order = order._replace(client_id=order.client_id + REDUCES_FROM)
    if dice.random() < 0.2:
        order = order._replace(self_trade=dice.choice(tuple(SelfTrade)))
    if order.time_in_force == TimeInForce.FOK and order.self_trade == SelfTrade.ALLOW:
        # Whether it fills is asked without moving positions; its own reducing orders would see theirs move.
        order = order._replace(self_trade=SelfTrade.CANCEL_TAKER)
    return order


def first_difference(
    setup: Setup, commands: list[Command], opened: Callable[[Setup], MoneyPair] = MoneyPair
) -> tuple[int, str, Counter[str]]:
    """The number of the first command after which the two differ or -1, in what, and what was seen."""
    pair = opened(setup)
    for at, command in enumerate(commands):
        try:
            pair.tell(command)
        except Differs as difference:
            return at, str(difference), pair.seen
    try:
        pair.explain()
    except Differs as difference:
        return len(commands) - 1, str(difference), pair.seen
    return -1, "", pair.seen


def agree(
    setup: Setup, count: int, mood: Mood, opened: Callable[[Setup], MoneyPair] = MoneyPair,
    listed: Callable[[int, int, Mood], list[Command]] = commands_of,
) -> Counter[str]:  # fmt: skip
    """Assert that both agree after each command; what was seen on the way."""
    commands = listed(setup.seed, count, mood)
    at, difference, seen = first_difference(setup, commands, opened)
    if at < 0:
        return seen
    kind = difference.partition(":")[0]

    def fails(part: list[Command]) -> bool:
        where, what, _ = first_difference(setup, part, opened)
        return where >= 0 and what.partition(":")[0] == kind

    marks = commands[:3]
    few = marks + shortest(commands[3 : at + 1], lambda part: fails(marks + part))
    _, difference, _ = first_difference(setup, few, opened)
    table = "\n".join(f"{number:>3}  {in_words(command)}" for number, command in enumerate(few, 1))
    raise AssertionError(f"{setup}, command {at} of {count}\n{table}\n{difference}")
