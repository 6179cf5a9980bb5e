"""Random lists of commands that make a small market busy: few prices, few client ids, everything mixed.

A list is made at once from its seed and does not look at the market, so any part of it is a list as well and a
failing one can be made shorter.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from tests.twin.account import AccountTerms
from tests.twin.command import Command
from tests.twin.venues import Terms

from shortdesk.ground.instrument import Form
from shortdesk.ground.order import OrderFlag, OrderKind, SelfTrade, Side, TimeInForce
from shortdesk.market.command import CommandKind
from shortdesk.market.desk import AmendRule
from shortdesk.market.entry import BoundFrom


class Taste(NamedTuple):
    """What a list is made of. Weights are per thousand."""

    amend: int = 120
    fill_or_kill: int = 100
    icebergs: int = 120
    parked: int = 150
    reduce_only: int = 0
    slides: int = 60
    post_only: int = 80
    prevents: int = 400
    bad: int = 30
    outages: int = 0
    cancel_all: int = 6


ACCOUNTS = {
    1: AccountTerms(1),
    2: AccountTerms(1, cancels_on_disconnect=True),
    3: AccountTerms(1),
    4: AccountTerms(1, is_hedged=True),
    5: AccountTerms(2, cancels_on_disconnect=True),
    6: AccountTerms(2),
}
REDUCES_FROM = 1000
"""Client ids from here on are those of reducing orders of a hedged account, so that its legs never share one."""


def random_terms(dice: random.Random) -> dict[int, Terms]:
    """Three instruments on two venues, each with its own rules."""
    return {number: _terms(dice, 1 if number < 3 else 2) for number in (1, 2, 3)}


def _terms(dice: random.Random, venue: int) -> Terms:
    return Terms(
        venue=venue,
        form=dice.choice((Form.LINEAR, Form.LINEAR, Form.INVERSE)),
        factor=dice.choice((1, 7, 1000)),
        highest_ticks=dice.choice((1040, 140_000, 1 << 40, (1 << 42) - 1)),
        highest_lots=dice.choice((60, 10_000)),
        bound_from=dice.choice(tuple(BoundFrom)),
        bound_ppm=dice.choice((0, 5_000, 50_000, 333_333, 2_000_000)),
        band_ppm=dice.choice((0, 0, 30_000, 123_457)),
        amend_rule=dice.choice(tuple(AmendRule)),
    )


def random_held(dice: random.Random, legs: int) -> dict[int, int]:
    """Lots held by some legs."""
    return {leg: dice.randint(-40, 40) for leg in range(1, legs + 1) if dice.random() < 0.6}


def random_commands(dice: random.Random, count: int, taste: Taste) -> list[Command]:
    """A list of commands around a price that wanders, now and then by orders of magnitude."""
    commands, centre, now = [], 1_000, 0
    for _ in range(count):
        if dice.random() < 0.004:
            centre = dice.choice((70, 1_000, 1_000, 130_000, 1_000_000))
        centre = max(10, centre + dice.choice((-1, 0, 0, 0, 1)))
        now += dice.choice((0, 0, 1, 1_000))
        commands.append(_one(dice, centre, taste)._replace(time_ns=now, mechanism=dice.randint(1, 9)))
    return [_spoilt(dice, command) if dice.random() * 1000 < taste.bad else command for command in commands]


def _one(dice: random.Random, centre: int, taste: Taste) -> Command:
    account = dice.choice((1, 1, 2, 2, 3, 4, 5, 6))
    instrument = 3 if account > 4 else dice.choice((1, 1, 1, 2))
    base = Command(account=account, instrument=instrument, client_id=dice.randint(1, 20), side=dice.randint(0, 1))
    draw = dice.random() * 1000
    if draw < taste.amend:
        return base._replace(
            kind=CommandKind.AMEND, lots=dice.choice((0, 0, dice.randint(1, 30))),
            price_ticks=dice.choice((0, 0, _price(dice, centre))),
            trigger_ticks=dice.choice((0, 0, _price(dice, centre))),
        )  # fmt: skip
    draw = dice.random() * 1000
    if draw < 200:
        return base._replace(kind=CommandKind.CANCEL)
    if draw < 205:
        return base._replace(kind=CommandKind.CONNECTION, instrument=0, lots=dice.randint(0, 1))
    if draw < 235:
        return Command(CommandKind.MARK, instrument=dice.randint(1, 3), price_ticks=_price(dice, centre))
    if draw < 245:
        return Command(CommandKind.HALT, instrument=dice.randint(1, 3), lots=int(dice.random() < 0.15))
    if draw < 245 + taste.outages:
        return Command(CommandKind.OUTAGE, instrument=dice.randint(1, 2), lots=int(dice.random() < 0.2))
    if draw < 245 + taste.outages + taste.cancel_all:
        return base._replace(kind=CommandKind.CANCEL_ALL, instrument=dice.choice((0, instrument)))
    return _order(dice, base, centre, taste)


def _order(dice: random.Random, base: Command, centre: int, taste: Taste) -> Command:
    def happens(weight: int) -> bool:
        return dice.random() * 1000 < weight

    order = base._replace(price_ticks=_price(dice, centre), lots=dice.randint(1, 20))
    if happens(taste.parked):
        order = order._replace(
            order_kind=dice.choice((2, 3, 4, 5)), trigger_ticks=_price(dice, centre),
            traits=OrderFlag.ON_LAST if dice.random() < 0.5 else 0,
        )  # fmt: skip
    elif happens(80):
        order = order._replace(order_kind=OrderKind.MARKET)
    if happens(taste.fill_or_kill):
        order = order._replace(time_in_force=TimeInForce.FOK)
    elif happens(100):
        order = order._replace(time_in_force=TimeInForce.IOC)
    elif happens(taste.icebergs) and order.order_kind == OrderKind.LIMIT:
        order = order._replace(lots=dice.randint(1, 60), peak_lots=dice.randint(1, 12))
    if happens(taste.post_only):
        order = order._replace(traits=order.traits | OrderFlag.POST_ONLY)
    if happens(taste.slides):
        order = order._replace(traits=order.traits | OrderFlag.POST_ONLY | OrderFlag.SLIDES)
    if happens(taste.prevents):
        order = order._replace(self_trade=dice.choice(tuple(SelfTrade)))
    if happens(taste.reduce_only):
        order = order._replace(traits=order.traits | OrderFlag.REDUCE_ONLY)
        if order.account == 4:
            order = order._replace(client_id=order.client_id + REDUCES_FROM)
    return order


def _price(dice: random.Random, centre: int) -> int:
    return max(1, centre + round(dice.gauss(0, 1 + centre * dice.choice((0.004, 0.004, 0.02)))))


def _spoilt(dice: random.Random, command: Command) -> Command:
    """A command with one or two things wrong."""
    for _ in range(dice.randint(1, 2)):
        name, value = dice.choice(_WRONG)
        command = command._replace(**{name: value})
    return command


_WRONG = (
    ("account", 0), ("account", 7), ("account", -3), ("instrument", -1), ("instrument", 4), ("instrument", 3),
    ("client_id", -1), ("side", 2), ("side", Side.SELL), ("order_kind", 6), ("time_in_force", 3), ("traits", 17),
    ("traits", OrderFlag.POST_ONLY), ("self_trade", 5), ("lots", 0), ("lots", -4), ("lots", 20_000),
    ("lots", 1 << 62), ("price_ticks", -5), ("price_ticks", 1 << 50), ("price_ticks", 1041), ("trigger_ticks", 0),
    ("trigger_ticks", -7), ("trigger_ticks", 1 << 50), ("peak_lots", -1), ("peak_lots", 5), ("kind", 9),
    ("kind", CommandKind.STEP),
)  # fmt: skip
