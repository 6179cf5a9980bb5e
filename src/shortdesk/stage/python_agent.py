"""Waking an agent of the user's own: the class is loaded, asked, its answer checked whole, and then sent.

A wake may run so many steps (bytecode instructions) of Python. They are counted by Python's own trace function, so
that the bound does not depend on the machine and the same agent stops at the same place; what loops inside one call of
compiled code is not seen. While a debugger or a coverage tool is watching, nothing is counted.
"""

from __future__ import annotations

import copy
import importlib.util
import math
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.errors import InputError, ShortdeskError, UsageError, unknown_name
from shortdesk.ground.order import OrderFlag, OrderKind, Side, TimeInForce
from shortdesk.market.command import COMMAND, CommandKind, new_commands
from shortdesk.stage.agents.own import OwnTerms, Seat
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS
from shortdesk.stage.pen import MOST_MESSAGES
from shortdesk.stage.scenario import Scenario
from shortdesk.stage.view import Cancel, CancelAll, Order, Sleep, View

__all__ = ["AgentFailed", "Mind", "with_agent"]

_OURS = str(Path(__file__).parents[1])
_SHOWN = 5
_LARGEST = 1e12
_MOST_ID = 1 << 40
_NOTHING = new_commands(0)
# The values of a command as plain numbers, in the order of its fields: an agent may say thousands a second.
_NO_MORE = (0, -1, 0)  # trigger, cause, peak
_NO_KIND = (0, 0, 0, 0, 0, 0)
_PLACE, _CANCEL, _CANCEL_ALL = (kind.value for kind in (CommandKind.PLACE, CommandKind.CANCEL, CommandKind.CANCEL_ALL))
_BUY, _SELL = Side.BUY.value, Side.SELL.value
_GTC, _IOC = TimeInForce.GTC.value, TimeInForce.IOC.value
_LIMIT, _MARKET = OrderKind.LIMIT.value, OrderKind.MARKET.value
_POST_ONLY, _REDUCE_ONLY = OrderFlag.POST_ONLY.value, OrderFlag.REDUCE_ONLY.value


class AgentFailed(InputError):
    """An agent of the user's own raised, ran too long or said nonsense; the run ends there."""


class _TooLong(BaseException):
    """Raised inside the agent when its steps are used up; no ``except Exception`` of its own catches it."""


