"""``shortdesk scenario``: the shipped scenarios, what one says, whether a file can be played, a file to begin with."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from shortdesk.doors.cli.output import console, notice, show, to_json, write_file
from shortdesk.doors.cli.stage_inputs import clock_text
from shortdesk.ground.errors import InputError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from shortdesk.stage.scenario import Scenario

__all__ = ["scenario"]

_TEMPLATE = "short-squeeze"


def scenario(
    do: Literal["list", "show", "check", "new"] = "list",
    name: str | None = None,
    *,
    from_: Annotated[str, Parameter(name="--from")] = _TEMPLATE,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),
    text: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Scenarios: list the shipped ones, show one, check a file, begin a new one.

    list shows what is shipped. show NAME tells what a scenario says and what it leaves at
    its defaults. check FILE opens the market and everybody in it, and says what is wrong.
    new FILE.toml writes a copy of a shipped scenario to change.

    Parameters
    ----------
    do
        What to do.
    name
        A shipped scenario or a scenario file.
    from_
        The scenario that a new file is a copy of.
    set_
        A value put over the scenario's, as makers.count=4; may be given several times.
    text
        show: print the file itself.
    json
        Print objects; show gives every value with its defaults.
    """
    if do == "list":
        return _list(as_json=json)
    if name is None:
        raise UsageError(f"scenario {do}: a name is missing; give a shipped scenario or a file that ends in .toml")
    if do == "new":
        return _new(Path(name), from_)
    if do == "check":
        return _check(name, set_, as_json=json)
    return _tell(name, set_, as_text=text, as_json=json)


def _list(*, as_json: bool) -> int:
    from shortdesk.stage.scenario import find_scenario, scenario_names

    rows = [_row(find_scenario(name)) for name in scenario_names()]
    if as_json:
        sys.stdout.write(to_json(rows))
        return 0
    out = console()
    from rich.text import Text

    for row in rows:
        out.print(Text.assemble((row["name"], "bold"), f"  {clock_text(row['horizon_s'])}, ", row["people"]))
        out.print(Text(f"  {row['about']}"))
    out.print()
    out.print(Text("shortdesk run NAME plays one, shortdesk scenario show NAME tells what it says.", style="dim"))
    return 0


def _row(one: Scenario) -> dict[str, Any]:
    people = [f"{_count(terms):,} {terms.name}" for terms in one.population if _count(terms) > 1]
    return {
        "name": one.name,
        "about": one.about,
        "horizon_s": one.horizon_s,
        "trigger_s": one.trigger_s,
        "instruments": [terms.name for terms in one.instrument],
        "people": ", ".join(people),
    }


def _count(terms: Any) -> int:
    return int(getattr(terms, "count", 0) or getattr(terms, "accounts", 0) or getattr(terms, "traders", 1))


def _source(name: str) -> Path:
    from shortdesk.stage.scenario import find_scenario, scenario_folder

    find_scenario(name)
    shipped = scenario_folder() / f"{name}.toml"
    return shipped if shipped.is_file() else Path(name)


def _tell(name: str, settings: tuple[str, ...], *, as_text: bool, as_json: bool) -> int:
    import msgspec

    from shortdesk.stage.scenario import find_scenario

    if as_text and settings:
        raise UsageError("--text prints the file as it is; leave --set out")
    if as_text:
        sys.stdout.write(_source(name).read_text(encoding="utf-8"))
        return 0
    found = find_scenario(name, settings)
    if as_json:
        sys.stdout.write(to_json(msgspec.to_builtins(found, builtin_types=(Decimal,))))
        return 0
    _print(console(), found)
    return 0


