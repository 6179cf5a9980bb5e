"""Bad input: one clear message, exit 2 or 3, no traceback, nothing on standard output, nothing written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.doors.cli.conftest import Ask

from shortdesk.doors.cli import COMMANDS, main

NUMBERS = ("0", "-1", "NaN", "-inf", "inf", "1e400", "1e-400", "9" * 80, "12x", "", "--5")
SHORT = ("short", "BTC", "2BTC", "--date", "2026-11-01")

USAGE = [
    # arguments, words that the message must hold
    (("shrot",), "did you mean 'short'?"),
    (("",), "unknown command"),
    (("short",), "--symbol requires an argument"),
    (("short", "BTC"), "--size requires an argument"),
    (("short", "BTC", "2BTC", "--nonsense"), "Unknown option"),
    (("short", "BTC", "2"), "could be coins or money"),
    (("short", "BTC", "-2BTC"), "is not positive"),
    (("short", "BTC", "0k"), "is not positive"),
    (("short", "BTC", "NaN"), "cannot be read"),
    (("short", "BTC", "1e400BTC"), "too large"),
    (("short", "BTC", "9" * 60 + "BTC"), "too large"),
    (("short", "BTC", "1e-30BTC"), "too small"),
    (("short", "BTC", "2ETH", "--venue", "okx"), "expected an amount of BTC"),
    (("short", "", "2BTC"), "symbol is empty"),
    (("short", "BTCUSTD", "2BTC", "--venue", "binance", "--entry", "90000"), "did you mean 'BTCUSDT'"),
    ((*SHORT, "--venue", "binanse"), "did you mean 'binance'"),
    ((*SHORT, "--venue", "b"), "ambiguous"),
    ((*SHORT, "--venue", " , "), "venue is empty"),
    ((*SHORT, "--venue", "binance", "--leverage", "151"), "above the largest leverage for"),
    ((*SHORT, "--venue", "binance", "--leverage", "10.001"), "steps of 0.01"),
    (("short", "BTC", "9000000k", "--venue", "binance"), "above the venue's largest, 1800000000 USDT"),
    (("short", "BTC", "90000m", "--venue", "okx"), "contracts"),
    (("short", "BTC", "0.00001k", "--venue", "binance"), "below the smallest order"),
    ((*SHORT, "--venue", "binance", "--wallet", "1"), "below the initial margin"),
    (("short", "BTC", "500BTC", "--venue", "deribit", "--leverage", "50"), "below the initial margin"),
    (("short", "BTC", "2BTC", "--venue", "okx", "--date", "2010-01-01"), "the first schedule begins on"),
    (("short", "BTC", "2BTC", "--date", "2010-01-01"), "no venue takes it"),
    (("short", "BTC", "2BTC", "--date", "2026-13-01"), "is not a day"),
    (("short", "BTC", "2BTC", "--date", "tomorrow"), "is not a day"),
    ((*SHORT, "--json", "--csv"), "exclude each other"),
    ((*SHORT, "--date", "2026-11-02"), "specified multiple times"),
    ((*SHORT, "-o", "a.txt"), "the ending says the form"),
    ((*SHORT, "-o", ""), "is a directory"),
    ((*SHORT, "--margin", "both"), "Choose from"),
    ((*SHORT, "--venue", "aave", "--kind", "linear"), "has no linear contracts"),
    (("short", "BTC", "2BTC", "--venue", "hl", "--margin", "cross", "--leverage", "41"), "above the largest leverage"),
    (("account",), "--file requires an argument"),
    (("venues", "binanse"), "did you mean"),
    (("venues", "binance", "BTCUSTD"), "did you mean 'BTCUSDT'"),
    (("venues", "--date", "x"), "is not a day"),
    (("venues", "--json", "--csv"), "exclude each other"),
    (("verify",), "no path given"),
    (("verify", "--failures", "x", "a.json"), "unable to convert"),
    (("completion", "tcsh"), "Choose from"),
]


def is_one_clear_message(code: int, out: str, err: str) -> None:
    assert code in (2, 3)
    assert out == ""
    assert err.startswith("shortdesk: ") or "\nshortdesk: " in err
    assert err.count("shortdesk: ") == 1
    assert "Traceback" not in err
    assert len(err) < 3000


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("arguments", "words"), USAGE, ids=lambda v: " ".join(v)[:60] if isinstance(v, tuple) else "")
def test_usage(ask: Ask, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = ask(*arguments)
    is_one_clear_message(code, out, err)
    assert code == 2 or "directory" in err
    assert words in err.replace("\n", " ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("venue", ["binance", "binance_margin"])
@pytest.mark.parametrize("option", ["--entry", "--leverage", "--wallet", "--horizon", "--volatility"])
@pytest.mark.parametrize("value", NUMBERS)
def test_numbers_that_are_none(ask: Ask, option: str, value: str, venue: str) -> None:
    code, out, err = ask(*SHORT, "--venue", venue, f"{option}={value}")
    is_one_clear_message(code, out, err)
    assert option.strip("-") in err


@pytest.mark.parametrize("option", ["--funding", "--borrow-rate"])
@pytest.mark.parametrize("value", ["NaN", "inf", "1e400", "1e-400", "9" * 80, "12x", "", "%"])
def test_rates_that_are_none(ask: Ask, option: str, value: str) -> None:
    is_one_clear_message(*ask(*SHORT, f"{option}={value}"))


def test_a_size_off_the_lots_names_its_neighbours(ask: Ask) -> None:
    code, out, err = ask("short", "BTC", "1.00001BTC", "--venue", "binance")
    is_one_clear_message(code, out, err)
    assert code == 3
    assert "the lot is 0.001; nearest are 1 and 1.001" in err


def test_a_file_name_without_a_folder_or_too_long_or_a_folder(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    for output in ("none/x.json", "a" * 300 + ".json", "folder.json"):
        code, out, err = ask(*SHORT, "-o", output)
        is_one_clear_message(code, out, err)
        assert code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["folder.json"]
    assert not list((tmp_path / "folder.json").iterdir())


def test_a_folder_that_may_not_be_written_to(ask: Ask, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.access(locked, os.W_OK):
        pytest.skip("this user may write to every folder")
    code, out, err = ask(*SHORT, "-o", locked / "x.json")
    is_one_clear_message(code, out, err)
    assert code == 3


def test_a_failed_write_leaves_the_old_file(ask: Ask, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("mine")
    assert ask(*SHORT, "--leverage", "9999", "-o", kept).code == 2
    assert kept.read_text() == "mine"


WORDS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12),
    st.from_regex(r"[-+]?[0-9]{0,12}(\.[0-9]{0,6})?([eE][-+]?[0-9]{1,4})?(BTC|k|m|USDT|%|x)?", fullmatch=True),
    st.sampled_from(("BTC", "ETH", "BTCUSDT", "2BTC", "250k", "1.5m", "all", "binance", "okx", "aave", "deribit")),
)
OPTIONS = {
    "short": (
        *("--venue", "--kind", "--entry", "--leverage", "--margin", "--wallet", "--date", "--horizon"),
        *("--volatility", "--funding", "--borrow-rate", "--explain", "--json", "--csv"),
    ),
    "account": ("--move", "--json", "--csv"),
    "venues": ("--date", "--json", "--csv"),
    "verify": ("--failures", "--json"),
}


@pytest.mark.parametrize("command", sorted(OPTIONS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_words_make_a_traceback(command: str, data: st.DataObject, capsys: pytest.CaptureFixture[str]) -> None:
    words = data.draw(st.lists(st.one_of(WORDS, st.sampled_from(OPTIONS[command])), max_size=6))
    if command == "short" and data.draw(st.booleans()):
        words = ["BTC", *words]
    with pytest.raises(SystemExit) as left:
        main([command, *words])
    assert left.value.code in (0, 1, 2, 3)
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    if left.value.code in (2, 3):
        assert printed.out == ""
        assert "shortdesk: " in printed.err


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(ask: Ask, command: str) -> None:
    code, out, err = ask(command, "--help")
    assert (code, err) == (0, "")
    assert f"Usage: shortdesk {command}" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is needed")
def test_a_full_disk_is_one_message() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "shortdesk", "venues"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3
    assert done.stderr.splitlines() == ["shortdesk: the output cannot be written: No space left on device"]
