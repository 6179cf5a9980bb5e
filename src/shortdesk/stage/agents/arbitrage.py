"""Arbitrageurs between two markets of one base asset: spot and perpetual, or two of a kind, at one venue or at two.

Buying at B and selling at A pays, per unit of what is bought,

    gap = bid_A (1 - fee_A) / (ask_B (1 + fee_B)) - 1

When it exceeds ``edge_bps`` both legs are sent at once, immediate or cancel at the prices seen, as large as both best
levels, the money at both venues and the inventory limit allow. What one leg filled and the other did not is traded away
at the better of the two prices before anything new is begun. A venue that runs dry is filled up from the other; what
is carried is under way for ``transfer_s`` and trades nothing meanwhile.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.ladder import Ladder
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.funds import (
    base_unit,
    carry_in,
    carry_out,
    fee_part,
    has_word_under_way,
    is_closed,
    spare_of,
    units_of,
)
from shortdesk.stage.look import ask_ticks, best_lots, bid_ticks, held_lots
from shortdesk.stage.parts import AgentKind, Part, agent_at, grid_at
from shortdesk.stage.pen import buy_or_sell, is_silent, take

__all__ = ["ARBITRAGE", "END", "ArbitrageTerms", "open_arbitrage", "wake_arbitrage"]

_SLACK = 1.01


class ArbitrageTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="arbitrage"
):
    """Arbitrageurs between two markets. Latency, capital and transfer time lie in the ranges that the field's reports
    give for large coins (2-50 ms, 5-50 million, 10-60 minutes); the exact numbers are our assumptions."""

    name: str
    instrument: str
    other: str
    """The second market; its base must be the same."""
    count: int = 3
    capital_usd: float = 5_000_000
    """What one brings to each venue, in the quote; to a spot venue as much again in the base."""
    limit_usd: float = 2_500_000
    """Most that one holds of a hedged position."""
    order_usd: float = 50_000
    """Most of one trade, each leg."""
    edge_bps: float = 1.0
    """What the gap must leave after both fees."""
    gives_bps: float = 0.0
    """What it gives away, after both fees, to close what it holds."""
    leverage: float = 3.0
    latency_ms: float = 10.0
    """To each venue and back; each message draws its own."""
    look_s: float = 0.25
    """Mean time between two looks."""
    transfer_s: float = 1_200
    dry: float = 0.2
    """A venue is filled up when less than this part of the capital is free there, and over twice it at the other."""


ARBITRAGE = row_type(
    ("look_rate_per_s", "<f8"),
    ("edge", "<f8"),
    ("gives", "<f8"),
    ("order_size", "<f8"),  # in the base, like the next
    ("limit_size", "<f8"),
    ("transfer_ns", "<i8"),
    ("first_end", "<i8"),
    ("carried_units", "<i8"),  # under way from one venue to the other
    ("carried_asset", "<i8"),
    ("carried_to", "<i8"),  # the end where it arrives
    ("arrives_ns", "<i8"),
)

END = row_type(
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("is_spot", "<i8"),
    ("base_asset", "<i8"),
    ("quote_asset", "<i8"),
    ("leverage", "<f8"),
    ("start_units", "<i8"),  # spot: base at the opening, which counts as no position
    ("dry_quote_units", "<i8"),
    ("dry_base_units", "<i8"),
)
"""One of an arbitrageur's two markets."""


