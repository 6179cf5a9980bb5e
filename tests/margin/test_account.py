"""A whole account dies exactly where its Risk flips, whatever it holds; its delta is what a bump shows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shortdesk.ground.fine import ONE, fine
from shortdesk.ground.instrument import Form
from shortdesk.ground.venue import load_venue
from shortdesk.margin import desk
from shortdesk.margin.account import (
    Account,
    Balance,
    Leg,
    account_figures,
    account_risk,
    hedge_liquidation_price,
    largest_additional,
    liquidation_moves,
    net_delta,
)
from shortdesk.margin.contract import Contract, build_contract
from shortdesk.margin.risk import Trigger, is_initially_covered, is_liquidatable

DAY = date(2026, 11, 1)


def linear(symbol: str, venue: str = "binance_usdm", mode: str = "cross") -> Contract:
    return build_contract(load_venue(venue).of_kind("linear"), symbol, mode, DAY)


def coin_margined(symbol: str = "BTCUSD_PERP") -> Contract:
    return build_contract(load_venue("binance_coinm").of_kind("inverse"), symbol, "cross", DAY)


def leg(base: str, side: str, size: str, entry: str, mark: str, contract: Contract | None = None) -> Leg:
    contract = contract or linear(f"{base}USDT")
    position = desk.opened(contract, side, size, entry)
    inverse = contract.form == Form.INVERSE
    settle, price = (base, mark) if inverse else ("USDT", "1")
    return Leg(f"{base}USDT", base, settle, contract, position, mark, "20", price)


USDT = Balance("USDT", "20000")

ACCOUNTS = {
    "one short": Account([USDT], [leg("BTC", "short", "2", "90000", "91000")]),
    "one long": Account([USDT], [leg("BTC", "long", "2", "90000", "89000")]),
    "short of one coin, long of another": Account(
        [USDT], [leg("BTC", "short", "2", "90000", "91000"), leg("ETH", "long", "50", "3000", "3100")]
    ),
    "hedge mode, net short": Account(
        [USDT], [leg("BTC", "short", "3", "90000", "91000"), leg("BTC", "long", "1", "88000", "91000")]
    ),
    "hedge mode, net flat": Account(
        [Balance("USDT", "9000")],
        [leg("BTC", "short", "2", "90000", "91000"), leg("BTC", "long", "2", "92000", "91000")],
    ),
    "coins as collateral with a haircut": Account(
        [Balance("USDT", "1000"), Balance("BTC", "0.5", "91000", "0.05")], [leg("BTC", "short", "3", "90000", "91000")]
    ),
    "another coin as collateral": Account(
        [Balance("ETH", "8", "3000", "0.1")], [leg("BTC", "short", "1", "90000", "91000")]
    ),
    "coins owed": Account([Balance("USDT", "65000"), Balance("BTC", "-0.5", "91000")], [], debt_rate="0.1"),
    "coins owed at a venue where equality is safe": Account(
        [Balance("USDT", "65000"), Balance("BTC", "-0.5", "91000")], [], Trigger.BELOW, "0.1"
    ),
    "coins owed and a long against them": Account(
        [Balance("USDT", "60000"), Balance("BTC", "-0.5", "91000")],
        [leg("BTC", "long", "0.2", "90000", "91000")],
        debt_rate="0.05",
    ),
    "coin-margined short with half its coins": Account(
        [Balance("BTC", "0.5", "66000")], [leg("BTC", "short", "60000", "60000", "66000", coin_margined())]
    ),
    "coin-margined long": Account(
        [Balance("BTC", "0.5", "66000")], [leg("BTC", "long", "60000", "60000", "66000", coin_margined())]
    ),
}


@pytest.mark.parametrize("name", ACCOUNTS)
@pytest.mark.parametrize("base", ["BTC", "ETH"])
def test_risk_flips_at_the_liquidation_price_and_not_a_step_before(name: str, base: str) -> None:
    account = ACCOUNTS[name]
    assert not is_liquidatable(account_risk(account), account.trigger)

    def dead(steps: int) -> bool:
        return is_liquidatable(account_risk(account, {base: Fraction(steps, ONE)}), account.trigger)

    found = liquidation_moves(account, base)
    for multiple, back in ((found.below, 1), (found.above, -1)):
        if multiple is None:
            continue
        assert dead(fine(multiple))
        assert not dead(fine(multiple) + back)
    if found.below is None:
        assert not dead(1)
    if found.above is None:
        assert not dead(1000 * ONE)


@pytest.mark.parametrize(
    ("name", "below", "above"),
    [
        ("one short", False, True),
        ("one long", True, False),
        ("coins owed", False, True),
        # A short inverse contract and half the coins behind it: equity in coins falls as the price rises.
        ("coin-margined short with half its coins", False, True),
        ("coin-margined long", True, False),
    ],
)
def test_on_which_side_an_account_dies(name: str, below: bool, above: bool) -> None:
    found = liquidation_moves(ACCOUNTS[name], "BTC")
    assert (found.below is not None, found.above is not None) == (below, above)


def test_a_dead_account_dies_at_the_present_price() -> None:
    account = Account([Balance("USDT", "100")], [leg("BTC", "short", "2", "90000", "91000")])
    assert liquidation_moves(account, "BTC") == (1, 1)


@given(
    wallet=st.integers(20_000, 200_000),
    sizes=st.tuples(*[st.decimals("0.1", "20", places=2)] * 3),
    sides=st.tuples(*[st.sampled_from(["short", "long"])] * 3),
    haircut=st.decimals("0", "0.5", places=2),
)
def test_any_book_flips_where_it_says(
    wallet: int, sizes: tuple[Decimal, ...], sides: tuple[str, ...], haircut: Decimal
) -> None:
    legs = [
        leg("BTC", sides[0], str(sizes[0]), "90000", "90500"),
        leg("BTC", sides[1], str(sizes[1]), "89000", "90500"),
        leg("ETH", sides[2], str(sizes[2]), "3000", "3010"),
    ]
    account = Account([Balance("USDT", wallet), Balance("BTC", "0.3", "90500", haircut)], legs)
    assume(not is_liquidatable(account_risk(account), account.trigger))
    for base in ("BTC", "ETH"):
        found = liquidation_moves(account, base)
        for multiple, back in ((found.below, 1), (found.above, -1)):
            if multiple is not None:
                for steps, gone in ((fine(multiple), True), (fine(multiple) + back, False)):
                    risk = account_risk(account, {base: Fraction(steps, ONE)})
                    assert is_liquidatable(risk, account.trigger) == gone


@pytest.mark.parametrize("name", [name for name in ACCOUNTS if "haircut" not in name and "collateral" not in name])
def test_net_delta_is_what_a_bump_shows(name: str) -> None:
    """Equity before and after a rise of the coin by a millionth, per unit of price; the same but for 1e-9."""
    account = ACCOUNTS[name]
    prices = [leg.mark for leg in account.legs if leg.base == "BTC"] or [b.price for b in account.balances[1:]]
    price = Fraction(str(prices[0]))
    bump = Fraction(1, 10**6)
    up, down = (account_risk(account, {"BTC": 1 + sign * bump}).equity for sign in (1, -1))
    slope = Fraction(up - down, ONE**2) / (2 * bump * price)
    delta = Fraction(net_delta(account, "BTC"))
    assert abs(slope - delta) <= max(abs(delta), 1) * Fraction(1, 10**9)


def test_figures_of_an_account_by_hand() -> None:
    """20,000 USDT, 0.5 BTC at 91,000 with 5 % cut, short 3 BTC 90,000 -> 91,000 at 20x, bracket 1 (0.4 %)."""
    account = Account(
        [Balance("USDT", "20000"), Balance("BTC", "0.5", "91000", "0.05")], [leg("BTC", "short", "3", "90000", "91000")]
    )
    found = account_figures(account)
    assert found.wallet == Decimal("63225")
    assert found.unrealised == -3000
    assert found.equity == Decimal("60225")
    assert found.initial_margin == Decimal("13650")
    assert found.maintenance_margin == Decimal("1092")
    assert found.available == Decimal("46575")
    assert found.maintenance_rate is not None
    assert abs(Fraction(found.maintenance_rate) - Fraction(1092, 60225)) < Fraction(1, 10**20)
    assert not found.liquidatable


@pytest.mark.parametrize("name", ["one short", "one long", "short of one coin, long of another"])
def test_the_largest_addition_fits_and_a_step_more_does_not(name: str) -> None:
    account = ACCOUNTS[name]
    held = account.legs[0]
    more = Fraction(largest_additional(account, held))
    assert more > 0
    side = 1 if held.position.lots > 0 else -1

    def covered(extra: Fraction) -> bool:
        size = desk.size_of(held.position)
        grown = desk.after_fill(
            held.contract.form, held.contract.factor, held.position, side * fine(extra), fine(held.mark)
        ).position
        assert desk.size_of(grown) > size
        return is_initially_covered(
            account_risk(account._replace(legs=[held._replace(position=grown), *account.legs[1:]]))
        )

    assert covered(more)
    assert not covered(more + Fraction(2, 10**8))


def test_nothing_fits_into_an_account_below_its_initial_margin() -> None:
    account = Account([Balance("USDT", "8000")], [leg("BTC", "short", "2", "90000", "90000")])
    assert largest_additional(account, account.legs[0]) == 0


def test_both_legs_of_a_hedge_die_at_one_price() -> None:
    """Published form: (wallet - entries + amounts) / (maintenance of both - net size), flipped by asking Risk."""
    legs = [leg("BTC", "short", "3", "90000", "91000"), leg("BTC", "long", "1", "88000", "91000")]
    price = hedge_liquidation_price(legs, "20000")
    assert price is not None
    found = liquidation_moves(Account([USDT], legs), "BTC")
    assert found.above is not None
    assert abs(Fraction(found.above) * 91000 - Fraction(price)) < Fraction(1, 10**15)


def test_a_perfect_hedge_dies_of_maintenance_alone() -> None:
    assert net_delta(ACCOUNTS["hedge mode, net flat"], "BTC") == 0
    assert liquidation_moves(ACCOUNTS["hedge mode, net flat"], "BTC").above is not None