class Mind:
    """One agent of the user's own, sitting on its seat."""

    def __init__(self, cast: Cast, agent: int, seat: Seat) -> None:
        self.agent = agent
        self.seat = seat
        self.account = next(iter(seat.accounts.values()))
        self._start_ns = cast.start_ns
        self._self = _made(seat.terms)
        self._view = View(cast, seat)
        self._heard: list[NDArray[Any]] = []
        self._last: list[Any] = []
        self._ids = 0
        self._is_warm = False

    def hear(self, fills: NDArray[Any]) -> None:
        """Fills that have happened; those of its markets are told at the next wake."""
        self._heard.append(fills)

    def clone(self) -> Mind:
        """The same agent again, with a memory of its own.

        Raises:
            UsageError: its class cannot be copied.
        """
        other = copy.copy(self)
        try:
            other._self = copy.deepcopy(self._self)
        except Exception as problem:
            raise UsageError(f"agent '{self.seat.terms.name}' cannot be copied for a replay: {problem}") from None
        other._view = View(self._view.cast, self.seat)
        other._heard, other._last = list(self._heard), list(self._last)
        return other

    def wake(self, w: Any, now_ns: int) -> tuple[NDArray[Any], int]:
        """Ask the class; its commands, and when it is woken again.

        Raises:
            AgentFailed: it raised, ran too long, or said what nobody can obey.
        """
        if not self._is_warm:
            self._view.warm_up(w)
            self._is_warm = True
        self._view.open_at(w, now_ns, self._heard)
        self._heard = []
        answer = self._ask(now_ns)
        if answer is None:
            answer = ()
        if not isinstance(answer, list | tuple) or isinstance(answer, Order | Cancel | CancelAll | Sleep):
            raise self._failure(now_ns, f"returned {_shown(answer)}; expected a list of orders")
        if len(answer) > MOST_MESSAGES:
            raise self._failure(now_ns, f"gave {len(answer)} orders at once; at most {MOST_MESSAGES}")
        if not answer:
            return self.sleep(now_ns)
        pause_s = self.seat.terms.every_s
        rows: list[tuple[int, ...]] = []
        for one in answer:
            try:
                if isinstance(one, Sleep):
                    pause_s = _number(one.seconds, "seconds of Sleep", least=1e-9)
                else:
                    rows.append(self._written(one, now_ns))
            except UsageError as problem:
                raise self._failure(now_ns, str(problem)) from None
        if rows:
            self._last = list(answer)
        return np.array(rows, COMMAND), _later(now_ns, pause_s)

    def sleep(self, now_ns: int) -> tuple[NDArray[Any], int]:
        """What it is where it says nothing: no commands, and its usual pause."""
        return _NOTHING, _later(now_ns, self.seat.terms.every_s)

    def _ask(self, now_ns: int) -> Any:
        try:
            return _bounded(self._self.wake, self.seat.terms.most_steps, self._view, now_ns)
        except _TooLong:
            problem = f"ran more than {self.seat.terms.most_steps:,} steps in one wake"
        except Exception as raised:
            frames = [one for one in traceback.extract_tb(raised.__traceback__) if not one.filename.startswith(_OURS)]
            where = f" in line {frames[-1].lineno} of {Path(frames[-1].filename).name}" if frames else ""
            problem = f"raised {type(raised).__name__}: {raised}{where}"
        raise self._failure(now_ns, problem)

    def _failure(self, now_ns: int, problem: str) -> AgentFailed:
        seconds = (now_ns - self._start_ns) / SECOND_NS
        said = ", ".join(_shown(one) for one in self._last[:_SHOWN]) or "none"
        terms = self.seat.terms
        return AgentFailed(
            f"agent '{terms.name}' ({terms.cls}) {problem}, {seconds:.6f} s into the run; its last orders: {said}",
            terms.file,
        )

    def _written(self, one: Any, now_ns: int) -> tuple[int, ...]:
        """One order as the fields of a command.

        Raises:
            UsageError: it is none, or says what cannot be.
        """
        if not isinstance(one, Order | Cancel | CancelAll):
            raise UsageError(f"returned {_shown(one)} among its orders; expected Order, Cancel, CancelAll or Sleep")
        market = self._view.market(one.instrument)
        account = self.seat.accounts[market.venue]
        if isinstance(one, CancelAll):
            return (now_ns, 0, 0, 0, *_NO_MORE, account, market.number, _CANCEL_ALL, *_NO_KIND)
        if isinstance(one, Cancel):
            gone = _identity(one.id, least=1)
            return (now_ns, gone, 0, 0, *_NO_MORE, account, market.number, _CANCEL, *_NO_KIND)
        order, kind = self._order(one, *self._view.grid(market))
        return (now_ns, *order, *_NO_MORE, account, market.number, _PLACE, *kind, 0, 0)

    def _order(self, one: Order, tick: float, lot: float) -> tuple[tuple[int, int, int], tuple[int, int, int, int]]:
        """Client id, price in ticks and lots; side, kind, time in force and traits."""
        size = _number(one.size, "size of an order")
        lots = int(abs(size) / lot + 1e-9)
        if lots == 0:
            raise UsageError(f"ordered a size of {size:g}; the smallest is {lot:g}")
        given = _identity(one.id, least=0)
        self._ids = max(self._ids + 1, given) if given else self._ids + 1
        ticks = 0
        if one.price is not None:
            price = _number(one.price, "price of an order", least=tick)
            ticks = int(price / tick + 1e-6) if size > 0 else math.ceil(price / tick - 1e-6)
        time_in_force = _IOC if one.ioc or one.price is None else _GTC
        traits = _POST_ONLY * bool(one.post_only) + _REDUCE_ONLY * bool(one.reduce_only)
        kind = _MARKET if one.price is None else _LIMIT
        return (given or self._ids, ticks, lots), (_BUY if size > 0 else _SELL, kind, time_in_force, traits)


