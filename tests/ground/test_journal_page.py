"""The reference page of the Journal is what the sources say, and its queries answer."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from tests.ground.journals import NAMES, RUN, story
from tools.build_journal_page import FIELDS, GROUPS, PAGE, Kind, page_anew

from shortdesk.ground.journal import Journal
from shortdesk.ground.journal_views import only_reads

TEXT = PAGE.read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_page_says_what_the_sources_say() -> None:
    assert page_anew(TEXT) == TEXT, "run: python tools/build_journal_page.py"


def test_the_page_lacks_no_field_and_no_kind() -> None:
    for name in FIELDS:
        assert f"| `{name}` |" in TEXT
    for kind in Kind:
        assert f"| `{kind.name.lower()}` {int(kind)} |" in TEXT
        assert sum(int(kind) in numbers for numbers in GROUPS.values()) == 1


def test_a_lost_mark_is_told() -> None:
    with pytest.raises(ValueError, match="needs the marks of 'kinds' exactly once"):
        page_anew(TEXT.replace("<!-- end of kinds -->", ""))


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_each_query_of_the_page_answers(number: int) -> None:
    with Journal.from_rows(story(), RUN, NAMES).connect() as database:
        assert database.execute(only_reads(database, QUERIES[number])).fetchall()


def test_the_queries_of_the_page_say_what_they_promise() -> None:
    buying, balances, chain = QUERIES
    with Journal.from_rows(story(), RUN, NAMES).connect() as database:
        ((_, forced, everything),) = database.execute(buying).fetchall()
        assert (forced, everything) == (Decimal(2), Decimal(2)), "all that was bought was Ann's liquidation"
        assert database.execute(f"select sum(balance) from ({balances})").fetchall() == [(Decimal(512_000),)]
        kinds = [row[2] for row in database.execute(chain).fetchall()]
        assert kinds == ["shock", "mark", "risk_state", "liquidation_start", "liquidation_step"]