def open_arbitrage(cast: Cast, terms: ArbitrageTerms) -> None:
    """One agent, and an account at each venue, for each arbitrageur.

    Raises:
        UsageError: the two markets are one, not of one base asset, or two spot pairs with one wallet for both.
    """
    markets = cast.market(terms.instrument), cast.market(terms.other)
    if markets[0].number == markets[1].number or markets[0].base_asset != markets[1].base_asset:
        given = f"{terms.instrument} and {terms.other}"
        raise UsageError(f"arbitrage '{terms.name}': {given} are not two markets of one base asset")
    is_one = markets[0].venue == markets[1].venue
    if is_one and not markets[0].is_perp and not markets[1].is_perp:
        given = f"{terms.instrument} and {terms.other}"
        raise UsageError(f"arbitrage '{terms.name}': {given} are spot pairs of one venue, which share a wallet")
    cast.begin(terms.name, "arbitrage", Mechanism.ARBITRAGE)
    price = markets[0].price
    for index in range(terms.count):
        accounts = [_open_account(cast, markets[0], terms)]
        accounts.append(accounts[0] if is_one else _open_account(cast, markets[1], terms))
        ends = [_open_end(cast, market, terms, at) for market, at in zip(markets, accounts, strict=True)]
        own = cast.row(
            Part.ARBITRAGES, ARBITRAGE, look_rate_per_s=1.0 / terms.look_s, edge=terms.edge_bps / 1e4,
            gives=terms.gives_bps / 1e4, order_size=terms.order_usd / price, limit_size=terms.limit_usd / price,
            transfer_ns=int(terms.transfer_s * SECOND_NS), first_end=ends[0],
        )  # fmt: skip
        cast.agent(AgentKind.ARBITRAGE, own, first_wake_ns=SECOND_NS + index * SECOND_NS // max(1, terms.count))


def _open_account(cast: Cast, market: Market, terms: ArbitrageTerms) -> int:
    account = cast.account(market, leverage=_leverage(cast, market, terms), latency_ms=terms.latency_ms)
    cast.deposit(account, market.settle_asset, market.units(terms.capital_usd) + 1)
    return account


def _leverage(cast: Cast, market: Market, terms: ArbitrageTerms) -> float:
    return min(terms.leverage, cast.most_leverage(market, terms.limit_usd)) if market.is_perp else 1.0


def _open_end(cast: Cast, market: Market, terms: ArbitrageTerms, account: int) -> int:
    base = 0 if market.is_perp else market.base_units(terms.capital_usd / market.price) + 1
    cast.deposit(account, market.base_asset, base)
    return cast.row(
        Part.ENDS, END, instrument=market.number, account=account, is_spot=int(not market.is_perp),
        base_asset=market.base_asset, quote_asset=market.settle_asset, leverage=_leverage(cast, market, terms),
        start_units=base, dry_quote_units=market.units(terms.dry * terms.capital_usd),
        dry_base_units=int(terms.dry * base),
    )  # fmt: skip


@rule
def wake_arbitrage(w: Any, s: Any, agent: int) -> int:
    """Look at both markets, trade a gap, mend what is uneven, or fill up a dry venue."""
    row = row_at(s, Part.ARBITRAGES, agent_at(s, agent).own, ARBITRAGE)
    now = int(clock_of(w).now_ns)
    next_ns = now + wait_ns(s, agent, row.look_rate_per_s)
    if row.carried_units != 0 and now >= row.arrives_ns:
        _arrive(w, s, agent, row)
    if not is_silent(w, s, agent):
        _look(w, s, agent, row)
    return min(next_ns, int(row.arrives_ns)) if row.carried_units != 0 and row.arrives_ns > now else next_ns


@rule(inline=True)
def _end(s: Any, at: int) -> Any:
    return row_at(s, Part.ENDS, at, END)


@rule
def _look(w: Any, s: Any, agent: int, row: Any) -> None:
    first, second = int(row.first_end), int(row.first_end) + 1
    one, two = _end(s, first), _end(s, second)
    if has_word_under_way(w, int(one.account)) or has_word_under_way(w, int(two.account)):
        return
    if is_closed(w, int(one.instrument)) or is_closed(w, int(two.instrument)):
        return
    uneven = _size_held(w, s, first) + _size_held(w, s, second) + _size_carried(w, s, row)
    coarse = max(grid_at(s, int(one.instrument)).lot, grid_at(s, int(two.instrument)).lot)
    if abs(uneven) > 0.999 * coarse:
        _mend(w, s, agent, row, uneven)
    elif not _trade(w, s, agent, row, first, second) and not _trade(w, s, agent, row, second, first):
        _fill_up(w, s, agent, row)


@rule
def _size_held(w: Any, s: Any, at: int) -> float:
    """What is held at one end, in the base: a perpetual's position, a spot balance's change since the opening."""
    end = _end(s, at)
    number, account = int(end.instrument), int(end.account)
    if end.is_spot:
        return float(units_of(w, account, int(end.base_asset)) - end.start_units) * base_unit(w, s, number)
    return float(held_lots(w, account, number)) * float(grid_at(s, number).lot)


@rule
def _size_carried(w: Any, s: Any, row: Any) -> float:
    end = _end(s, int(row.first_end))
    if row.carried_units == 0 or row.carried_asset != end.base_asset:
        return 0.0
    return float(row.carried_units) * base_unit(w, s, int(end.instrument))


@rule
def _affordable(w: Any, s: Any, at: int, sign: int, ticks: int) -> float:
    """What the money at one end allows it to buy (``sign`` 1) or sell (-1) at a price, in the base."""
    end = _end(s, at)
    number, account = int(end.instrument), int(end.account)
    lot = float(grid_at(s, number).lot)
    lots = 0.0
    if end.is_spot and sign < 0:
        return float(spare_of(w, account, int(end.base_asset))) * base_unit(w, s, number)
    if not end.is_spot:
        held = held_lots(w, account, number)
        lots = float(max(0, -sign * held))
    lot_units = float(ticks * instrument_at(w, number).factor)
    part = fee_part(w, number) + (1.0 if end.is_spot else 1.0 / end.leverage)
    return (lots + float(spare_of(w, account, int(end.quote_asset))) / (_SLACK * part * lot_units)) * lot


@rule
def _trade(w: Any, s: Any, agent: int, row: Any, seller: int, buyer: int) -> bool:
    """Sell at one end and buy at the other where that pays; whether orders were sent."""
    there, here = _end(s, seller), _end(s, buyer)
    bid, ask = bid_ticks(w, int(there.instrument)), ask_ticks(w, int(here.instrument))
    if bid == 0 or ask == 0:
        return False
    sell_grid, buy_grid = grid_at(s, int(there.instrument)), grid_at(s, int(here.instrument))
    got = bid * sell_grid.tick * (1.0 - fee_part(w, int(there.instrument)))
    paid = ask * buy_grid.tick * (1.0 + fee_part(w, int(here.instrument)))
    gap = got / paid - 1.0
    held = _size_held(w, s, buyer)
    closes = held < -0.5 * buy_grid.lot
    if gap < (-row.gives if closes else row.edge):
        return False
    size = min(row.order_size, -held if closes else row.limit_size - held)
    size = min(size, best_lots(w, int(there.instrument), Ladder.BIDS.value) * sell_grid.lot)
    size = min(size, best_lots(w, int(here.instrument), Ladder.ASKS.value) * buy_grid.lot)
    size = min(size, _affordable(w, s, seller, -1, bid), _affordable(w, s, buyer, 1, ask))
    coarse = max(sell_grid.lot, buy_grid.lot)
    size = int(size / coarse + 1e-6) * coarse
    sell_lots, buy_lots = int(size / sell_grid.lot + 0.5), int(size / buy_grid.lot + 0.5)
    if sell_lots <= 0 or buy_lots <= 0:
        return False
    take(w, s, agent, int(there.account), int(there.instrument), Side.SELL.value, bid, sell_lots, 0)
    take(w, s, agent, int(here.account), int(here.instrument), Side.BUY.value, ask, buy_lots, 0)
    return True


@rule
def _mend(w: Any, s: Any, agent: int, row: Any, uneven: float) -> None:
    """Sell what is too much, or buy what is too little, where the price is better and the money allows it."""
    first, second = int(row.first_end), int(row.first_end) + 1
    at = first if _mend_price(w, s, first, uneven) >= _mend_price(w, s, second, uneven) else second
    if _mend_price(w, s, at, uneven) <= -1e300:
        return
    number = int(_end(s, at).instrument)
    lots = int(abs(uneven) / grid_at(s, number).lot + 0.5)
    buy_or_sell(w, s, agent, int(_end(s, at).account), number, -lots if uneven > 0.0 else lots, False)


@rule
def _mend_price(w: Any, s: Any, at: int, uneven: float) -> float:
    """What mending at one end brings per unit of the base, a payment < 0; -1e300 where it is not possible."""
    number = int(_end(s, at).instrument)
    ticks = bid_ticks(w, number) if uneven > 0.0 else ask_ticks(w, number)
    if ticks == 0 or _affordable(w, s, at, -1 if uneven > 0.0 else 1, ticks) < abs(uneven):
        return -1e300
    price = ticks * float(grid_at(s, number).tick)
    return price * (1.0 - fee_part(w, number)) if uneven > 0.0 else -price * (1.0 + fee_part(w, number))


@rule
def _fill_up(w: Any, s: Any, agent: int, row: Any) -> None:
    """Carry half of the difference to a venue that runs dry; one transfer at a time."""
    first, second = int(row.first_end), int(row.first_end) + 1
    one, two = _end(s, first), _end(s, second)
    if row.carried_units != 0 or one.account == two.account:
        return
    if one.quote_asset == two.quote_asset and _carry(w, s, agent, row, int(one.quote_asset), int(one.dry_quote_units)):
        return
    if one.is_spot and two.is_spot:
        _carry(w, s, agent, row, int(one.base_asset), int(one.dry_base_units))


@rule
def _carry(w: Any, s: Any, agent: int, row: Any, asset: int, dry_units: int) -> bool:
    first, second = int(row.first_end), int(row.first_end) + 1
    here, there = spare_of(w, int(_end(s, first).account), asset), spare_of(w, int(_end(s, second).account), asset)
    if min(here, there) >= dry_units or max(here, there) <= 2 * dry_units:
        return False
    giver, taker = (first, second) if here > there else (second, first)
    units = abs(here - there) // 2
    if units <= 0 or not carry_out(w, s, agent, int(_end(s, giver).account), asset, units):
        return False
    row.carried_units = units
    row.carried_asset = asset
    row.carried_to = taker
    row.arrives_ns = clock_of(w).now_ns + row.transfer_ns
    return True


@rule
def _arrive(w: Any, s: Any, agent: int, row: Any) -> None:
    to = int(_end(s, int(row.carried_to)).account)
    if carry_in(w, s, agent, to, int(row.carried_asset), int(row.carried_units)):
        row.carried_units = 0
