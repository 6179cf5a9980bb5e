"""The only file that knows numba: ``@rule`` and ``@kernel``.

A *rule* is a plain Python function. Called from Python it runs on unbounded integers, so the desk
can ask it on a very fine grid and no compiler is imported. Called from a kernel, the very same text
is compiled on 64-bit integers.

A *kernel* is an entry point: a loop over rules and record arrays, compiled on its first call and
kept in a disk cache. numba's cache does not notice a change in a callee that lives in another file
(measured: the old answer came back), so the cache folder is named after a digest of every source
file up to the kernel's own floor that may hold a rule or a kernel.

Both are compiled without reference counting (``_nrt=False``, private to numba and therefore bounded
in ``pyproject.toml``): such code may not allocate or return arrays, and helpers that take tables
cost nothing. Both let go of the interpreter's lock (``nogil``), so that a thread can write the Journal
while the market runs; a kernel's tables belong to its caller until it returns.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, overload

__all__ = ["cache_folder", "element", "fetch_early", "interpreted", "kernel", "rule", "source_digest"]

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS: dict[str, Any] = {"_nrt": False, "error_model": "numpy", "nogil": True}
_RULE_OPTIONS: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_LINE_BYTES = 64
_ROOMS = ("ground", "margin", "market", "stage")
_waiting: list[tuple[Callable[..., Any], Callable[..., Any] | str | None, str, bool]] = []
_element_is_known = False
_rules_in_work = 0


def interpreted() -> bool:
    """Whether kernels run as plain Python (``SHORTDESK_INTERPRETED=1``), for debuggers and tests."""
    return os.environ.get("SHORTDESK_INTERPRETED", "0") not in ("", "0")


@overload
def rule(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def rule(
    *, compiled: Callable[..., Any] | str | None = None, machine: str = "", inline: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def rule(
    function: Callable[P, R] | None = None,
    /,
    *,
    compiled: Callable[..., Any] | str | None = None,
    machine: str = "",
    inline: bool = False,
) -> Callable[..., Any]:
    """Mark a pure function of numbers, records and tables as callable from kernels.

    The function itself is returned untouched. ``compiled`` gives a second text for kernels, or says
    where it stands (``module:name``, imported when the first kernel is built), and is reserved for
    arithmetic that needs more than 64 bits (``ground/exact.py``). ``machine`` names one
    instruction for machine words to use instead (``ground/bits.py``, ``ground/double_word.py``). ``inline``
    asks the compiler to repeat the text at every call: for what a hot loop does with every message.
    """
    if function is None:
        return lambda given: _remember(given, compiled, machine, inline)
    return _remember(function, compiled, machine, inline)


def _remember(
    function: Callable[P, R], compiled: Callable[..., Any] | str | None, machine: str, inline: bool
) -> Callable[P, R]:
    _waiting.append((function, compiled, machine, inline))
    return function


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function on its first call; until then numba is not imported.

    The result carries ``.py_func`` (the plain text) and ``.dispatcher()`` (numba's object, for
    hot call sites and for tests that look into the compiled code).
    """
    entry: Any = functools.update_wrapper(_Kernel(function), function)
    return entry  # type: ignore[no-any-return]


class _Kernel:
    """Stands for a kernel before and after it was compiled."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.py_func = function
        self._call: Callable[..., Any] | None = None
        self._dispatcher: Any = None

    def __call__(self, *args: Any) -> Any:
        if self._call is None:
            self._call = self.py_func if interpreted() else self.dispatcher()
        return self._call(*args)

    def dispatcher(self) -> Any:
        """numba's object for this kernel; compiles nothing before its first call."""
        if self._dispatcher is None:
            _register_rules()
            import numba

            text = _calling_machine_code(self.py_func)
            self._dispatcher = numba.njit(cache=_keeps_kernels(_room_of(self.py_func)), **_OPTIONS)(text)
        return self._dispatcher


