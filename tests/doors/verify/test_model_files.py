"""The model vectors of one subject a file: each holds, by the truth runner itself."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from shortdesk.doors.verify.named import named
from shortdesk.doors.verify.runner import run_file
from shortdesk.ground.errors import InputError

FOLDER = Path(__file__).parents[2] / "vectors_models"

SUBJECTS = {
    "estimators": ("models", "models_estimators"),
    "execution": ("models_execution",),
    "hawkes": ("models_estimators",),
    "impact": ("models_execution",),
    "limit_orders": ("models_execution",),
    "market_making": ("models_making",),
    "orderbook_cst": ("models_book",),
    "orderbook_markov": ("models_book",),
}
"""Each file, and the modules that answer it."""


def models_of(name: str) -> set[str]:
    return set(importlib.import_module(f"shortdesk.doors.verify.{name}").MODELS)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_vector_holds(subject: str) -> None:
    path = FOLDER / f"{subject}.json"
    result = run_file(path)
    assert result.is_clean, result.failures
    assert sum(result.passed.values()) == len(json.loads(path.read_text(encoding="utf-8"))["vectors"])


@pytest.mark.parametrize("module", sorted({module for modules in SUBJECTS.values() for module in modules} - {"models"}))
def test_every_model_has_a_vector(module: str) -> None:
    vectors = [
        vector["model"]
        for subject in SUBJECTS
        for vector in json.loads((FOLDER / f"{subject}.json").read_text(encoding="utf-8"))["vectors"]
    ]
    assert models_of(module) <= set(vectors)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_vectors_beside_the_project(subject: str, shared: Path) -> None:
    """Those carried here are all of them; if the folder beside has grown, the new ones hold as well."""
    beside = shared / "vectors_models" / f"{subject}.json"
    carried = json.loads((FOLDER / f"{subject}.json").read_text(encoding="utf-8"))["vectors"]
    found = json.loads(beside.read_text(encoding="utf-8"))["vectors"]
    assert [vector["id"] for vector in carried] == [vector["id"] for vector in found]
    if carried != found:
        result = run_file(beside)
        assert result.is_clean, result.failures


def test_a_parameter_nobody_knows_is_an_error() -> None:
    answer = named(abs, {"x": "x"}, {"value": "size"}, {"unit"})
    with pytest.raises(InputError, match=r"parameters unknown: \['y'\], missing: \['x'\]"):
        answer({"y": 1.0, "unit": "metres"})
