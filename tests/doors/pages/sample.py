"""What the pages of the tests show: a short that died in 2020, the squeeze of two by hand, one with hostile names."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
from tests.stage.small import small_squeeze
from tests.study.postmortem_story import ANN, NAMES, RUN, journal_of, squeeze

from shortdesk.doors.pages.recording import Recording
from shortdesk.ground.journal import Journal
from shortdesk.ground.venue import load_venue
from shortdesk.intake import sample_bars, sample_funding
from shortdesk.stage.replay import REPLAYS
from shortdesk.stage.run import RunSummary, run_into
from shortdesk.study.hold import History, HoldRequest
from shortdesk.study.hold import hold as held_through
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.postmortem import Postmortem, explain
from shortdesk.study.postmortem_verdict import Replay
from shortdesk.study.ticket import Size

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&amp;\u2028"
"""A name that would break out of text, of markup or of JSON if it could."""


def played(folder: Path) -> tuple[RunSummary, Recording]:
    """The small squeeze of twelve seconds, looked at while it is played into a folder."""
    scenario = small_squeeze()
    recording = Recording(scenario)
    return run_into(folder, scenario, look=recording, slice_s=recording.slice_s), recording


def held() -> HoldResult:
    """Two coins short with three times leverage from October 2020, through the shipped history."""
    span = ("2020-10-01", "2021-03-01")
    bars, funding = sample_bars("BTCUSDT", *span), sample_funding("BTCUSDT", *span)
    request = HoldRequest(symbol="BTCUSDT", size=Size(Decimal(2), "base", "BTC"), leverage=Decimal(3))
    return held_through(load_venue("binance_usdm"), request, History(bars=bars, funding=funding))


def squeezed() -> Postmortem:
    """The story of ``postmortem_story``."""
    return explain(journal_of(squeeze()))


def replayed(folder: Path) -> Postmortem:
    """The story with the answer of a replay kept in its folder."""
    row = {"mechanism": "liquidation", "functional": "peak_pct", "effect": 1.5, "standard_error": 0.25, "seeds": 8}
    more = {"as_was": 6.5, "changed": 5.0, "independent_error": None, "correlation": None}
    (folder / REPLAYS).write_bytes(msgspec.json.encode([{**row, **more}]))
    replays = msgspec.json.decode((folder / REPLAYS).read_bytes(), type=list[Replay])
    return explain(journal_of(squeeze()), replays=replays)


def evil() -> Postmortem:
    """The same story of people and an instrument with hostile names."""
    names = msgspec.convert(msgspec.to_builtins(NAMES), type=type(NAMES))
    names.account.names[ANN] = EVIL
    names.instrument.names[1] = f"COIN{EVIL}"
    names.asset.names[1] = f"USD{EVIL}"
    run = msgspec.structs.replace(RUN, scenario=EVIL)
    return explain(Journal.from_rows(squeeze(), run, names))
