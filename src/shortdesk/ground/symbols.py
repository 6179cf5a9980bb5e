"""From what a trader types to the contract that a venue trades.

Every venue accepts its own symbol (``BTC-USDT-SWAP``, ``XBTUSD``, ``kPEPE``) and, like all the others, ``BTC``,
``BTCUSDT``, ``BTC/USDT`` and ``BTC-USDT``. Dollars stand for each other: where a venue trades the coin against
another dollar than the one typed, its contract is taken and ``note`` says so. Multiples do not: a contract on
1000PEPE is never taken for PEPE, because its sizes and prices are not PEPE's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.ground.instruments_table import grid_symbols
from shortdesk.ground.schedule import known_symbols
from shortdesk.ground.venue import Product, VenueRules, load_venue, venue_ids

__all__ = ["DOLLARS", "LOANS", "Resolved", "resolve", "symbols_of"]

DOLLARS = ("USD", "USDT", "USDC", "FDUSD", "BUSD", "USD1", "USDE", "DAI", "U")
"""Quotes that stand for each other in a comparison, without conversion."""

LOANS = ("spot_margin", "lending")
"""Kinds where a short is a borrowed coin that was sold."""

_OTHER_QUOTES = ("EUR", "BTC", "ETH")
_MULTIPLE = re.compile(r"1(?:0{3}|0{6})(?=[A-Z])")
_TAIL = re.compile(r"(?i)(?:-SWAP|-PERPETUAL|[-_]PERP|:[A-Z0-9]+)$")
_PARTS = re.compile(r"[-/_\s]+")
_EXPIRY = r"(?:_\d{6})?"


class Resolved(NamedTuple):
    """The contract meant; ``base`` is the coin by its common name, ``note`` what differs from what was typed."""

    kind: str
    symbol: str
    base: str
    quote: str
    settle: str
    note: str = ""


class _Typed(NamedTuple):
    """One way to read what was typed: a coin, and a quote if one was named."""

    base: str
    quote: str


def resolve(rules: VenueRules, kind: str | None, given: str, day: date) -> Resolved:
    """The venue's contract for what was typed; of the first kind that trades it when no kind is named.

    A venue's own symbol wins over everything, the quote typed over the venue's usual quote, and both over
    another dollar. Contracts come before loans: a loan is taken only where no contract is known.

    Raises:
        UsageError: no such contract here (the nearest names of this venue are offered), or no such kind.
    """
    text = given.strip()
    if not text:
        raise UsageError("the symbol is empty; expected a coin or a contract such as BTC or BTCUSDT")
    products = [rules.of_kind(kind)] if kind else [product for product in rules.product if product.kind != "option"]
    for product in products:
        if own := _own_symbol(product, text, day):
            return own
    ways = _ways_to_read(text)
    contracts = [product for product in products if product.kind not in LOANS]
    loans = [product for product in products if product.kind in LOANS]
    if found := _search(rules, contracts, ways, day):
        return found
    if found := _search(rules, loans, ways, day):
        if contracts:
            instead = f"{rules.name} has no contract on {found.base} in the sheets; this is a loan ({found.symbol})"
            return found._replace(note="; ".join(part for part in (instead, found.note) if part))
        return found
    raise UsageError(_unknown(rules, products, text, day))


def _search(rules: VenueRules, products: Sequence[Product], ways: Sequence[_Typed], day: date) -> Resolved | None:
    """The first contract against the quote typed, or else against another dollar."""
    for typed in ways:
        for product in products:
            for quote in product.quotes:
                if typed.quote in ("", quote) and (found := _contract(product, typed.base, quote, day)):
                    return found
    for typed in ways:
        if typed.quote in DOLLARS:
            for product in products:
                for quote in product.quotes:
                    if quote in DOLLARS and (found := _contract(product, typed.base, quote, day)):
                        return found._replace(note=_another_dollar(rules, typed, found))
    return None


def symbols_of(product: Product, day: date) -> list[str]:
    """The symbols of a product that the sheets know on a day: with tiers first, then those with a grid only."""
    pattern = _pattern(product)
    with_grid = (symbol for symbol in grid_symbols(product.instruments) if pattern.fullmatch(symbol))
    found = dict.fromkeys((*known_symbols(product, day), *with_grid))
    # A reserve that serves as collateral is the quote of every loan, not a coin to be shorted.
    return [symbol for symbol in found if symbol not in product.quotes]


def _own_symbol(product: Product, text: str, day: date) -> Resolved | None:
    """The contract whose symbol at this venue was typed, upper and lower case alike."""
    for symbol in symbols_of(product, day):
        if symbol.casefold() == text.casefold():
            parts = _pattern(product).fullmatch(symbol)
            if parts:
                named = parts.groupdict()
                return _resolved(product, symbol, _common(product, named["base"]), named.get("quote", ""))
    return None


def _contract(product: Product, base: str, quote: str, day: date) -> Resolved | None:
    """The contract on a coin against a quote, if the sheets know it."""
    common = _common(product, base)
    symbol = product.symbol.format(base=product.symbol_base.get(common, common), quote=quote)
    if symbol in symbols_of(product, day) or (_trades_any_pair(product) and base in _coins_known()):
        return _resolved(product, symbol, common, quote)
    return None


def _resolved(product: Product, symbol: str, base: str, quote: str) -> Resolved:
    quote = quote or product.quotes[0]
    settle = {"quote": quote, "base": product.symbol_base.get(base, base), "usd": product.settle_asset}[product.settle]
    return Resolved(product.kind, symbol, base, quote, settle)


def _trades_any_pair(product: Product) -> bool:
    """Spot margin: the sheets have no list of pairs, so every coin that any sheet knows is taken as traded."""
    return product.kind == "spot_margin"


@functools.cache
def _coins_known() -> frozenset[str]:
    """The coins that any sheet knows, by their common names; 1000PEPE is the coin PEPE."""
    coins: set[str] = set()
    for venue in venue_ids():
        for product in load_venue(venue).product:
            pattern = _pattern(product)
            for symbol in symbols_of(product, date.max):
                if parts := pattern.fullmatch(symbol):
                    coins.add(_MULTIPLE.sub("", _common(product, parts["base"])))
    return frozenset(coins)


def _pattern(product: Product) -> re.Pattern[str]:
    return _compiled(product.symbol, product.quotes)


@functools.cache
def _compiled(symbol: str, quotes: tuple[str, ...]) -> re.Pattern[str]:
    """How a venue's symbols read; an expiry date may follow."""
    text = re.escape(symbol).replace(r"\{base\}", "(?P<base>.+?)")
    one_of = "|".join(re.escape(quote) for quote in sorted(quotes, key=len, reverse=True))
    return re.compile(text.replace(r"\{quote\}", f"(?P<quote>{one_of})") + _EXPIRY)


