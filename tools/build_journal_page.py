"""Write the tables of docs/reference/journal.md anew from the row's type and ``ground/kind_uses.py``.

    python tools/build_journal_page.py

The page keeps its prose; what stands between two marks is replaced. A test compares both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

from shortdesk.ground.journal import ROW, Kind, Mechanism
from shortdesk.ground.kind_uses import USES
from shortdesk.ground.kinds import CODES, money_kinds

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "journal.md"

FIELDS = {
    "seq": "number of the row, from 0 without a gap",
    "time_ns": "nanoseconds since 1970-01-01 UTC",
    "cause": "`seq` of the row that brought this one about; -1 for what comes from outside",
    "order": "order, by its owner's number; it is unique within its account",
    "other_order": "the other order of a pair",
    "price": "ticks of the instrument",
    "lots": "lots of the instrument, signed",
    "units": "smallest units of the asset, signed",
    "account": "whom the row is about",
    "other": "counterparty",
    "instrument": "instrument",
    "asset": "asset",
    "venue": "venue",
    "kind": "what happened",
    "mechanism": "why somebody acted; 0 for nobody's act",
    "code": "reason, state or form, as the kind says",
}
UNSAID = {"instrument": "the instrument"}
"""Fields whose name says it all."""
GROUPS = {
    "Orders and fills": range(1, 20),
    "Prices and rates": range(20, 30),
    "Risk and liquidation": range(30, 60),
    "Rows that move units": range(60, 100),
    "Pools and blocks": range(100, 120),
    "The machine": range(120, 256),
}


def fields_table() -> str:
    """Each field with its bytes."""
    lines = ["| field | bytes | holds |", "|---|---:|---|"]
    lines += [f"| `{name}` | {ROW[name].itemsize} | {FIELDS[name]} |" for name in ROW.names or ()]
    return "\n".join(lines)


def kinds_tables() -> str:
    """Each kind with the fields it fills, one table for each group."""
    parts = []
    for title, numbers in GROUPS.items():
        parts += [f"### {title}", "", "| kind | means | fills |", "|---|---|---|"]
        parts += [kind_line(kind) for kind in Kind if int(kind) in numbers]
        parts.append("")
    return "\n".join(parts).rstrip()


def kind_line(kind: Kind) -> str:
    """One kind: name and number, meaning, and what stands in its fields."""
    use = USES[kind]
    told = {"asset", "units"} if kind in money_kinds() else set()
    fields = [
        f"`{name}`" if text == UNSAID.get(name) else f"`{name}` {text}"
        for name, text in use.fields.items()
        if name not in told and (name, text) != ("venue", "the venue")
    ]
    return f"| `{kind.name.lower()}` {int(kind)} | {use.meaning} | {' · '.join(fields)} |"


def codes_tables() -> str:
    """The enums that name codes, and the mechanisms."""
    parts = [enum_line("`mechanism`", Mechanism)]
    named: dict[type[IntEnum], list[Kind]] = {}
    for kind, enum in CODES.items():
        named.setdefault(enum, []).append(kind)
    for enum, kinds in named.items():
        parts.append(enum_line("`code` of " + ", ".join(f"`{kind.name.lower()}`" for kind in kinds), enum))
    return "\n".join(parts)


def enum_line(title: str, enum: type[IntEnum]) -> str:
    """All members of an enum with their numbers."""
    return f"- {title}: " + ", ".join(f"{int(member)} {member.name.lower()}" for member in enum)


SECTIONS: dict[str, Callable[[], str]] = {"fields": fields_table, "kinds": kinds_tables, "codes": codes_tables}


def page_anew(text: str) -> str:
    """The page with each marked section replaced."""
    for name, section in SECTIONS.items():
        begin, end = f"<!-- {name}: made by tools/build_journal_page.py -->", f"<!-- end of {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), flags=re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise ValueError(f"{PAGE.name} needs the marks of '{name}' exactly once")
        before, after = pattern.split(text)
        text = f"{before}{begin}\n\n{section()}\n\n{end}{after}"
    return text


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(page_anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