def _later(now_ns: int, pause_s: float) -> int:
    return now_ns + max(1, int(pause_s * SECOND_NS))


def with_agent(scenario: Scenario, given: str, **changes: Any) -> Scenario:
    """The scenario with an agent of the user's own more: ``FILE:Class``, on the scenario's first instrument.

    ``changes`` are further fields of ``OwnTerms``. An agent of the same name is replaced.

    Raises:
        UsageError: the text is not of that form.
    """
    file, colon, name = given.rpartition(":")
    if not colon or not file or not name.isidentifier():
        raise UsageError(f"agent '{given}': expected FILE:Class, such as my_agents.py:FadeTheSpike")
    fields: dict[str, Any] = {"name": name, "instrument": scenario.instrument[0].name} | changes
    others = tuple(one for one in scenario.population if one.name != fields["name"])
    terms = OwnTerms(file=file, cls=name, **fields)
    return msgspec.structs.replace(scenario, population=(*others, terms))


def _made(terms: OwnTerms) -> Any:
    """The user's object.

    Raises:
        InputError: the file cannot be read or run, or has no such class; names file and line.
        UsageError: the class cannot be made with these options, or has no ``wake``.
    """
    path = Path(terms.file)
    if not path.is_file():
        raise InputError("there is no such file", terms.file)
    spec = importlib.util.spec_from_file_location(f"shortdesk_agent_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError("this is not a Python file", terms.file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except SyntaxError as problem:
        raise InputError(f"not Python: {problem.msg}", f"{terms.file}:{problem.lineno}") from None
    except Exception as problem:
        raise InputError(f"cannot be run: {type(problem).__name__}: {problem}", terms.file) from None
    found = getattr(module, terms.cls, None)
    if not isinstance(found, type):
        known = [name for name, one in vars(module).items() if isinstance(one, type) and one.__module__ == spec.name]
        raise InputError(unknown_name("class", terms.cls, known), terms.file)
    try:
        made = found(**terms.options)
    except ShortdeskError:
        raise
    except Exception as problem:
        raise UsageError(f"agent '{terms.name}': {terms.cls} cannot be made: {problem}") from None
    if not callable(getattr(made, "wake", None)):
        raise UsageError(f"agent '{terms.name}': {terms.cls} has no wake(view, now)")
    return made


def _bounded(call: Callable[..., Any], most_steps: int, *given: Any) -> Any:
    """The call's answer; ``_TooLong`` after so many steps outside of this package."""
    if sys.gettrace() is not None:
        return call(*given)
    left = most_steps

    def count(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal left
        if event == "opcode":
            left -= 1
            if left < 0:
                raise _TooLong
        return count

    def enter(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename.startswith(_OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return count

    sys.settrace(enter)
    try:
        return call(*given)
    finally:
        sys.settrace(None)


def _number(given: Any, what: str, least: float | None = None) -> float:
    try:
        found = float(given)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"gave {_shown(given)} as the {what}; expected a number") from None
    if not abs(found) <= _LARGEST:
        raise UsageError(f"gave {found:g} as the {what}; expected a number up to {_LARGEST:g}")
    if least is not None and found < least:
        raise UsageError(f"gave {found:g} as the {what}; expected at least {least:g}")
    return found


def _identity(given: Any, least: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or not least <= given < _MOST_ID:
        raise UsageError(
            f"gave {_shown(given)} as an order's id; expected a whole number from {least} to {_MOST_ID - 1}"
        )
    return int(given)


def _shown(given: Any) -> str:
    try:
        text = repr(given)
    except Exception:
        text = f"a {type(given).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."
