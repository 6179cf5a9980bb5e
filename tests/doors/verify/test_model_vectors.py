"""Model vectors: every model of the project answers its vectors within the tolerance each vector states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shortdesk.doors.verify.models import MODELS
from shortdesk.ground.errors import InputError

FOLDER = Path(__file__).parents[2] / "vectors_models"


def vectors_of(folder: Path) -> list[dict[str, Any]]:
    found = [v for path in sorted(folder.glob("*.json")) for v in json.loads(path.read_text())["vectors"]]
    return [vector for vector in found if vector["model"] in MODELS]


OURS = vectors_of(FOLDER)


def differences(got: Any, wanted: Any, tolerance: dict[str, float], name: str = "") -> list[str]:
    """What lies outside abs + rel |wanted|, item by item for lists."""
    if isinstance(wanted, list):
        assert len(got) == len(wanted), name
        rows = zip(got, wanted, strict=True)
        return [text for i, (g, w) in enumerate(rows) for text in differences(g, w, tolerance, f"{name}[{i}]")]
    allowed = tolerance.get("abs", 0.0) + tolerance.get("rel", 0.0) * abs(wanted)
    return [] if abs(got - wanted) <= allowed else [f"{name}: got {got!r}, expected {wanted!r} within {allowed:g}"]


def check(vector: dict[str, Any]) -> None:
    got = MODELS[vector["model"]](vector["parameters"])
    wanted = vector["expected"]
    assert wanted.keys() <= got.keys()
    wrong = [text for name in wanted for text in differences(got[name], wanted[name], vector["tolerance"], name)]
    assert not wrong, f"{vector['id']}: {wrong}"


@pytest.mark.parametrize("vector", OURS, ids=lambda vector: vector["id"])
def test_vector(vector: dict[str, Any]) -> None:
    check(vector)


def test_every_model_has_a_vector() -> None:
    assert MODELS.keys() == {vector["model"] for vector in OURS}


def test_the_vectors_beside_the_project(shared: Path) -> None:
    """The same models over the whole folder, in case it has grown."""
    found = vectors_of(shared / "vectors_models")
    assert len(found) >= 29
    for vector in found:
        check(vector)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"dt": 1.0}, r"parameters unknown: \['dt'\], missing: \[\]"), ({"mu": None}, r"missing: \['mu'\]")],
)
def test_a_parameter_nobody_knows_is_an_error(change: dict[str, Any], said: str) -> None:
    vector = next(v for v in OURS if v["model"] == "hit_prob_up_kou")
    parameters = {name: value for name, value in (vector["parameters"] | change).items() if value is not None}
    with pytest.raises(InputError, match=said):
        MODELS["hit_prob_up_kou"](parameters)
