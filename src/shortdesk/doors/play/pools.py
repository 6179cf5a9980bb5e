"""Verbs of pools: opening chain and pools, providing and taking liquidity, swapping; ``wait`` lets a block come."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from shortdesk.doors.play.stage import Stage
from shortdesk.doors.play.words import Words
from shortdesk.ground import wide
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.units import Nanos, Ppm
from shortdesk.market.blocks import Act, Transaction
from shortdesk.market.command import CommandKind
from shortdesk.market.open_dex import open_blocks, open_pool, write_transaction
from shortdesk.market.open_pool import sqrt_price_x96_of
from shortdesk.market.pool_rows import chain_row, pool_row, position_row
from shortdesk.market.tables import Shelf, instrument_at

__all__ = ["add", "chain", "collect", "pool", "remove", "swap"]

_GAS_DIGITS = 18
_GWEI = 10**9
_PPM = 1_000_000


def chain(stage: Stage, words: Words) -> None:
    """``chain on Dex every 12s gas ETH base_fee 20``: gas prices are in 10^-9 of the gas asset."""
    words.need("on")
    name = words.peek()
    venue = words.known("venue", stage.names.venues)
    words.need("every")
    interval_ns = words.nanoseconds("a time between blocks")
    words.need("gas")
    asset = words.known("asset", stage.names.assets)
    words.need("base_fee")
    base_fee = _gwei(words, "a base fee")
    words.end()
    digits = stage.names.digits[asset]
    if digits > _GAS_DIGITS:
        words.refuse(f"an asset that pays gas has at most {_GAS_DIGITS} decimals")
    try:
        found = open_blocks(
            stage.world, venue, gas_asset=asset, first_due_ns=Nanos(stage.now_ns + interval_ns),
            interval_ns=Nanos(interval_ns), base_fee=base_fee, gas_price_scale=10 ** (_GAS_DIGITS - digits),
        )  # fmt: skip
    except UsageError as error:
        words.refuse(f"{error}.")
    stage.names.accounts[f"builder_of_{name}"] = found.builder
    stage.names.accounts[f"burner_of_{name}"] = found.burner


def pool(stage: Stage, words: Words) -> None:
    """``pool ETH-USDC on Dex base ETH quote USDC tick 0.01 lot 0.001 fee 0.3% [price 2000]``; a price: with ranges."""
    name = words.new_name("pool", stage.all_names())
    words.need("on")
    venue = words.known("venue", stage.names.venues)
    found: dict[str, Any] = {}

    def keep(key: str, read: Callable[[], Any]) -> Callable[[], None]:
        return lambda: found.update({key: read()})

    words.options(
        {
            "base": keep("base", lambda: words.known("asset", stage.names.assets)),
            "quote": keep("quote", lambda: words.known("asset", stage.names.assets)),
            "tick": keep("tick", lambda: words.number("a price step")),
            "lot": keep("lot", lambda: words.number("a size step")),
            "fee": keep("fee", lambda: words.rate("a fee")),
            "price": keep("price", lambda: words.number("a price")),
        }
    )
    for word in ("base", "quote", "tick", "lot", "fee"):
        if word not in found or (word != "fee" and found[word] <= 0):
            words.refuse(f"'{word}' is missing or not above 0")
    unit, base_unit = stage.unit(found["quote"]), stage.unit(found["base"])
    factor, base_units = found["tick"] * found["lot"] / unit, found["lot"] / base_unit
    fee: Fraction = found["fee"] * _PPM
    if factor.denominator != 1 or base_units.denominator != 1 or fee.denominator != 1:
        words.refuse("tick times lot, and lot, have to be whole units of the two assets, the fee whole millionths")
    root = 0
    if "price" in found:
        price = found["price"] * base_unit / unit
        root = sqrt_price_x96_of(price.numerator, price.denominator)
    at = next((k for k in range(1, stage.world.used_rows(Shelf.CHAINS)) if _venue_of(stage, k) == venue), 0)
    try:
        opened = open_pool(
            stage.world, at, base_asset=found["base"], quote_asset=found["quote"], factor=factor.numerator,
            base_units=base_units.numerator, fee_ppm=Ppm(fee.numerator), sqrt_price_x96=root,
        )  # fmt: skip
    except UsageError as error:
        words.refuse(f"{error}.")
    stage.names.instruments[name] = opened.instrument
    stage.names.ticks[opened.instrument], stage.names.lots[opened.instrument] = found["tick"], found["lot"]
    stage.names.highest[opened.instrument] = int(instrument_at(stage.world.block, opened.instrument).highest_ticks)
    stage.names.accounts[f"reserves_of_{name}"] = opened.account


def add(stage: Stage, words: Words) -> None:
    """``add ann 10 ETH 20000 USDC to ETH-USDC [ticks -69120 -69000] [tip 1]``: at most so much of both."""
    account = stage.who(words)
    paid: dict[int, int] = {}
    for _ in range(2):
        units, asset = stage.money(words)
        paid[asset] = units
    words.need("to")
    number = _pool(stage, words)
    row = pool_row(stage.world.block, number)
    if set(paid) != {int(row.asset0), int(row.asset1)}:
        words.refuse("expected one amount of each of the pool's two assets")
    span: dict[str, Any] = {}

    def ticks() -> None:
        span["low_tick"], span["high_tick"] = words.whole("the lower tick"), words.whole("the upper tick")

    tip = _options(stage, words, {"ticks": ticks})
    _send(
        stage, words, Transaction(Act.ADD_LIQUIDITY, account, number, **span, **tip),
        amount=paid[int(row.asset0)], amount1=paid[int(row.asset1)],
    )  # fmt: skip


def remove(stage: Stage, words: Words) -> None:
    """``remove ann 50% from ETH-USDC``: a part of the account's first position there, with what it earned."""
    account = stage.who(words)
    part = words.rate("a part of the position")
    words.need("from")
    number = _pool(stage, words)
    at = _position(stage, words, number, account)
    tip = _options(stage, words, {})
    held = wide.load(position_row(stage.world.block, at).liquidity)
    if not 0 < part <= 1:
        words.refuse("a part lies above 0% and not above 100%")
    taken = held * part.numerator // part.denominator
    _send(stage, words, Transaction(Act.REMOVE_LIQUIDITY, account, number, position=at, **tip), amount=taken)


