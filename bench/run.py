"""``make bench``: measure, print tables, and with --write keep them in RESULTS.md.

    python bench/run.py                    every group
    python bench/run.py margin startup     only these
    python bench/run.py --list             what there is
    python bench/run.py --quick            small inputs and few repetitions
    python bench/run.py --write            also replace the groups' tables in bench/RESULTS.md

Nothing is written without --write; environments of other engines live in a temporary directory.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from harness import ONE_THREAD, Missing, Section, python_version
from rich.console import Console

GROUPS = {
    "amm": "amm",
    "exactness": "exactness.table",
    "journal": "journal",
    "margin": "margin",
    "matching": "matching",
    "accounts": "accounts",
    "agents": "agents",
    "startup": "startup",
    "web": "web",
}
RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# Measured results

Written by `make bench` (`python bench/run.py --write`). Ratios compare with a named reference measured in the
same run and travel between machines; rates and milliseconds do not.
"""


def main() -> None:
    """Run the chosen groups in order."""
    options = chosen()
    os.environ.update(ONE_THREAD)
    load = load_before()
    console = Console(width=None if sys.stdout.isatty() else 200)
    for group in options.groups or GROUPS:
        console.rule(f"{group}: {importlib.import_module(GROUPS[group]).DESCRIPTION}", align="left")
        try:
            sections = importlib.import_module(GROUPS[group]).measure(options.quick)
        except Missing as reason:
            console.print(f"  not measured: {reason}\n")
            continue
        for section in sections:
            section.show(console)
        if options.write:
            keep(group, sections, options.quick, load)
            console.print(f"  kept in bench/{RESULTS.name}\n")


def chosen() -> argparse.Namespace:
    """The command line; an unknown group is refused with the known ones."""
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__.split("\n")[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"any of: {', '.join(GROUPS)} (default: all)")
    parser.add_argument("--list", action="store_true", help="say what the groups measure, and stop")
    parser.add_argument("--quick", action="store_true", help="small inputs and few repetitions")
    parser.add_argument("--write", action="store_true", help="replace the groups' tables in bench/RESULTS.md")
    options = parser.parse_args()
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"unknown group {', '.join(unknown)}; known are: {', '.join(GROUPS)}")
    if options.list:
        for group, module in GROUPS.items():
            print(f"{group:10s} {importlib.import_module(module).DESCRIPTION}")
        parser.exit()
    return options


def keep(group: str, sections: list[Section], quick: bool, load: str) -> None:
    """Put the group's tables into RESULTS.md in place of its earlier ones; the other groups stay."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.is_file() else HEAD
    kept = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL))
    day = datetime.now(UTC).date().isoformat()
    stamp = f"{day}, Python {python_version()}, {machine_class()}{load}{', quick' if quick else ''}"
    kept[group] = "\n" + stamp + "\n\n" + "\n".join(section.markdown() for section in sections)
    body = "".join(f"\n## {name}\n{kept[name].rstrip()}\n" for name in GROUPS if name in kept)
    RESULTS.write_text(HEAD + body, encoding="utf-8")


def load_before() -> str:
    """How busy the machine was with other work when the run began, where the system says so."""
    if not hasattr(os, "getloadavg"):
        return ""
    load = os.getloadavg()[0]
    disturbed = " (more than its processors: a disturbed run)" if load > (os.cpu_count() or 1) else ""
    return f", load {load:.1f} before the run{disturbed}"


def machine_class() -> str:
    """The machine in words: processors, their kind, the system; no names."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = re.findall(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), flags=re.MULTILINE)
        model = names[0] if names else model
    return f"{os.cpu_count()} virtual processors ({model}), {platform.system()}"


if __name__ == "__main__":
    main()
