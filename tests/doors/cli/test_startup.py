"""What must start fast imports neither numba nor numpy. Seen in a fresh process, not timed."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from shortdesk.doors.cli import main
try:
    main({arguments!r})
except SystemExit as left:
    assert not left.code, left.code
heavy = {{"numba", "llvmlite", "numpy", "duckdb"}} & set(sys.modules)
print("heavy:", *sorted(heavy), file=sys.stderr)
print("all:", *sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["short", "BTC", "2BTC", "--venue", "all", "--date", "2026-11-01"],
        ["short", "BTC", "2BTC", "--venue", "all", "--date", "2026-11-01", "--explain", "--json"],
        ["venues", "binance", "BTC"],
    ],
    ids=" ".join,
)
def test_no_heavy_imports(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    heavy = next(line for line in done.stderr.splitlines() if line.startswith("heavy:"))
    assert heavy.split() == ["heavy:"]
    if arguments[0].startswith("--"):
        names = next(line for line in done.stderr.splitlines() if line.startswith("all:")).split()
        assert not {"cyclopts", "rich", "msgspec"} & set(names)
