"""What traders type becomes each venue's own contract, or a refusal with the nearest names."""

from __future__ import annotations

from datetime import date

import pytest

from shortdesk.ground.errors import UsageError
from shortdesk.ground.symbols import Resolved, resolve, symbols_of
from shortdesk.ground.venue import load_venue, venue_ids

DAY = date(2026, 11, 24)

# venue: own symbol, kind, base, quote, settlement for what is typed as plain BTC
PLAIN_BTC = {
    "aave_v3": ("WBTC", "lending", "BTC", "USDC", "USDC"),
    "binance_coinm": ("BTCUSD_PERP", "inverse", "BTC", "USD", "BTC"),
    "binance_margin": ("BTCUSDT", "spot_margin", "BTC", "USDT", "USDT"),
    "binance_usdm": ("BTCUSDT", "linear", "BTC", "USDT", "USDT"),
    "bitmex": ("XBTUSD", "inverse", "BTC", "USD", "XBT"),
    "bybit": ("BTCUSDT", "linear", "BTC", "USDT", "USDT"),
    "deribit": ("BTC-PERPETUAL", "inverse", "BTC", "USD", "BTC"),
    "dydx_v4": ("BTC-USD", "linear", "BTC", "USD", "USDC"),
    "hyperliquid": ("BTC", "linear", "BTC", "USDC", "USDC"),
    "okx": ("BTC-USDT-SWAP", "linear", "BTC", "USDT", "USDT"),
}


def on(venue: str, given: str, kind: str | None = None) -> Resolved:
    return resolve(load_venue(venue), kind, given, DAY)


@pytest.mark.parametrize("venue", PLAIN_BTC)
def test_a_coin_is_the_usual_contract_of_every_venue(venue: str) -> None:
    symbol, kind, base, quote, settle = PLAIN_BTC[venue]
    assert on(venue, "BTC") == Resolved(kind, symbol, base, quote, settle)
    assert on(venue, "btc") == on(venue, " BTC ") == on(venue, "BTC")


@pytest.mark.parametrize("venue", PLAIN_BTC)
def test_every_venue_accepts_its_own_symbols(venue: str) -> None:
    for product in load_venue(venue).product:
        for symbol in symbols_of(product, DAY)[:150]:
            found = on(venue, symbol, product.kind)
            assert (found.kind, found.symbol, found.note) == (product.kind, symbol, "")
            # without a kind too; Bybit's BTCUSDT is a perpetual before it is a spot pair
            assert on(venue, symbol.lower()).symbol == symbol


@pytest.mark.parametrize("venue", PLAIN_BTC)
@pytest.mark.parametrize("given", ["BTCUSDT", "BTC/USDT", "BTC-USDT", "btc_usdt", "BTC/USDT:USDT", "BTC-USDT-SWAP"])
def test_one_way_of_writing_a_pair_is_as_good_as_another(venue: str, given: str) -> None:
    assert on(venue, given) == on(venue, "BTC/USDT")


@pytest.mark.parametrize(
    ("venue", "symbol", "quote", "note"),
    [
        ("binance_usdm", "BTCUSDT", "USDT", ""),
        ("okx", "BTC-USDT-SWAP", "USDT", ""),
        ("bitmex", "XBTUSDT", "USDT", ""),
        (
            "binance_coinm",
            "BTCUSD_PERP",
            "USD",
            "Binance COIN-M futures has no BTC/USDT in the sheets; BTCUSD_PERP is quoted in USD, settled in BTC",
        ),
        (
            "deribit",
            "BTC-PERPETUAL",
            "USD",
            "Deribit has no BTC/USDT in the sheets; BTC-PERPETUAL is quoted in USD, settled in BTC",
        ),
        (
            "dydx_v4",
            "BTC-USD",
            "USD",
            "dYdX v4 has no BTC/USDT in the sheets; BTC-USD is quoted in USD, settled in USDC",
        ),
        ("hyperliquid", "BTC", "USDC", "Hyperliquid has no BTC/USDT in the sheets; BTC is quoted in USDC"),
    ],
)
def test_another_dollar_is_taken_and_said(venue: str, symbol: str, quote: str, note: str) -> None:
    found = on(venue, "BTCUSDT")
    assert (found.symbol, found.quote, found.note) == (symbol, quote, note)


