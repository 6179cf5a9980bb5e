"""An account's report against the ticket, against its own Risk, and against bump-and-revalue."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from shortdesk.ground.errors import InputError
from shortdesk.ground.venue import load_venue
from shortdesk.study.account_book import read_account
from shortdesk.study.account_report import AccountReport, report_account
from shortdesk.study.short import short_ticket
from shortdesk.study.ticket import ShortRequest, Size

DAY = date(2026, 11, 1)


def report(folder: Path, text: str, **moves: str) -> AccountReport:
    path = folder / "account.toml"
    path.write_text(f"date = {DAY}\n{text}")
    return report_account(read_account(path, DAY), {base: Fraction(multiple) for base, multiple in moves.items()})


LOANS = [
    ("binance_margin", "isolated", "BTC", "spot_margin", "BTC"),
    ("binance_margin", "isolated", "PEPE", "spot_margin", "PEPE"),
    ("binance_margin", "cross", "BTC", "spot_margin", "BTC"),
    ("bybit", "cross", "BTC", "spot_margin", "BTC"),
    ("okx", "isolated", "BTC", "spot_margin", "BTC"),
    ("okx", "isolated", "PEPE", "spot_margin", "PEPE"),
    ("aave_v3", "cross", "BTC", "lending", "WBTC"),
    ("aave_v3", "cross", "ETH", "lending", "WETH"),
]


@pytest.mark.parametrize("case", LOANS, ids=lambda case: "-".join(case[:3]))
def test_a_loan_dies_where_the_ticket_says(tmp_path: Path, case: tuple[str, ...]) -> None:
    venue, mode, base, kind, asset = case
    size = Size(Decimal(100_000), "quote")
    request = ShortRequest(symbol=base, size=size, entry=Decimal(2), day=DAY, leverage=Decimal(2), mode=mode, kind=kind)
    ticket = short_ticket(load_venue(venue), request)
    assert ticket.wallet is not None
    assert ticket.notional is not None
    text = (
        f'venue = "{venue}"\nmode = "{mode}"\n[prices]\n{asset} = "2"\n'
        f'[[balance]]\nasset = "{ticket.settle}"\namount = "{ticket.wallet + ticket.notional}"\n'
        f'[[loan]]\nasset = "{asset}"\namount = "{ticket.quantity}"\n'
    )
    found = report(tmp_path, text)
    above = found.assets[0].liquidation_above
    assert above is not None
    assert ticket.liquidation_price is not None
    assert abs(above - ticket.liquidation_price) < Decimal("1e-15")
    beyond = str(Fraction(above) / 2 * Fraction(10_001, 10_000))
    assert not found.liquidatable
    assert report(tmp_path, text, **{asset: beyond}).liquidatable


def test_a_dead_aave_loan_is_dead(tmp_path: Path) -> None:
    found = report(
        tmp_path,
        'venue = "aave_v3"\n[prices]\nWBTC = "130000"\n[[balance]]\nasset = "USDC"\namount = "120000"\n'
        '[[loan]]\nasset = "WBTC"\namount = "1"\n',
    )
    health = next(field.value for field in found.fields if field.name == "healthFactor")
    assert health is not None
    assert health < 1
    assert found.liquidatable


CROSS_SHORT = (
    'venue = "binance_usdm"\n[[balance]]\nasset = "USDT"\namount = "{cash}"\n[[position]]\nsymbol = "BTCUSDT"\n'
    'side = "short"\nsize = "{size}"\nentry = "90000"\nmark = "90000"\nleverage = "{leverage}"\n'
)
ORDER = '[[order]]\nsymbol = "BTCUSDT"\nside = "{side}"\nsize = "{size}"\nprice = "91000"\nleverage = "20"\n'


def room(found: AccountReport) -> Decimal:
    more = found.legs[0].largest_additional
    assert more is not None
    return more


def test_room_counts_open_orders_and_keeps_to_the_tiers(tmp_path: Path) -> None:
    short = CROSS_SHORT.format(cash=60_000, size=2, leverage=20)
    free, with_order = (report(tmp_path, short + more) for more in ("", ORDER.format(side="sell", size=3)))
    assert room(free) == pytest.approx(Decimal((60_000 - 9_000) / 4_500), abs=Decimal("1e-6"))
    assert room(with_order) == pytest.approx(Decimal((60_000 - 9_000 - 13_650) / 4_500), abs=Decimal("1e-6"))
    # At 125x the venue takes a position up to 800,000 USDT or less, however rich the account is.
    rich = report(tmp_path, CROSS_SHORT.format(cash=10**9, size=1, leverage=100))
    assert (room(rich) + 1) * 90_000 <= 800_000


def test_an_order_that_only_closes_needs_no_margin(tmp_path: Path) -> None:
    short = CROSS_SHORT.format(cash=60_000, size=2, leverage=20)
    closing = report(tmp_path, short + ORDER.format(side="buy", size=2))
    flipping = report(tmp_path, short + ORDER.format(side="buy", size=3))
    assert closing.fields == report(tmp_path, short).fields
    initial = {field.name: field.value for field in flipping.fields}["totalInitialMargin"]
    assert initial == 9_000 + Decimal(91_000) / 20


def test_leverage_is_checked_at_the_position_s_own_tier(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="150x is above the largest leverage of 20x in tier"):
        report(tmp_path, CROSS_SHORT.format(cash=10**9, size=1000, leverage=150))


def test_an_inverse_short_backed_by_its_coins_is_a_dollar(tmp_path: Path) -> None:
    text = (
        'venue = "binance_coinm"\ncurrency = "USD"\n[[position]]\nsymbol = "BTCUSD_PERP"\nside = "short"\n'
        'size = "900"\nentry = "90000"\nmark = "90000"\nleverage = "1"\nmargin = "isolated"\n'
    )
    coin = report(tmp_path, text).assets[0]
    assert coin.net_delta == pytest.approx(Decimal(0), abs=Decimal("1e-20"))
    assert coin.hedge_ratio == pytest.approx(Decimal(1), abs=Decimal("1e-20"))


def test_net_delta_is_what_a_small_move_earns(tmp_path: Path) -> None:
    text = (
        'venue = "deribit"\ncurrency = "USD"\n[prices]\nBTC = "90000"\n[[balance]]\nasset = "BTC"\namount = "3"\n'
        '[[position]]\nsymbol = "BTC-PERPETUAL"\nside = "short"\nsize = "20000"\nentry = "80000"\nmark = "90000"\n'
        'leverage = "5"\n'
    )
    now, bumped = report(tmp_path, text), report(tmp_path, text, BTC="1.000001")
    equity = [next(f.value for f in found.fields if f.name == "margin_balance") for found in (now, bumped)]
    assert equity[0] is not None
    assert equity[1] is not None
    slope = (Fraction(equity[1]) - Fraction(equity[0])) / (Fraction(90_000) / 10**6)
    assert float(slope) == pytest.approx(float(now.assets[0].net_delta), rel=1e-9)
