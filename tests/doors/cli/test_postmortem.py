"""``shortdesk postmortem`` as people run it: on a folder, with an account, with wrong arguments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doors.pages.reading import without_scripts
from tests.study.postmortem_story import NAMES, RUN, calm, squeeze

from shortdesk.doors.cli import main
from shortdesk.ground.journal import ROW
from shortdesk.ground.run_folder import RunWriter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return _write(tmp_path / "run", squeeze())


def _write(path: Path, rows: object) -> Path:
    with RunWriter(path, RUN, NAMES) as run:
        run.stream("journal", ROW).add(rows)  # type: ignore[arg-type]
        run.end("horizon")
    return path


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["postmortem", *arguments])
    return int(left.value.code or 0)


def test_it_prints_and_writes_a_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(folder)) == 0
    out, err = capsys.readouterr()
    assert "Not a squeeze: the mark rose 5.0%" in out
    assert "Who pushed, by the root of the chain of causes" in out
    assert "each column sums to exactly 0 units" in " ".join(out.split())  # wherever the line breaks
    assert err == f"wrote {folder / 'postmortem.html'}\n"
    text = (folder / "postmortem.html").read_text(encoding="utf-8")
    assert "http" not in without_scripts(text).replace("http-equiv", "")
    assert "Post-mortem: COIN, story" in text


def test_the_run_can_still_be_read_afterwards(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(folder), "-q") == 0
    first = capsys.readouterr().out
    assert _run(str(folder), "-q") == 0
    assert capsys.readouterr().out == first
    assert first.count("\n") == 1


def test_why_was_i_liquidated(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "bob.html"
    assert _run(str(folder), "--account", "bob", "--html", str(page)) == 0
    out = capsys.readouterr().out
    assert "carried there by a liquidation order of ann" in out
    assert "What would have saved it" in out
    assert "Why was bob liquidated?" in page.read_text(encoding="utf-8")
    assert not (folder / "postmortem.html").exists()


def test_an_account_without_a_liquidation_gets_the_list_of_those_with_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, said in (("max", "'max' was not liquidated"), ("nobody", "there is no account 'nobody'")):
        assert _run(str(folder), "--account", given) == 2
        err = capsys.readouterr().err
        assert said in err
        assert "Liquidated, the worst loss first: bob (−80.00 USD), ann (−30.00 USD)" in err


def test_nobody_to_ask_about_in_a_calm_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calm_run = _write(tmp_path / "calm", calm())
    assert _run(str(calm_run), "--account", "nan") == 2
    assert "nobody was liquidated on COIN" in capsys.readouterr().err
    assert _run(str(calm_run), "-q") == 0
    assert capsys.readouterr().out.startswith("Not a squeeze")


def test_json_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(folder), "--json", "--account", "ann") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "not"
    assert found["branching"]["ratio"] == 0.5
    assert found["flows"][0]["sum_units"] == 0
    assert sum(float(one["in_all"]) for one in found["flows"][0]["groups"]) == 0
    assert [one["forced_size"] for one in found["rungs"]]
    assert found["account"]["equity_parts"]["unrealised"] == "-20"
    assert found["account"]["paid_by_others"] == "20"
    assert len(found["account"]["what_ifs"]) == 3


def test_replays_in_the_folder_are_shown_and_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"mechanism": "liquidation", "functional": "peak", "effect": 0.5, "standard_error": 1.0, "seeds": 8}
    (folder / "replays.json").write_text(json.dumps([{**row, "shapley": 0.4}]), encoding="utf-8")
    assert _run(str(folder)) == 0
    out = capsys.readouterr().out
    assert "What would have happened otherwise" in out
    assert "without liquidations, peak" in out
    (folder / "replays.json").write_text("{}", encoding="utf-8")
    assert _run(str(folder)) == 3
    assert "not a list of replays" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing"], 3, "there is no such folder"),
        (["RUN", "--html", "page.txt"], 2, "ends in .html"),
        (["RUN", "--html", "nowhere/page.html"], 3, "does not exist"),
        (["RUN", "--instrument", "BTC"], 2, "COIN"),
    ],
)
def test_what_it_refuses(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert _run(*(str(folder) if word == "RUN" else word for word in arguments)) == code
    assert said in capsys.readouterr().err
