"""The market's loop as the compiler leaves it."""

from __future__ import annotations

import pytest

import shortdesk.ground.compile as compiler
from shortdesk.ground.compile import kernel
from shortdesk.market.advance import obey_all
from shortdesk.market.command import new_commands
from shortdesk.market.world import Capacity, bare_world


@pytest.mark.compiled
def test_the_loop_counts_no_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled anew: numba does not show the code of a kernel that it takes from its cache."""
    monkeypatch.setattr(compiler, "_keeps_kernels", lambda room: False)
    anew = kernel(obey_all.py_func)
    commands = new_commands(2)
    commands["account"] = commands["instrument"] = commands["price_ticks"] = commands["lots"] = 1
    commands["client_id"] = (1, 2)
    commands["side"] = (0, 1)
    world = bare_world(Capacity(orders=10))
    assert anew(world.block, commands, 0) == 2
    (code,) = anew.dispatcher().inspect_llvm().values()
    assert "define" in code
    assert "settle_fill" in code or "_write" in code  # the rules are in it, repeated or called
    assert "NRT_incref" not in code
    assert "NRT_decref" not in code