def _common(product: Product, base: str) -> str:
    """A coin by its common name: XBT is BTC, kPEPE is 1000PEPE, WETH is ETH where the venue says so."""
    for common, own in product.symbol_base.items():
        if base.casefold() == own.casefold():
            return common
    return base


def _ways_to_read(text: str) -> list[_Typed]:
    """The ways to read what was typed, the likeliest first."""
    parts = [part.upper() for part in _PARTS.split(_TAIL.sub("", text)) if part]
    if len(parts) == 2:
        return [_Typed(base, parts[1]) for base in _spellings(parts[0])]
    if len(parts) != 1:
        return []
    ways = [_Typed(base, "") for base in _spellings(parts[0])]
    for quote in sorted((*DOLLARS, *_OTHER_QUOTES), key=len, reverse=True):
        if parts[0].endswith(quote) and len(parts[0]) > len(quote):
            ways.extend(_Typed(base, quote) for base in _spellings(parts[0][: -len(quote)]))
    return ways


def _spellings(base: str) -> Iterator[str]:
    """A coin as typed, and by its common name where another venue's name was typed."""
    yield base
    common = {"XBT": "BTC", "WBTC": "BTC", "WETH": "ETH"}.get(base)
    if common:
        yield common
    if re.fullmatch(r"K[A-Z]{3,}", base):
        yield "1000" + base[1:]


def _another_dollar(rules: VenueRules, typed: _Typed, found: Resolved) -> str:
    settled = f", settled in {found.settle}" if found.settle != found.quote else ""
    return (
        f"{rules.name} has no {found.base}/{typed.quote} in the sheets; "
        f"{found.symbol} is quoted in {found.quote}{settled}"
    )


def _unknown(rules: VenueRules, products: Iterable[Product], given: str, day: date) -> str:
    known = dict.fromkeys(symbol for product in products for symbol in symbols_of(product, day))
    if any(_trades_any_pair(product) for product in products):
        known.update(dict.fromkeys(sorted(_coins_known())))
    return f"{rules.name}: {unknown_name('symbol', given, known)}"
