"""``shortdesk verify``: all examples hold, a changed one fails aloud, files out of schema are refused."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.doors.cli.conftest import Ask

import shortdesk.doors.verify
from shortdesk.doors.cli import main
from shortdesk.doors.verify import loans, models, models_amm, perps, rates
from shortdesk.doors.verify.examples import read_examples

VECTORS = Path(__file__).parents[2] / "vectors"
FILES = sorted(VECTORS.glob("*.json"))
ROOM = Path(shortdesk.doors.verify.__file__).parent

GOOD: dict[str, Any] = {
    "id": "T-1",
    "venue": "binance_usdm",
    "check": "funding_payment",
    "rule": "FUND-PAY",
    "inputs": {"side": "short", "size": "2", "events": [{"funding_rate": "0.0001", "mark_price": "50000"}]},
    "expected": {"received": "10"},
    "tolerance": {"abs": "0"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "examples.json"


def test_all_examples_of_the_project_hold(ask: Ask) -> None:
    code, out, err = ask("verify", VECTORS, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert len(found["files"]) == len(FILES)
    assert found["total"]["failed"] == found["total"]["unknown"] == 0
    assert found["total"]["passed"] > 200


def test_all_shared_examples_hold(ask: Ask, shared: Path) -> None:
    code, out, _ = ask("verify", shared / "vectors", "--json")
    assert code == 0
    total = json.loads(out)["total"]
    assert total["passed"] + total["flagged"] + total["flagged_failing"] + total["reference"] >= 284


def test_every_example_has_a_rule_and_every_rule_an_example() -> None:
    used = {example.rule for file in FILES for example in read_examples(file)}
    offered = {**perps.RULES, **loans.RULES, **rates.RULES}
    assert used - set(offered) == set()
    assert set(offered) - used == set()


def test_a_good_example_passes_and_is_counted(ask: Ask, file: Path) -> None:
    file.write_text(json.dumps([GOOD]))
    code, out, _ = ask("verify", file)
    assert code == 0
    assert "1 of 1 unflagged examples hold" in out


def test_a_changed_example_fails_with_everything_needed_to_see_why(ask: Ask, file: Path) -> None:
    file.write_text(json.dumps([{**GOOD, "expected": {"received": "10.01"}}]))
    code, out, _ = ask("verify", file)
    assert code == 1
    for words in ("T-1", "FUND-PAY", "received: expected 10.01, got 10", "side=short", "size=2", "mark_price"):
        assert words in out
    code, out, _ = ask("verify", file, "--json")
    (failure,) = json.loads(out)["files"][0]["failures"]
    assert code == 1
    assert failure["rule"] == "FUND-PAY"
    assert failure["inputs"] == GOOD["inputs"]
    assert failure["differences"][0]["expected"] == "10.01"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_example_can_fail(ask: Ask, file: Path, path: Path) -> None:
    """Each number that is expected is moved far out of its tolerance; no example may still hold."""

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [moved(inner) for inner in value]
        if isinstance(value, bool):
            return not value
        if value is None:
            return "1"
        try:
            return str(float(value) * 3 + 1e6)
        except ValueError:
            return f"not {value}"

    rows = json.loads(path.read_text())
    for row in rows:
        row["expected"] = moved(row["expected"])
    file.write_text(json.dumps(rows))
    code, out, _ = ask("verify", file, "--json")
    total = json.loads(out)["total"]
    assert (total["passed"], total["flagged"]) == (0, 0)
    assert code == (1 if total["failed"] else 0)


def test_a_flagged_example_that_misses_is_shown_and_fails_nothing(ask: Ask, file: Path) -> None:
    flagged = {**GOOD, "id": "T-2", "flags": ["unverified"], "expected": {"received": "11"}}
    file.write_text(json.dumps([GOOD, flagged]))
    code, out, _ = ask("verify", file)
    assert code == 0
    assert "1 flagged, 1 of them missing" in out
    assert "T-2" in out


def test_a_rule_that_nobody_knows_fails(ask: Ask, file: Path) -> None:
    file.write_text(json.dumps([{**GOOD, "rule": "NO-SUCH"}]))
    code, out, _ = ask("verify", file)
    assert code == 1
    assert "no rule here answers 'NO-SUCH'" in out


def test_a_refusal_of_the_rule_is_a_failure_with_its_words(ask: Ask, file: Path) -> None:
    file.write_text(json.dumps([{**GOOD, "inputs": {**GOOD["inputs"], "side": "sideways"}}]))
    code, out, _ = ask("verify", file)
    assert code == 1
    assert "side 'sideways': expected long or short" in out


def test_an_answer_that_is_missing_is_a_failure(ask: Ask, file: Path) -> None:
    file.write_text(json.dumps([{**GOOD, "expected": {"paid": "10"}}]))
    code, out, _ = ask("verify", file)
    assert code == 1
    assert "paid: expected 10, got no answer" in out


OUT_OF_SCHEMA = [
    ("", "is not JSON"),
    ("{", "is not JSON"),
    ("1", "in no known schema"),
    ("{}", "in no known schema"),
    ("[]", "has no examples"),
    ("[1]", "is a int; expected an object"),
    ('{"schema": "vectors_models/1"}', "has no list 'vectors'"),
    (json.dumps([{key: value for key, value in GOOD.items() if key != "rule"}]), "lacks rule"),
    (json.dumps([{**GOOD, "input": {}}]), "unknown key input"),
    (json.dumps([{**GOOD, "inputs": []}]), "inputs is a list"),
    (json.dumps([{**GOOD, "expected": {}}]), "expects nothing"),
    (json.dumps([GOOD, GOOD]), "stands twice"),
    ("[" * 100_000, "too deep"),
    ('[{"id": ' + "9" * 5000 + "}]", "too long"),
]


@pytest.mark.parametrize(("text", "words"), OUT_OF_SCHEMA, ids=[words for _, words in OUT_OF_SCHEMA])
def test_a_file_out_of_schema(ask: Ask, file: Path, text: str, words: str) -> None:
    file.write_text(text)
    code, out, err = ask("verify", file)
    assert (code, out) == (3, "")
    assert words in err
    assert str(file) in err


def test_paths_that_are_none(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder").mkdir()
    for name in ("missing.json", "folder", "binary.json"):
        code, out, err = ask("verify", tmp_path / name)
        assert (code, out) == (3, "")
        assert "Traceback" not in err


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.sampled_from(("0", "-1", "NaN", "1e400")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_file_makes_a_traceback(data: st.DataObject, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part of a good example, its tolerance and inputs among them, is replaced by anything."""
    example = json.loads(json.dumps(GOOD))
    key = data.draw(st.sampled_from([*GOOD, "flags", "size", "events", "side"]))
    (example["inputs"] if key in ("size", "events", "side") else example)[key] = data.draw(TREES)
    file.write_text(json.dumps([example]))
    with pytest.raises(SystemExit) as left:
        main(["verify", str(file)])
    assert left.value.code in (0, 1, 3)
    printed = capsys.readouterr()
    assert (left.value.code == 3) == bool(printed.err)


@pytest.mark.parametrize("module", [perps, loans, rates, models, models_amm], ids=lambda m: m.__name__.split(".")[-1])
def test_adapters_only_translate_names(module: Any) -> None:
    """No arithmetic in an adapter, but sets of names; no case by an example's id."""
    tree = ast.parse(Path(module.__file__).read_text())
    sums = [ast.unparse(node) for node in ast.walk(tree) if is_arithmetic(node)]
    assert [line for line in sums if line not in NOTATION] == []
    names = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert not names & {example.id for file in FILES for example in read_examples(file)}


NOTATION = ("price / 2 ** 96", "2 ** 96")
"""A whole number of 96-bit steps read as a plain one, where an example has both."""


def is_arithmetic(node: ast.AST) -> bool:
    if isinstance(node, ast.AugAssign):
        return True
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant)
    if not isinstance(node, ast.BinOp) or isinstance(node.op, ast.BitOr):
        return False
    of_names = any(isinstance(inner, ast.Attribute) and inner.attr == "keys" for inner in ast.walk(node))
    return not (isinstance(node.op, ast.Sub) and of_names)