@pytest.mark.parametrize(
    ("venue", "given", "symbol", "kind"),
    [
        ("bybit", "BTCUSD", "BTCUSD", "inverse"),
        ("okx", "BTC/USD", "BTC-USD-SWAP", "inverse"),
        ("okx", "BTC-USD-SWAP", "BTC-USD-SWAP", "inverse"),
        ("deribit", "BTC/USDC", "BTC_USDC-PERPETUAL", "linear"),
        ("deribit", "SOL", "SOL_USDC-PERPETUAL", "linear"),
        ("deribit", "SOLUSDT", "SOL_USDC-PERPETUAL", "linear"),
        ("bitmex", "BTCUSD", "XBTUSD", "inverse"),
        ("bitmex", "XBT", "XBTUSD", "inverse"),
        ("bitmex", "XBTEUR", "XBTEUR", "inverse"),
        ("binance_usdm", "XBTUSDT", "BTCUSDT", "linear"),
        ("binance_usdm", "BTCUSDC", "BTCUSDC", "linear"),
        ("binance_usdm", "ETHBTC", "ETHBTC", "linear"),
        ("binance_usdm", "BTCUSDT_261225", "BTCUSDT_261225", "linear"),
        ("binance_usdm", "SOL_USDC-PERPETUAL", "SOLUSDC", "linear"),
        ("dydx_v4", "DOGE", "DOGE-USD", "linear"),
        ("aave_v3", "ETH", "WETH", "lending"),
        ("aave_v3", "WBTC", "WBTC", "lending"),
        ("binance_coinm", "DOGE", "DOGEUSD_PERP", "inverse"),
        ("binance_margin", "DOGEUSDT", "DOGEUSDT", "spot_margin"),
    ],
)
def test_the_quote_typed_and_the_coins_contract_choose_the_kind(venue: str, given: str, symbol: str, kind: str) -> None:
    found = on(venue, given)
    assert (found.symbol, found.kind) == (symbol, kind)


@pytest.mark.parametrize(
    ("venue", "given", "symbol"),
    [
        ("hyperliquid", "1000PEPE", "kPEPE"),
        ("hyperliquid", "1000PEPEUSDT", "kPEPE"),
        ("hyperliquid", "kBONK", "kBONK"),
        ("binance_usdm", "kPEPE", "1000PEPEUSDT"),
    ],
)
def test_the_same_multiple_under_another_name_is_the_same_contract(venue: str, given: str, symbol: str) -> None:
    assert on(venue, given).symbol == symbol
    assert on(venue, given).base.startswith("1000")


@pytest.mark.parametrize(
    ("venue", "given", "message"),
    [
        ("binance_usdm", "PEPE", "Binance USDS-M futures: unknown symbol 'PEPE'; did you mean .*'1000PEPEUSDT'"),
        ("hyperliquid", "PEPE", "did you mean 'kPEPE'"),
        ("binance_margin", "1000PEPEUSDT", "Binance spot margin: unknown symbol '1000PEPEUSDT'"),
    ],
)
def test_a_multiple_is_never_taken_for_the_coin(venue: str, given: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        on(venue, given)


def test_the_coin_itself_is_what_a_spot_market_lends() -> None:
    assert on("binance_margin", "PEPE").symbol == "PEPEUSDT"


def test_a_loan_is_taken_only_where_no_contract_is_known_and_said() -> None:
    found = on("bybit", "WLD")
    assert found.kind == "spot_margin"
    assert found.note == "Bybit has no contract on WLD in the sheets; this is a loan (WLDUSDT)"
    with pytest.raises(UsageError, match=r"unknown symbol 'WLD'; (did you mean|known are)"):
        on("bybit", "WLD", "linear")


def test_a_kind_that_is_named_is_kept() -> None:
    assert on("okx", "BTCUSDT", "inverse").symbol == "BTC-USD-SWAP"
    assert on("okx", "BTCUSDT", "spot_margin").symbol == "BTC-USDT"
    assert on("bitmex", "BTC", "linear").symbol == "XBTUSDT"


@pytest.mark.parametrize("venue", venue_ids())
@pytest.mark.parametrize("given", ["NOSUCHCOIN", "NOSUCHCOINUSDT", "A/B/C", "-", "USDT"])
def test_an_unknown_symbol_is_refused_and_names_are_offered(venue: str, given: str) -> None:
    with pytest.raises(UsageError, match=r"unknown symbol '.*'; (did you mean|known are)") as refused:
        on(venue, given)
    assert refused.value.exit_code == 2
    assert str(refused.value).startswith(load_venue(venue).name)


@pytest.mark.parametrize(
    ("venue", "given", "message"),
    [
        ("binance_usdm", "DOGGUSDT", r"unknown symbol 'DOGGUSDT'; did you mean .*'DOGEUSDT'"),
        ("okx", "BTTT-USDT", r"unknown symbol 'BTTT-USDT'; did you mean .*'BTT-USDT-SWAP'"),
        ("deribit", "BTC-PERPETAL", r"unknown symbol 'BTC-PERPETAL'; did you mean 'BTC-PERPETUAL'"),
    ],
)
def test_the_nearest_names_are_those_of_the_venue(venue: str, given: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        on(venue, given)


def test_an_empty_symbol_is_refused() -> None:
    with pytest.raises(UsageError, match="the symbol is empty; expected a coin or a contract such as BTC or BTCUSDT"):
        on("okx", "  ")


def test_a_quote_that_is_no_dollar_is_not_replaced_by_one() -> None:
    with pytest.raises(UsageError, match="unknown symbol 'BTC/EUR'"):
        on("binance_usdm", "BTC/EUR")
