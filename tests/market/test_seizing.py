"""A lending market: anyone repays a part of a dead account's debt and takes its collateral with a bonus."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.market.lenders import BONUS, RESERVE, Pair, only

from shortdesk.ground.order import Refusal
from shortdesk.market.command import CommandKind

VECTORS = Path(__file__).parents[1] / "vectors" / "aave_v3.json"


def test_a_short_on_a_lending_market_is_seized_for_a_bonus_and_leaves_a_bad_debt() -> None:
    pair = Pair(RESERVE, BONUS)
    pair.open("short", usd=1_000_000)
    pair.open("keeper", coin=1_000)
    pair.mark(2_000)
    assert pair.borrow("short", 376) == Refusal.NOT_ENOUGH_MARGIN  # 75 % of 10,000 are 3.75 coins
    assert pair.borrow("short", 375) == Refusal.NONE
    pair.send(CommandKind.WITHDRAW, "short", lots=375)
    seize = {"client_id": pair.names["short"], "lots": 1_000}
    pair.mark(2_133)  # 3.75 coins owe 7,998.75 of 8,000: the health is just above 1
    pair.send(CommandKind.SEIZE, "keeper", **seize)
    assert pair.refusal() == Refusal.NOT_LIQUIDATABLE
    pair.mark(2_160)  # 8,100: half may be repaid, 1.87 coins = 4,039.20, and 5 % on top
    rows = pair.send(CommandKind.SEIZE, "keeper", **seize)
    assert rows == [
        ("LIQUIDATION_STEP", "short", 0, 0),
        ("TRANSFER", "short", 0, 187),
        ("REPAY", "short", 0, -187),
        ("SEIZED", "short", 0, -(424_116 - 2_020)),
        ("LIQUIDATION_FEE", "short", 0, -2_020),
    ]
    assert pair.owes("short") == 188
    # 5,758.84 stand behind 1.88 coins: at 3,100 all of it is taken for what it buys, and the rest is a deficit
    pair.mark(3_100)
    rows = pair.send(CommandKind.SEIZE, "keeper", **seize)
    assert only(rows, "TRANSFER", "DEFICIT", "REPAY") == [
        ("TRANSFER", "short", 0, 178), ("REPAY", "short", 0, -178),
        ("DEFICIT", "short", 0, 10), ("REPAY", "short", 0, -10),
    ]  # fmt: skip
    assert (pair.owes("short"), pair.has("short"), pair.has("deficit")) == (0, (0, 0), (0, -10))
    assert pair.has("lender")[1] == 10_000


def _calls() -> list[Any]:
    rows = json.loads(VECTORS.read_text(encoding="utf-8"))
    return [pytest.param(row["inputs"], row["expected"], id=row["id"]) for row in rows if "bad_debt" in row["expected"]]


@pytest.mark.parametrize(("inputs", "expected"), _calls())
def test_published_liquidation_calls_come_out_the_same(inputs: dict[str, str], expected: dict[str, Any]) -> None:
    """One lot is one whole token, so the mark in units is the price of the vectors; tokens have nine digits at most."""
    call = {name: int(value) for name, value in inputs.items() if value != "max"}
    short = call["collateral_decimals"] == 6
    digits = min(9, call["debt_decimals"] if short else call["collateral_decimals"])
    shrink = 10 ** ((call["debt_decimals"] if short else call["collateral_decimals"]) - digits)
    debt = call["debt_amount"] // (shrink if short else 1)
    price = call["debt_price_1e8"] if short else call["collateral_price_1e8"]
    terms = RESERVE._replace(
        asset_rate=1 - Fraction(call["liquidation_threshold_bps"], 10_000), initial_asset_rate=0,
        bonus_bps=call["liquidation_bonus_bps"], protocol_fee_bps=call["protocol_fee_bps"],
    )  # fmt: skip
    pair = Pair(
        terms, BONUS, lends_quote=not short, lent=10 * debt, base_units=10**digits, factor=1, small_units=2_000 * 10**6
    )
    names = ("usd", "coin") if short else ("coin", "usd")
    pair.open("owner", **{names[0]: call["collateral_amount"]})
    pair.open("caller", **{names[1]: 2 * debt})
    pair.mark(price // 1_000 if short else price // 10)  # a price at which the loan may be drawn, in 10^-6 dollars
    assert pair.borrow("owner", debt) == Refusal.NONE
    pair.send(CommandKind.WITHDRAW, "owner", lots=debt)
    pair.mark(price // 100)
    asked = call.get("requested_debt_to_cover", debt * shrink) // (shrink if short else 1)
    rows = pair.send(CommandKind.SEIZE, "caller", client_id=pair.names["owner"], lots=asked)
    moved = {kind: units for kind, _, _, units in rows}
    assert moved["TRANSFER"] * (shrink if short else 1) == int(expected["debt_repaid"])
    assert -moved["SEIZED"] == int(expected["collateral_to_liquidator"])
    assert -moved.get("LIQUIDATION_FEE", 0) == int(expected["protocol_fee"])
    assert moved.get("DEFICIT", 0) == int(expected["bad_debt"])


@pytest.mark.parametrize(
    ("debtor", "lots", "why"),
    [
        ("nobody", 0, Refusal.UNKNOWN_ACCOUNT),
        ("keeper", 0, Refusal.UNKNOWN_ACCOUNT),  # nobody seizes from himself
        ("short", 0, Refusal.BAD_SIZE),
        ("short", 1, Refusal.NOTHING_OWED),
    ],
)
def test_a_seizure_is_refused_for_the_first_of_its_reasons(debtor: str, lots: int, why: Refusal) -> None:
    pair = Pair(RESERVE, BONUS)
    pair.open("keeper", coin=100)
    pair.open("short", usd=100)
    pair.mark(100)
    pair.send(CommandKind.SEIZE, "keeper", client_id=pair.names.get(debtor, 99), lots=lots)
    assert pair.refusal() == why
