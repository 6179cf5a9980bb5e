"""``shortdesk postmortem``: what happened in a recorded run, who pushed whom, who paid, and was it a squeeze."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from shortdesk.doors.cli.output import check_page, console, notice, to_json, write_page
from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.journal import Journal
from shortdesk.study.postmortem import Postmortem, explain, liquidated_accounts
from shortdesk.study.postmortem_account import Death, account_number, why_liquidated
from shortdesk.study.postmortem_verdict import Replay
from shortdesk.study.postmortem_why import why

__all__ = ["postmortem"]

_PAGE, _REPLAYS = "postmortem.html", "replays.json"


def postmortem(
    run: Path,
    *,
    account: str | None = None,
    instrument: str = "",
    json: Annotated[bool, Parameter(negative=())] = False,
    html: Path | None = None,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative=())] = False,
) -> int:
    """Explain a recorded run: who pushed, who paid, and was it a squeeze.

    Reads the Journal and its names and nothing else. Prints the findings and
    writes one page that carries everything in itself into the run's folder.

    Parameters
    ----------
    run
        The folder of a run.
    account
        An account that was liquidated, by name or number: why, by whom, and
        what would have saved it.
    instrument
        The instrument to look at; the one with most liquidations when not
        given.
    json
        Print one object instead.
    html
        Where the page goes; postmortem.html in the run's folder when not
        given.
    quiet
        Print the verdict alone.
    """
    check_page(html)
    journal = Journal.open(run)
    if journal.notice:
        notice(f"notice: {journal.notice}")
    report = explain(journal, instrument=instrument, replays=_replays(run))
    death = None
    if account is not None:
        death = why_liquidated(report, _number(report, account))
    from shortdesk.doors.cli.postmortem_table import print_postmortem
    from shortdesk.doors.pages.explained import postmortem_page
    from shortdesk.study.postmortem_account_report import account_section

    target = html or run / (_PAGE if death is None else f"postmortem-{_file_name(death)}.html")
    write_page(target, postmortem_page(report, [account_section(report, death)] if death else (), run))
    if json:
        from shortdesk.doors.cli.postmortem_rows import report_object

        sys.stdout.write(to_json(report_object(report, death)))
    elif quiet:
        print(why(report, death) if death else report.verdict.words)
    else:
        print_postmortem(console(), report, death)
    sys.stdout.flush()
    notice(f"wrote {target}")
    return 0


def _file_name(death: Death) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in death.name)


def _replays(run: Path) -> list[Replay]:
    """What replays found, where some were run for this folder."""
    path = run / _REPLAYS
    if not path.is_file():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Replay])
    except msgspec.DecodeError as problem:
        raise InputError(f"not a list of replays: {problem}", str(path)) from None


def _number(report: Postmortem, given: str) -> int:
    """The account meant, which must have been liquidated; else an error that lists who was, the worst loss first."""
    dead = liquidated_accounts(report)
    number = account_number(report, given)
    if number is not None and any(one.account == number for one in dead):
        return number
    known = f"'{given}' was not liquidated" if number is not None else f"there is no account '{given}'"
    if not dead:
        raise UsageError(f"{known}; nobody was liquidated on {report.tape.name}")
    grid = report.tape.grid
    listed = [f"{one.name} ({grid.money(one.gain_units)} {grid.settle})" for one in dead[:10]]
    more = f", and {len(dead) - 10:,} more" if len(dead) > 10 else ""
    raise UsageError(f"{known}. Liquidated, the worst loss first: {', '.join(listed)}{more}")
