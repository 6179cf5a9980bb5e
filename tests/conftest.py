"""How deep the tests go, and whether kernels run compiled, interpreted or with bounds checks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

T = TypeVar("T")

# quick and check always try the same examples: a red run means a change and never luck. deep looks for new ones.
settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True, database=None)
settings.register_profile("check", max_examples=200, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "deep", max_examples=20_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("shortdesk")
    group.addoption("--depth", choices=("quick", "check", "deep"), default="quick", help="how many examples tests try")
    group.addoption("--interpreted", action="store_true", help="run kernels as plain Python")
    group.addoption("--bounds", action="store_true", help="compile kernels with a check at every array access")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "compiled: looks into compiled code, so it is skipped with --interpreted")
    settings.load_profile(config.getoption("--depth"))
    # Both are read when the first kernel is called, which is after this and before any test.
    if config.getoption("--interpreted"):
        os.environ["SHORTDESK_INTERPRETED"] = "1"
    if config.getoption("--bounds"):
        os.environ["NUMBA_BOUNDSCHECK"] = "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--interpreted"):
        skip = pytest.mark.skip(reason="looks into compiled code; this run is interpreted")
        for item in items:
            if item.get_closest_marker("compiled"):
                item.add_marker(skip)


@dataclass(frozen=True)
class Depth:
    """The depth of this run; ``pick`` chooses a number of examples or commands by it."""

    name: str

    def pick(self, *, quick: T, check: T, deep: T) -> T:
        return {"quick": quick, "check": check, "deep": deep}[self.name]


@pytest.fixture(scope="session")
def depth(pytestconfig: pytest.Config) -> Depth:
    """How deep this run goes, for tests that make their own random examples."""
    return Depth(pytestconfig.getoption("--depth"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with vectors and market data that may lie beside the project."""
    folder = Path(__file__).parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder 'shared' with vectors and market data does not lie beside the project")
    return folder