def _calling_machine_code(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same text, in which the name of another kernel means that kernel's compiled code.

    A kernel may call a kernel: the one that is called is compiled once for all who call it, which rules are not.
    """
    kernels = {name: value for name, value in function.__globals__.items() if isinstance(value, _Kernel)}
    called = {name: value.dispatcher() for name, value in kernels.items() if name in function.__code__.co_names}
    if not called:
        return function
    text = FunctionType(function.__code__, {**function.__globals__, **called}, function.__name__)
    return functools.update_wrapper(text, function)


def _register_rules() -> None:
    global _element_is_known
    if not _element_is_known:
        _link_rules_only()
        _register_element()
        _element_is_known = True
    while _waiting:
        function, compiled, machine, inline = _waiting.pop()
        text = _machine_text(machine) if machine else _found(compiled) or function

        def choose(*args: Any, _text: Callable[..., Any] = text, **named: Any) -> Callable[..., Any]:
            return _text

        _register(function, choose, inline)


def _found(compiled: Callable[..., Any] | str | None) -> Callable[..., Any] | None:
    """The second text of a rule, fetched from its module where only its place is known."""
    if not isinstance(compiled, str):
        return compiled
    module, _, name = compiled.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def _register(function: Callable[..., Any], choose: Callable[..., Any], inline: bool) -> None:
    """Make numba call what ``choose`` returns wherever a kernel says ``function``.

    Integers of any width, and members of an IntEnum, arrive as int64: a rule is compiled once and not
    once for every mixture of field widths, and no short integer wraps.
    """
    from numba.core import types as numba_types
    from numba.core.typing.templates import infer, infer_global, make_overload_template

    types: Any = numba_types

    def widened(given: Any) -> Any:
        if isinstance(given, types.IntegerLiteral | types.IntEnumMember):
            return types.int64
        if isinstance(given, types.Integer) and given.bitwidth < 64:
            return types.int64
        return given

    plain: Any = make_overload_template(
        function, choose, {**_RULE_OPTIONS, "forceinline": inline}, False, "never", False
    )

    class Widened(plain):  # type: ignore[misc]
        def _get_impl(self, args: Any, kws: Any) -> Any:
            # numba keeps one product for each set of the caller's flags: a rule would be compiled once for those that
            # are repeated in place and once for the rest, though its own flags are all said above.
            key = self.context, tuple(args), tuple(kws.items())
            if key not in self._impl_cache:
                self._build_impl(key, args, kws)
            return self._impl_cache[key]

        def generic(self, args: Any, kws: Any) -> Any:
            global _rules_in_work
            named = {name: widened(given) for name, given in kws.items()}
            _rules_in_work += 1
            try:
                return super().generic(tuple(widened(given) for given in args), named)
            finally:
                _rules_in_work -= 1

    Widened.__name__ = plain.__name__
    infer(Widened)
    infer_global(function, types.Function(Widened))


def element(block: Any, start: int, index: int, dtype: Any) -> Any:
    """Row ``index`` of a table of ``dtype`` that begins at byte ``start`` of a block of bytes.

    In a kernel this is one pointer: nothing is counted, and the caller vouches for the bounds.
    """
    at = start + index * dtype.itemsize
    return block[at : at + dtype.itemsize].view(dtype)[0]


def fetch_early(block: Any, start: int, index: int, dtype: Any) -> None:
    """Ask the machine to bring the row that ``element`` would give near, without waiting for it.

    A kernel's row may be anywhere, even outside of the block: nothing is read. Interpreted it does nothing.
    """


def _link_rules_only() -> None:
    """Let numba keep a rule as text for the kernels that call it, and make machine code of kernels alone.

    numba copies into every function all that it calls, optimises the whole, and makes it callable from Python. For
    rules that call rules that is done again on every storey, in vain: nobody calls the product. Here a rule stays
    what it is, and a kernel takes each rule that it needs once. Outside of rules nothing changes.
    """
    import ctypes

    from numba.core import codegen, cpu

    dynfunc: Any = importlib.import_module("numba._dynfunc")

    library: Any = codegen.CPUCodeLibrary
    context: Any = cpu.CPUContext
    begin, finalize, executable = library.__init__, library.finalize, context.get_executable
    harmless = ctypes.cast(ctypes.pythonapi.PyObject_Repr, ctypes.c_void_p).value

    def begin_as_rule(self: Any, *args: Any) -> None:
        begin(self, *args)
        self.is_rule = _rules_in_work > 0

    def finalize_kernels(self: Any) -> None:
        if self.is_rule:
            self._finalized = True
            return
        self._linking_libraries = _with_all_behind(self._linking_libraries)
        finalize(self)

    def kernels_only(self: Any, code: Any, description: Any, environment: Any) -> Any:
        if not code.is_rule:
            return executable(self, code, description, environment)
        # numba wants an object to know the function by; it is never called.
        module, name = description.lookup_module(), description.qualname
        return dynfunc.make_function(module, name, "", harmless, environment, (code,))

    library.__init__ = begin_as_rule
    library.finalize = finalize_kernels
    context.get_executable = kernels_only


def _with_all_behind(libraries: list[Any]) -> list[Any]:
    """Libraries and the rules that their rules call, each once and behind all who call it.

    The linker takes over a rule only if something that is there already names it, so callers come first.
    """
    last_first: list[Any] = []
    seen: set[Any] = set()

    def visit(library: Any) -> None:
        if library in seen:
            return
        seen.add(library)
        if library.is_rule:
            for called in reversed(library._linking_libraries):
                visit(called)
        last_first.append(library)

    for library in reversed(libraries):
        visit(library)
    return last_first[::-1]


def _register_element() -> None:
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    def address(context: Any, builder: Any, signature: Any, args: Any, width: int) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        byte = builder.add(args[1], builder.mul(args[2], context.get_constant(types.int64, width)))
        return cgutils.pointer_add(builder, data, byte)

    @intrinsic
    def pointer(context: Any, block: Any, start: Any, index: Any, dtype: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            row = signature.return_type
            return builder.bitcast(address(context, builder, signature, args, row.size), context.get_value_type(row))

        return dtype.dtype(block, types.int64, types.int64, dtype), build

    @intrinsic
    def prefetch(context: Any, block: Any, start: Any, index: Any, dtype: Any) -> Any:
        width = dtype.dtype.size

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            word, byte = ir.IntType(32), cgutils.voidptr_t
            fetch = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), "llvm.prefetch.p0"
            )
            row = address(context, builder, signature, args, width)
            # To be read (0), and kept in every cache (3), as data (1).
            hints = [ir.Constant(word, hint) for hint in (0, 3, 1)]
            for line in range(0, width, _LINE_BYTES):
                builder.call(fetch, [builder.bitcast(builder.gep(row, [ir.Constant(word, line)]), byte), *hints])
            return context.get_dummy_value()

        return types.none(block, types.int64, types.int64, dtype), build

    for function, instruction in ((element, pointer), (fetch_early, prefetch)):
        _register_instruction(function, instruction)


def _register_instruction(function: Callable[..., Any], instruction: Any) -> None:
    """Make kernels use ``instruction`` wherever they name a row by block, start, number and type."""

    def choose(block: Any, start: Any, index: Any, dtype: Any) -> Callable[..., Any]:
        return lambda block, start, index, dtype: instruction(block, start, index, dtype)

    _register(function, choose, True)


def _machine_text(name: str) -> Callable[..., Any]:
    """The text of a rule that is one instruction: ``product`` of two words, or one of numba's for a single word."""
    from numba.cpython.unsafe import numbers as machine_words

    if name == "product":
        product = _word_product()
        return lambda a, b: product(a, b)
    instruction: Any = getattr(machine_words, name)
    return lambda word: instruction(word)


def _word_product() -> Any:
    """The high and the low word of a product of two unsigned words, which numba's own product cuts off."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import intrinsic

    double, single = ir.IntType(128), ir.IntType(64)

    @intrinsic
    def product(context: Any, a: Any, b: Any) -> Any:
        signature = types.UniTuple(types.uint64, 2)(types.uint64, types.uint64)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            whole = builder.mul(*(builder.zext(word, double) for word in args))
            high = builder.trunc(builder.lshr(whole, ir.Constant(double, 64)), single)
            return context.make_tuple(builder, signature.return_type, (high, builder.trunc(whole, single)))

        return signature, build

    return product


def _room_of(function: Callable[..., Any]) -> str:
    """The room a kernel stands in: it can call nothing of the floors above. Outside of the package: the highest."""
    parts = function.__module__.split(".")
    return parts[1] if parts[0] == "shortdesk" and len(parts) > 1 and parts[1] in _ROOMS else _ROOMS[-1]


def _keeps_kernels(room: str) -> bool:
    """Point numba at the cache folder of a room; False where nothing can be written there.

    Then every process compiles anew: numba would fall back to a folder beside the source, which no digest
    guards, and give stale answers.
    """
    import numba

    folder = cache_folder(room)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    settings: Any = numba.config
    settings.CACHE_DIR = str(folder)
    return os.access(folder, os.W_OK)


def cache_folder(room: str = _ROOMS[-1]) -> Path:
    """Where a room's compiled kernels are kept: the user's cache folder, one sub-folder per source digest."""
    chosen = os.environ.get("SHORTDESK_CACHE_DIR")
    if chosen:
        root = Path(chosen)
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", Path.home())) / "shortdesk"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shortdesk"
    return root / "kernels" / source_digest(room)


@functools.cache
def source_digest(room: str = _ROOMS[-1]) -> str:
    """Sixteen hex digits over all sources up to a room's floor that may hold rules or kernels, and the settings."""
    import numba

    digest = hashlib.sha256()
    digest.update(f"{numba.__version__} {sys.version} {_OPTIONS}".encode())
    digest.update(os.environ.get("NUMBA_BOUNDSCHECK", "0").encode())
    package = Path(__file__).resolve().parent.parent
    for floor in _ROOMS[: _ROOMS.index(room) + 1]:
        for path in sorted((package / floor).rglob("*.py")):
            digest.update(str(path.relative_to(package)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
