"""Vectors of cascades, crowding, contrarians and venues: all are answered, and the copies here are the originals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shortdesk.doors.verify import models_cascade, models_crowding
from shortdesk.doors.verify.named import named, plain
from shortdesk.doors.verify.runner import run_file
from shortdesk.ground.errors import InputError
from shortdesk.study.cascade_laws import BorelLaw

FOLDER = Path(__file__).parents[2] / "vectors_models"
FILES = {"cascade": 40, "crowding_contrarian": 14, "cross_venue": 12}
MODELS = models_cascade.MODELS | models_crowding.MODELS


def vectors_of(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_vector_holds(name: str) -> None:
    result = run_file(FOLDER / f"{name}.json")
    assert result.is_clean, result.failures
    assert sum(result.passed.values()) == FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_the_vectors_beside_the_project(name: str, shared: Path) -> None:
    """The original may have grown; what is carried here is word for word what stands there."""
    original = shared / "vectors_models" / f"{name}.json"
    result = run_file(original)
    assert result.is_clean, result.failures
    theirs = {vector["id"]: vector for vector in vectors_of(original)}
    assert all(theirs[vector["id"]] == vector for vector in vectors_of(FOLDER / f"{name}.json"))


def test_every_model_has_a_vector() -> None:
    asked = {vector["model"] for name in FILES for vector in vectors_of(FOLDER / f"{name}.json")}
    assert asked == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_a_parameter_that_nobody_knows_or_that_is_missing_is_an_error(model: str) -> None:
    vectors = [vector for name in FILES for vector in vectors_of(FOLDER / f"{name}.json")]
    known = next(vector["parameters"] for vector in vectors if vector["model"] == model)
    with pytest.raises(InputError, match=r"parameters unknown: \['moon'\], missing: \[\]"):
        MODELS[model](known | {"moon": 1})
    first, *rest = known
    with pytest.raises(InputError, match=rf"unknown: \[\], missing: \['{first}'\]"):
        MODELS[model]({name: known[name] for name in rest})


def test_a_deleveraging_queue_by_another_score_has_no_answer() -> None:
    vector = next(v for v in vectors_of(FOLDER / "cascade.json") if v["model"] == "adl_allocation")
    assert MODELS["adl_allocation"](vector["parameters"] | {"score": "roi*leverage"}) == {}


def test_results_become_plain_numbers_and_lists() -> None:
    law = BorelLaw(np.array([0.5, 0.25]), np.float64(2.0).item(), 0.0, 1.5)
    assert plain([law, np.bool_(True), np.array(3.0)]) == [
        {"pmf": [0.5, 0.25], "mean": 2.0, "p_runaway": 0.0, "tail_exponent_at_criticality": 1.5},
        True,
        3.0,
    ]
    assert named(lambda a: a, {"x": "a"}, {"value": "twice"})({"x": 2.0}) == {"twice": 2.0}