def _print(out: Console, found: Scenario) -> None:
    from rich.text import Text

    out.print(Text(found.name, style="bold"))
    out.print(Text(found.about))
    trigger = f", what it is about begins at {clock_text(found.trigger_s)}" if found.trigger_s else ""
    out.print(Text(f"{clock_text(found.horizon_s)} from {found.start:%Y-%m-%d %H:%M} UTC{trigger}, seed {found.seed}"))
    for source in found.sources:
        out.print(Text(f"source: {source}", style="dim"))
    tables: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("venue", found.venue), ("chain", found.chain), ("instrument", found.instrument), ("pool", found.pool),
        ("population", found.population),
    )  # fmt: skip
    for title, rows in tables:
        for row in rows:
            out.print()
            kind = getattr(row, "kind", "") or row.__struct_config__.tag
            out.print(Text.assemble((f"{title} {row.name}", "bold"), f"  {kind}" if isinstance(kind, str) else ""))
            _print_fields(out, row)
    if found.shock:
        out.print()
        out.print(Text("shocks", style="bold"))
    for shock in sorted(found.shock, key=lambda one: one.at_s):
        name = f"  ({shock.name})" if shock.name else ""
        out.print(Text(f"  {clock_text(shock.at_s)}  {shock.act} {shock.target}  {shock.amount:g}{name}"))


def _print_fields(out: Console, row: Any) -> None:
    """What a table says, and dim what it leaves at the defaults."""
    import msgspec
    from rich.table import Table
    from rich.text import Text

    said: list[str] = []
    left: list[str] = []
    for field in msgspec.structs.fields(type(row)):
        if field.name in ("name", "kind"):
            continue
        value = getattr(row, field.name)
        text = f"{field.encode_name} {_value_text(value)}"
        (left if value == field.default else said).append(text)
    table = Table.grid(padding=(0, 0))
    table.add_column()
    table.add_row(Text("  " + ", ".join(said)))
    if left:
        table.add_row(Text("  by default: " + ", ".join(left), style="dim"))
    out.print(table)


def _value_text(value: Any) -> str:
    import msgspec

    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:,.10g}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_value_text(one) for one in value) + "]"
    if isinstance(value, msgspec.Struct):
        said = {name: getattr(value, name) for name in value.__struct_fields__}
        return "{" + ", ".join(f"{name} {_value_text(one)}" for name, one in said.items()) + "}"
    return str(value) if value not in ("", None) else "none"


def _check(name: str, settings: tuple[str, ...], *, as_json: bool) -> int:
    from shortdesk.stage.scenario import find_scenario

    found = find_scenario(name, settings)
    from shortdesk.doors.cli.watching import prepare_kernels

    prepare_kernels(found)
    from shortdesk.stage.play import open_play

    play = open_play(found)
    accounts = sum(len(one.accounts) for one in play.cast.populations)
    agents = sum(len(one.agents) for one in play.cast.populations)
    if as_json:
        sys.stdout.write(to_json([{"name": found.name, "accounts": accounts, "agents": agents}]))
        return 0
    out = console()
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False, header_style="bold", box=None)
    for title in ("population", "kind", "accounts", "agents"):
        table.add_column(title, justify="right" if title in ("accounts", "agents") else "left")
    for one in play.cast.populations:
        table.add_row(one.name, one.kind, f"{len(one.accounts):,}", f"{len(one.agents):,}")
    show(out, table)
    out.print(f"{found.name} can be played: {accounts:,} accounts, {agents:,} agents, {clock_text(found.horizon_s)}.")
    return 0


def _new(path: Path, template: str) -> int:
    source = _source(template)
    if path.suffix != ".toml":
        raise UsageError(f"scenario new '{path}': expected a file that ends in .toml")
    if path.exists():
        raise InputError("exists already; give another name", str(path))
    if not path.parent.is_dir():
        raise InputError("there is no such folder", str(path.parent))
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem)
    content = re.sub(r'(?m)^name = ".*"$', f'name = "{name}"', source.read_text(encoding="utf-8"), count=1)
    write_file(path, content)
    notice(f"wrote {path}, a copy of {template}; change it, then: shortdesk scenario check {path}")
    return 0
