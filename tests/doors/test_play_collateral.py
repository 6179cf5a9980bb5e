"""The words of collateral in a play: what makes no sense is told with the form of the line."""

from __future__ import annotations

import pytest

from shortdesk.doors.play.script import play_text
from shortdesk.ground.errors import InputError

OPENED = """asset USDT 6
asset USDC 6
venue Desk
perp BTC on Desk settle USDT tick 0.1 lot 0.001 tiers 0-1000000 1% 10x
spot USDC-USDT on Desk base USDC quote USDT tick 0.0001 lot 1
account ann on Desk
account ida on Desk isolated
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("multi_asset ann", "counts no coins as collateral yet"),
        ("collateral BTC", "no spot pair with a book"),
        ("collateral USDC-USDT haircut 100%", "from 0 to below 1.*The line goes: collateral PAIR"),
        ("collateral USDC-USDT exchange 0%", "above 0 and up to 1"),
        ("collateral USDC-USDT haircut 5", "from 0 to below 1"),
        ("collateral USDC-USDT hair 5%", "unknown word 'hair'"),
        ("collateral USDC-USDT\ncollateral USDC-USDT", "already, behind one money"),
        ("collateral USDC-USDT\nmulti_asset ida", "opens isolated legs"),
        ("collateral USDC-USDT\nmulti_asset ann now", "one word too many"),
        ("collateral USDC-USDT\nmulti_asset ann\nauto_borrow ann", "cannot stand behind loans too"),
    ],
)
def test_a_line_that_makes_no_sense(lines: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as told:
        play_text(OPENED + lines, "desk.play")
    assert told.value.where == f"desk.play:{8 + lines.count(chr(10))}"
