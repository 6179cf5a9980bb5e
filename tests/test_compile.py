"""The compiler's face: one text for rules, no reference counting, and no answer from a stale cache."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from shortdesk.ground.compile import cache_folder, kernel, rule

PACKAGE = Path(__file__).parents[1] / "src" / "shortdesk"

ACCOUNT = np.dtype((np.record, [("wallet_units", np.int64), ("lots", np.int64)]))
MARKET = np.dtype((np.record, [("mark_ticks", np.int64)]))


class Tables(NamedTuple):
    accounts: Any
    markets: Any


@rule
def worth(tables: Tables, which: int) -> int:
    account = tables.accounts[which]
    return int(account.wallet_units + account.lots * tables.markets[0].mark_ticks)


@rule
def worth_of_all(tables: Tables) -> int:
    total = 0
    for which in range(tables.accounts.size):
        total += worth(tables, which)
    return total


@kernel
def sum_worth(tables: Tables) -> int:
    return worth_of_all(tables)


@kernel
def allocate(count: int) -> Any:
    return np.zeros(count)


def some_tables() -> Tables:
    tables = Tables(np.zeros(3, ACCOUNT), np.zeros(1, MARKET))
    tables.accounts["wallet_units"] = (1_000, 2_000, 3_000)
    tables.accounts["lots"] = (-7, 0, 5)
    tables.markets["mark_ticks"] = 11
    return tables


def test_a_rule_is_the_plain_function_and_keeps_unbounded_integers() -> None:
    def doubled(value: int) -> int:
        return 2 * value

    assert rule(doubled) is doubled
    assert rule(doubled)(2**200) == 2**201


def test_a_kernel_and_its_text_give_the_same_answer() -> None:
    tables = some_tables()
    assert sum_worth(tables) == sum_worth.py_func(tables) == 1_000 - 77 + 2_000 + 3_000 + 55


def test_a_rule_made_after_the_first_kernel_is_known_to_the_next() -> None:
    sum_worth(some_tables())

    @rule
    def tripled(value: int) -> int:
        return 3 * value

    @kernel
    def late(value: int) -> int:
        return tripled(value)

    assert late(14) == 42


@pytest.mark.compiled
def test_kernels_with_readable_helpers_count_no_references() -> None:
    sum_worth(some_tables())
    (code,) = sum_worth.dispatcher().inspect_llvm().values()
    assert "define" in code
    assert "NRT_incref" not in code
    assert "NRT_decref" not in code


@pytest.mark.compiled
def test_the_plain_compiler_would_count_them() -> None:
    """Keeps the test above honest: the same text without our options does hold what that test looks for."""
    import numba

    plain = numba.njit(sum_worth.py_func)
    plain(some_tables())
    (code,) = plain.inspect_llvm().values()
    assert "NRT_decref" in code


@pytest.mark.compiled
def test_a_kernel_may_not_allocate() -> None:
    from numba.core.errors import TypingError

    with pytest.raises(TypingError, match="zeros"):
        allocate(3)


# ---- in a process of its own ---------------------------------------------------------------------------------------

Run = Callable[..., str]

CALLEE = """
from shortdesk.ground.compile import rule

@rule
def fee(units):
    return units * {numerator} // 10
"""

CALLER = """
from shortdesk.ground.compile import kernel
from shortdesk.margin.callee import fee

@kernel
def charge(units):
    return units + fee(units)
"""

ASK = """
from shortdesk.margin.caller import charge
print(charge(100), "cached" if charge.dispatcher().stats.cache_hits else "compiled")
"""

WITHOUT_DIGEST = """
import shortdesk.ground.compile as compile
compile.source_digest = lambda room: "always-the-same"
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a text in a new interpreter over a copy of the ground, with two files of a room beside it."""
    for path in PACKAGE.joinpath("ground").glob("*.py"):
        copy = tmp_path / "shortdesk" / "ground" / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    room = tmp_path / "shortdesk" / "margin"
    room.mkdir()
    (tmp_path / "shortdesk" / "__init__.py").touch()
    (room / "__init__.py").touch()
    (room / "callee.py").write_text(CALLEE.format(numerator=1), encoding="utf-8")
    (room / "caller.py").write_text(CALLER, encoding="utf-8")

    def run(text: str, **settings: str) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("SHORTDESK_", "NUMBA_"))}
        environment |= {"PYTHONPATH": str(tmp_path), "SHORTDESK_CACHE_DIR": str(tmp_path / "cache"), **settings}
        done = subprocess.run(
            [sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def change_callee(tmp_path: Path) -> None:
    (tmp_path / "shortdesk" / "margin" / "callee.py").write_text(CALLEE.format(numerator=3), encoding="utf-8")


@pytest.mark.compiled
def test_a_second_process_takes_the_kernel_from_the_cache(run: Run) -> None:
    assert run(ASK) == "110 compiled"
    assert run(ASK) == "110 cached"


@pytest.mark.compiled
def test_a_change_in_another_file_changes_the_answer(run: Run, tmp_path: Path) -> None:
    assert run(ASK) == "110 compiled"
    change_callee(tmp_path)
    assert run(ASK) == "130 compiled"


@pytest.mark.compiled
def test_where_nothing_can_be_kept_every_process_compiles_and_no_answer_is_stale(run: Run, tmp_path: Path) -> None:
    """A folder below a file cannot be made, not even by root."""
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "cache")
    assert run(ASK, SHORTDESK_CACHE_DIR=nowhere) == "110 compiled"
    change_callee(tmp_path)
    assert run(ASK, SHORTDESK_CACHE_DIR=nowhere) == "130 compiled"


@pytest.mark.compiled
def test_without_the_digest_the_old_answer_would_come_back(run: Run, tmp_path: Path) -> None:
    """Why the digest is there. When this fails, numba has learnt to see the change and the digest may go."""
    assert run(WITHOUT_DIGEST + ASK) == "110 compiled"
    change_callee(tmp_path)
    assert run(WITHOUT_DIGEST + ASK) == "110 cached"


@pytest.mark.compiled
def test_bounds_checks_raise_and_have_a_cache_of_their_own(run: Run, tmp_path: Path) -> None:
    text = """
import numpy as np
from shortdesk.ground.compile import cache_folder, kernel
print(cache_folder().name)

@kernel
def read(rows, which):
    return rows[which]

try:
    read(np.zeros(3, np.int64), 3)
    print("read past the end")
except IndexError:
    print("IndexError")
"""
    (tmp_path / "read.py").write_text(text, encoding="utf-8")
    unchecked_folder, unchecked = run("import read").splitlines()
    checked_folder, checked = run("import read", NUMBA_BOUNDSCHECK="1").splitlines()
    assert (unchecked, checked) == ("read past the end", "IndexError")
    assert unchecked_folder != checked_folder


def test_rules_and_interpreted_kernels_never_import_the_compiler(run: Run) -> None:
    text = """
import sys
from shortdesk.ground.exact import mul_div_up
from shortdesk.margin.caller import charge
print(mul_div_up(7, 1, 2), charge(100), "numba" in sys.modules)
"""
    assert run(text, SHORTDESK_INTERPRETED="1") == "4 110 False"


def test_the_cache_lies_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHORTDESK_CACHE_DIR", str(tmp_path / "chosen"))
    assert cache_folder().parent == tmp_path / "chosen" / "kernels"
    monkeypatch.delenv("SHORTDESK_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder().parent == tmp_path / "xdg" / "shortdesk" / "kernels"