def collect(stage: Stage, words: Words) -> None:
    """``collect ann from ETH-USDC``: the fees of the account's first position there."""
    account = stage.who(words)
    words.need("from")
    number = _pool(stage, words)
    at = _position(stage, words, number, account)
    _send(stage, words, Transaction(Act.COLLECT, account, number, position=at, **_options(stage, words, {})))


def swap(stage: Stage, words: Words) -> None:
    """``swap bob 1 ETH in ETH-USDC [for 1990 USDC] [tip 1]``: at least so much for it."""
    account = stage.who(words)
    units, asset = stage.money(words)
    words.need("in")
    number = _pool(stage, words)
    row = pool_row(stage.world.block, number)
    if asset not in (row.asset0, row.asset1):
        words.refuse("the pool has another pair of assets")
    least: dict[str, int] = {}
    tip = _options(stage, words, {"for": lambda: least.update(bound=stage.money(words)[0])})
    sent = Transaction(Act.SWAP_EXACT_IN, account, number, zero_for_one=asset == row.asset0, **tip)
    _send(stage, words, sent, amount=units, **least)


def _venue_of(stage: Stage, chain_at: int) -> int:
    return int(chain_row(stage.world.block, chain_at).venue)


def _pool(stage: Stage, words: Words) -> int:
    number = stage.instrument(words)
    found = int(instrument_at(stage.world.block, number).pool)
    if found == 0:
        words.refuse("this instrument is no pool")
    return found


def _position(stage: Stage, words: Words, number: int, account: int) -> int:
    rows = stage.world.table(Shelf.POSITIONS)[: stage.world.used_rows(Shelf.POSITIONS)]
    for at in range(1, len(rows)):
        if rows[at].pool == number and rows[at].account == account:
            return at
    words.refuse("the account has no position in this pool")


def _gwei(words: Words, what: str) -> int:
    price = words.number(what) * _GWEI
    if price.denominator != 1 or price < 0:
        words.refuse(f"{what} goes in steps of 10^-9 and is not negative")
    return price.numerator


def _options(stage: Stage, words: Words, known: dict[str, Callable[[], None]]) -> dict[str, Any]:
    """The rest of the line; what it says about the tip."""
    found: dict[str, Any] = {"priority_fee": 0}
    words.options({**known, "tip": lambda: found.update(priority_fee=_gwei(words, "a tip"))})
    return found


def _send(stage: Stage, words: Words, sent: Transaction, **amounts: int) -> None:
    """Write the transaction and send it; it pays any base fee."""
    row = pool_row(stage.world.block, sent.pool)
    whole = sent._replace(fee_max=1 << 60, mechanism=int(Mechanism.USER))
    at = write_transaction(stage.world, whole, **amounts)
    stage.send(words, CommandKind.TRANSACT, account=sent.account, instrument=int(row.instrument), client_id=at)
