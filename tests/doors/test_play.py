"""``shortdesk play``: what it prints, what it refuses, and the exit code of each."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from shortdesk.doors.cli import main
from shortdesk.doors.play.script import VERBS, play_text
from shortdesk.doors.play.stage import Stage
from shortdesk.ground.errors import InputError

FIRST = Path(__file__).parents[1] / "market" / "plays" / "a-first-short.play"

MARKET = """\
asset USDT 6
asset COIN 8
venue Desk
perp BTC on Desk settle USDT tick 0.1 lot 0.001 tiers 0-50000 0.4% 125x 50000-250000 0.5% 100x protection 1% from touch
spot COIN/USDT on Desk base COIN quote USDT tick 0.01 lot 0.01
account alice on Desk leverage 20x
account bob on Desk leverage 20x cancels_on_disconnect
account ivy on Desk leverage 10x isolated
deposit alice 10000 USDT
deposit bob 10000 USDT
deposit ivy 10000 USDT
mark BTC 60000
"""


@pytest.fixture(autouse=True)
def _leave_kernels_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command plays without compiling in its own process; here that would change what other tests run."""
    monkeypatch.setenv("SHORTDESK_INTERPRETED", os.environ.get("SHORTDESK_INTERPRETED", "0"))


def played(*lines: str) -> Stage:
    return play_text(MARKET + "\n".join(lines), "a.play")


def comes_true(*lines: str) -> None:
    stage = played(*lines)
    assert not stage.misses, stage.misses


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["play", *(str(argument) for argument in arguments)])
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def test_a_play_that_comes_true(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, FIRST)
    assert (code, err) == (0, "")
    for part in ("FILL", "NOT_ENOUGH_MARGIN", "-30.25 USDT"):
        assert part in out
    assert out.rstrip().endswith("everything that was expected came true.")


def test_quiet_says_nothing_when_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, FIRST, "--quiet") == (0, "", "")


def test_json_is_exact_text(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, FIRST, "--json")
    rows = json.loads(out)
    fill = next(row for row in rows if row["event"] == "FILL")
    assert code == 0
    assert (fill["who"], fill["other"], fill["size"], fill["price"], fill["money"]) == (
        "bob", "alice", "1", "60000", "60000",
    )  # fmt: skip


def test_a_miss_shows_the_line_and_the_nearest_row(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "wrong.play"
    path.write_text(
        MARKET + "sell alice 1 BTC at 60000\nbuy bob 1 BTC at 60000\nexpect FILL bob alice 1 BTC at 60001\n"
    )
    code, out, _ = run(capsys, path, "--quiet")
    assert code == 1
    assert f"{path}:15: did not come true" in out
    assert "- expect FILL bob alice 1 BTC at 60001" in out
    assert f"+ FILL bob alice 1 BTC at 60000 60000 USDT order 2 by USER ({path}:14): price is 60000" in out


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("balance alice 10000.000001 USDT", "it is 10000"),
        ("equity alice 1 USDT", "it is 10000"),
        ("maintenance alice 1 USDT", "it is 0"),
        ("position alice 1 BTC", "it is 0"),
        ("position alice 0 BTC at 60000", "it is 0, so that there is no entry price"),
        ("open orders alice 1", "there are 0"),
        ("expect no DEPOSIT alice", "DEPOSIT alice outside 10000 USDT by USER (a.play:9)"),
        ("expect FILL", "none of the 4 rows since the one matched last is like it"),
    ],
)
def test_what_is_not_so_is_a_miss(line: str, found: str) -> None:
    (miss,) = played(line).misses
    assert miss == ("a.play:13", line, (found,))


def test_expectations_go_forward_only() -> None:
    stage = played("expect DEPOSIT bob", "expect DEPOSIT alice", "expect DEPOSIT ivy")
    assert [miss.where for miss in stage.misses] == ["a.play:14"]


def test_a_refusal_that_nobody_expected_is_a_miss() -> None:
    (miss,) = played("withdraw alice 10001 USDT").misses
    assert miss.where == "a.play:13"
    assert miss.found == ("REFUSED alice 10001 USDT NOT_ENOUGH_BALANCE by USER",)
    comes_true("withdraw alice 10001 USDT", "expect REFUSED alice 10001 USDT NOT_ENOUGH_BALANCE")


