"""``shortdesk venues``: all venues, the rules of one with their sources, the tiers of a symbol by date."""

from __future__ import annotations

import csv
import io
import itertools
import json
from decimal import Decimal

import pytest
from tests.doors.cli.conftest import Ask

from shortdesk.ground.venue import venue_ids


def test_all_venues(ask: Ask) -> None:
    rows = json.loads(ask("venues", "--date", "2026-11-01", "--json").out)
    assert [row["venue"] for row in rows] == venue_ids()
    assert next(row["symbols"] for row in rows if row["venue"] == "binance_usdm") == 907
    out = ask("venues", "--date", "2026-11-01").out
    for row in rows:
        assert row["name"] in out


@pytest.mark.parametrize("venue", venue_ids())
def test_every_rule_has_a_date_an_evidence_mark_and_a_source(ask: Ask, venue: str) -> None:
    rows = json.loads(ask("venues", venue, "--date", "2026-11-01", "--json").out)
    assert rows
    for row in rows:
        assert row["since"] <= "2026-11-01"
        assert row["evidence"] in set("RDTSUA")
        assert row["source"] or row["rule"] == "grid"
    lines = list(csv.DictReader(io.StringIO(ask("venues", venue, "--date", "2026-11-01", "--csv").out)))
    assert len(lines) == len(rows)
    shown = ask("venues", venue, "--date", "2026-11-01").out
    assert "rules of 2026-11-01" in shown


# The second bracket of BTCUSDT, from the stored responses of both months.
BRACKETS = [
    ("2024-11-01", "50000", "600000", "0.005", "50", 12),
    ("2026-11-01", "300000", "800000", "0.005", "300", 12),
]


@pytest.mark.parametrize(("day", "floor", "cap", "rate", "amount", "count"), BRACKETS)
def test_two_dated_schedules_of_binance(
    ask: Ask, day: str, floor: str, cap: str, rate: str, amount: str, count: int
) -> None:
    rows = json.loads(ask("venues", "binance", "BTC", "--date", day, "--json").out)
    assert len(rows) == count
    second = rows[1]
    assert (second["above"], second["up_to"]) == (floor, cap)
    assert (second["maintenance_rate"], second["deduction"]) == (rate, amount)
    for lower, upper in itertools.pairwise(rows):
        assert lower["up_to"] == upper["above"]
        # At the border both tiers ask the same.
        at = Decimal(upper["above"])
        ask_of = [at * Decimal(row["maintenance_rate"]) - Decimal(row["deduction"]) for row in (lower, upper)]
        assert ask_of[0] == ask_of[1]


def test_a_day_before_the_first_schedule_shows_no_rules(ask: Ask) -> None:
    code, _, err = ask("venues", "binance", "BTC", "--date", "2018-01-01")
    assert code == 2
    assert "first begin on 2020-01-01" in err