@pytest.mark.parametrize(
    "lines",
    [
        ("sell alice 1 BTC at 60000", "amend alice order 1 to 0.5 BTC at 60001",
         "expect AMENDED alice -0.5 BTC at 60001"),
        ("sell alice 1 BTC at 60000 as 9", "cancel alice order 9", "expect CANCELLED order 9 BY_OWNER"),
        ("sell alice 1 BTC at 60000", "cancel all alice in BTC", "expect CANCELLED alice", "open orders alice 0"),
        ("buy bob 1 BTC at 60000", "disconnect bob", "expect CANCELLED bob DISCONNECTED", "connect bob"),
        ("sell alice 1 BTC at 60000", "buy bob 1 BTC at 60000 post_only", "expect REFUSED bob WOULD_TAKE"),
        ("buy bob 1 BTC at 60000 fok", "expect REFUSED bob CANNOT_FILL"),
        ("buy bob 1 BTC at 60000 ioc", "expect CANCELLED bob 1 BTC UNFILLED"),
        ("buy bob 1 BTC at 60000 reduce_only", "expect REFUSED bob NOTHING_TO_REDUCE"),
        ("sell alice 1 BTC at 60000 shows 0.1 BTC", "expect RESTED alice"),
        ("mark BTC 60000", "buy bob 1 BTC at 61000 stop at 61000", "open orders bob 1", "mark BTC 61000",
         "expect TRIGGERED bob at 61000"),
        ("mark BTC 60000", "buy bob 1 BTC at 62000 stop at 61000",
         "amend bob order 1 to 0.5 BTC at 63000 stop at 60500",
         "expect AMENDED bob 0.5 BTC at 63000", "mark BTC 60500", "expect TRIGGERED bob 0.5 BTC at 60500"),
        ("leverage alice 50x in BTC", "expect SETTING alice LEVERAGE=50x"),
        ("isolated alice in BTC", "expect SETTING alice ISOLATED", "cross alice in BTC", "expect SETTING alice CROSS"),
        ("sell ivy 0.1 BTC at 60000", "buy bob 0.1 BTC at 60000", "balance ivy 600 USDT in BTC",
         "margin ivy 100 USDT into BTC", "balance ivy 700 USDT in BTC", "margin ivy 50 USDT out of BTC",
         "balance ivy 650 USDT in BTC", "balance ivy 9350 USDT"),
        ("halt BTC", "buy bob 1 BTC at 60000", "expect REFUSED bob HALTED", "resume BTC", "expect RESUMED BTC"),
        ("outage Desk", "buy bob 1 BTC at 60000", "expect REFUSED bob VENUE_DOWN", "recover Desk",
         "expect RESUMED Desk"),
        ("deposit alice 3 COIN", "sell alice 2 COIN/USDT at 100", "buy bob 2 COIN/USDT at 100", "balance bob 2 COIN",
         "balance alice 1 COIN", "balance alice 10200 USDT"),
        ("deposit insurance of Desk 5 USDT", "balance insurance 5 USDT"),
        ("wait 30s", "mark BTC 60000", "wait 500ms", "expect MARK at 60000"),
    ],
    ids=lambda lines: lines[0],
)  # fmt: skip
def test_verbs(lines: tuple[str, ...]) -> None:
    comes_true(*lines)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sel alice 1 BTC at 60000", "unknown verb 'sel'; did you mean 'sell'"),
        ("sell alic 1 BTC at 60000", "unknown account 'alic'; did you mean 'alice'"),
        ("sell alice 1 BTX at 60000", "unknown instrument 'BTX'; did you mean 'BTC'"),
        ("sell alice one BTC at 60000", "'one' is not a number; expected a size"),
        ("sell alice 1 BTC for 60000", "'for' is not understood here; expected 'at'"),
        ("sell alice 1 BTC at", "the line ends too early; expected a price, or 'market'"),
        ("sell alice 1.0001 BTC at 60000", "1.0001 is not on the grid; expected a size in steps of 0.001"),
        ("sell alice 1 BTC at 60000.05", "60000.05 is not on the grid"),
        ("sell alice 1 BTC at 60000 post_onyl", "unknown word 'post_onyl'; did you mean 'post_only'"),
        ("sell alice 1e40 BTC at 60000", "1e40 is too large"),
        ("deposit alice 1 USDT 2", "'2' is one word too many"),
        ("deposit alice 1 USD", "unknown asset 'USD'; did you mean 'USDT'"),
        ("cancel alice order 5", "order 5 was never sent by this account"),
        ("wait 30", "'30' is not a length of time; expected a time such as 500ms, 30s"),
        ("account alice on Desk", "the name 'alice' is already taken"),
        ("account 7 on Desk", "'7' is not a name"),
        ("asset X 40", "40 decimals; expected 0 to 18"),
        ("venue V form ioc", "unknown form of liquidation 'ioc'"),
        ("perp X on Desk tick 1 lot 1 tiers 0-10 5% 10x", "the settlement asset is missing"),
        ("perp X on Desk settle USDT tick 1 lot 1", "expected either 'rules' with a sheet or 'tiers' with numbers"),
        ("perp X on Desk settle USDT tick 1 lot 1 tiers 5-10 5% 10x", "tier 5-10: expected it to begin where"),
        ("perp X on Desk settle USDT tick 1 lot 1 rules binance_usdm NOPE cross 2024-01-01", "NOPE"),
        ("perp X on Desk settle USDT tick 1 lot 1 rules binance_usdm BTCUSDT cross today", "today"),
        ("account z on Desk leverage 99999999999x", "a number in this line is larger than a market can hold"),
        ("venue V step_tiers 300", "a number in this line is larger than a market can hold"),
        ("perp X on Desk settle USDT tick 1e9 lot 1e9 tiers 0-50 5% 10x", "is larger than a market can hold"),
        ("sell alice 1 BTC at 60000 shows 9999999 BTC", "9999999000 is too large for peak_lots"),
        ("expect FIL alice", "unknown kind of event 'fil'; did you mean 'fill'"),
        ("expect FILL alice bob ivy", "'ivy' is a third account"),
        ("expect FILL alice 1 at 60000", "'at' is neither an instrument nor an asset; known are: BTC"),
        ("expect REFUSED alice TOO_POOR", "'TOO_POOR' is not understood"),
    ],
)
def test_a_line_that_is_not_understood(line: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        played(line)
    message = str(error.value)
    assert message.startswith("a.play:13: "), message
    assert said.casefold() in message.casefold()


LENDING = """\
lending pool on Desk lends COIN pair COIN/USDT initial_rate 50% debt_rate 10% optimal 80% lowest 8.76%
account lou on Desk
deposit pool 100 COIN
deposit lou 1000 USDT
mark COIN/USDT 100
"""


@pytest.mark.parametrize(
    "lines",
    [
        # A loan needs assets of 150 %: with 1000 of her own and the coins themselves, 20 coins and no more.
        ("borrow lou 20.00000001 COIN", "expect REFUSED lou 20.00000001 COIN NOT_ENOUGH_MARGIN", "borrow lou 20 COIN",
         "expect BORROW lou pool 20 COIN", "balance lou 20 COIN"),
        # Clock hours: the first one, 8.76% / 8760 = 0.001% of 10 coins, is owed at once; the loan goes back with it.
        ("borrow lou 10 COIN", "expect INTEREST lou pool -0.0001 COIN", "owes lou 10.0001 COIN",
         "repay lou 10 COIN", "expect REPAY lou pool -10 COIN", "owes lou 0.0001 COIN"),
        ("repay lou 1 COIN", "expect REFUSED lou 1 COIN NOTHING_OWED"),
        ("auto_borrow lou", "buy alice 5 COIN/USDT at 100", "sell lou 5 COIN/USDT at 100",
         "expect BORROW lou pool 5 COIN", "expect FILL lou alice -5 COIN/USDT at 100", "balance lou 1500 USDT"),
        # The lender wants all back within the hour; nobody returns it, so the venue buys it in the book.
        ("borrow lou 5 COIN", "buy alice 5 COIN/USDT at 100", "sell lou 5 COIN/USDT at 100",
         "recall lou 5 COIN within 1h", "expect RECALL lou pool 5 COIN", "deposit bob 9 COIN",
         "sell bob 9 COIN/USDT at 101", "wait 1h", "buy_in lou COIN", "expect BUY_IN lou",
         "expect FILL lou bob at 101"),
        ("seize alice from lou 1 COIN", "expect REFUSED alice 1 COIN NOTHING_OWED"),
        ("accrue Desk", "expect BORROW_RATE RATE=8.76%"),
    ],
    ids=lambda lines: lines[0],
)  # fmt: skip
def test_verbs_of_lending(lines: tuple[str, ...]) -> None:
    comes_true(*LENDING.splitlines(), *lines)


def test_a_venue_may_let_an_open_position_switch() -> None:
    opened = ("sell alice 1 BTC at 60000", "isolated alice in BTC")
    comes_true(*opened, "expect REFUSED alice NOT_WHILE_OPEN")
    stage = play_text("\n".join([MARKET.replace("venue Desk", "venue Desk switches_open"), *opened]), "a.play")
    assert not stage.misses


def test_every_error_tells_the_form_of_the_line() -> None:
    for verb, (_, usage) in VERBS.items():
        assert usage.startswith(verb)
        with pytest.raises(InputError, match="The line goes: "):
            played(verb)


def test_a_typo_is_exit_code_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "typo.play"
    path.write_text("asset USDT 6\nvenu Desk\n")
    code, out, err = run(capsys, path)
    assert (code, out) == (3, "")
    assert err == f"shortdesk: {path}:2: unknown verb 'venu'; did you mean 'venue' or 'open'?\n"


def test_a_file_that_is_no_play(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, tmp_path / "none.play")[0] == 3
    (tmp_path / "empty.play").write_text("# nothing\n")
    assert "the play is empty" in run(capsys, tmp_path / "empty.play")[2]
    (tmp_path / "bytes.play").write_bytes(b"\xff\xfe\x00")
    assert "is not text in UTF-8" in run(capsys, tmp_path / "bytes.play")[2]


def test_a_shipped_sheet_gives_the_tiers() -> None:
    stage = play_text(
        "asset USDT 6\nvenue V\n"
        "perp BTC on V settle USDT tick 0.1 lot 0.001 rules binance_usdm BTCUSDT cross 2024-01-01\n"
        "account a on V leverage 20x\naccount b on V leverage 20x\ndeposit a 10000 USDT\ndeposit b 10000 USDT\n"
        "mark BTC 60000\nsell a 1 BTC at 60000\nbuy b 1 BTC at 60000\n"
        # The tier above 50,000: 60000 * 0.5% - 50.
        "maintenance a 250 USDT\n",
        "a.play",
    )
    assert not stage.misses


def test_what_is_said_stands_in_the_order_of_its_lines() -> None:
    """A refusal that nobody expected, which is often the cause, comes before what failed because of it."""
    stage = played("withdraw alice 50000 USDT", "balance alice 1 USDT")
    assert [int(miss.where.rpartition(":")[2]) for miss in stage.misses] == sorted(
        int(miss.where.rpartition(":")[2]) for miss in stage.misses
    )
    assert stage.misses[0].expected == "that the market takes: withdraw alice 50000 USDT"


def test_a_byte_order_mark_is_no_word(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "marked.play"
    file.write_bytes(b"\xef\xbb\xbfasset USDT 6\n")
    assert run(capsys, file)[0] == 0


def test_a_narrow_window_gets_a_line_for_each_event(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "small.play"
    file.write_text("asset USDT 6\nvenue V\naccount ann on V\ndeposit ann 1500 USDT\nwait 36h\ndeposit ann 1 USDT\n")
    monkeypatch.setenv("COLUMNS", "40")
    _, narrow, _ = run(capsys, file)
    assert narrow.splitlines()[0] == "#0 0s DEPOSIT ann outside 1500 USDT by USER"
    monkeypatch.setenv("COLUMNS", "120")
    _, wide, _ = run(capsys, file)
    assert "1,500 USDT" in wide
    assert "1d 12h" in wide
