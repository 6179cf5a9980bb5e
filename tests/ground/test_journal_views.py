"""The Journal as a database: what each view shows, and that nothing can be changed or read beside it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from tests.ground.journals import NAMES, RUN, long_run, story

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.journal import ROW, Journal
from shortdesk.ground.journal_views import only_reads
from shortdesk.ground.kinds import Kind, money_kinds
from shortdesk.ground.run_folder import Names, NameTable, Run

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@pytest.fixture
def desk() -> Iterator[DuckDBPyConnection]:
    """A database over the story of the short that dies."""
    with Journal.from_rows(story(), RUN, NAMES).connect() as database:
        yield database


def ask(database: DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return database.execute(only_reads(database, query)).fetchall()


def test_the_journal_has_names_beside_numbers_and_time_as_text(desk: DuckDBPyConnection) -> None:
    query = """select seq, time, kind_name, venue_name, instrument_name, account_name, other_name, asset_name,
        code_name, mechanism_name from journal where seq in (0, 5, 7, 8, 9, 14) order by seq"""
    assert ask(desk, query) == [
        (0, "2023-11-14T22:13:20.000000000Z", "deposit", "binance_usdm", None, "ann", None, "USDT", None, "user"),
        (5, "2023-11-14T22:13:22.000000000Z", "fill", "binance_usdm", "BTCUSDT", "ann", "ben", "USDT", None, "user"),
        (7, "2023-11-14T22:13:22.000000000Z", "fee", "binance_usdm", "BTCUSDT", "ben", "fees", "USDT", None, "user"),
        (8, "2023-11-14T22:13:23.000000000Z", "refused", "binance_usdm", "BTCUSDT", "ann", None, None,
         "not_enough_margin", "user"),
        (9, "2023-11-14T22:14:20.000000000Z", "shock", "binance_usdm", "BTCUSDT", None, None, None, "jump", None),
        (14, "2023-11-14T22:14:21.000000000Z", "fill", "binance_usdm", "BTCUSDT", "ann", "ben", "USDT", None,
         "liquidation"),
    ]  # fmt: skip


def test_the_journal_has_every_field_as_it_was_written(desk: DuckDBPyConnection) -> None:
    fields = ", ".join(f'"{name}"' for name in ROW.names or ())
    assert ask(desk, f"select {fields} from journal order by seq") == [tuple(row.tolist()) for row in story()]


def test_fills_are_in_prices_and_sizes_people_write(desk: DuckDBPyConnection) -> None:
    query = "select side, price_decimal, size_decimal, amount_decimal, account_name, other_name from fills order by seq"
    assert ask(desk, query) == [
        ("sell", Decimal("60000.0"), Decimal("-2.000"), Decimal("120000"), "ann", "ben"),
        ("buy", Decimal("66600.0"), Decimal("2.000"), Decimal("133200"), "ann", "ben"),
    ]


def test_transfers_are_all_rows_that_move_units_and_no_other(desk: DuckDBPyConnection) -> None:
    query = "select why, account_name, other_name, amount_decimal from transfers order by seq"
    assert ask(desk, query) == [
        ("deposit", "ann", None, Decimal(12_000)),
        ("deposit", "ben", None, Decimal(500_000)),
        ("fee", "ann", "fees", Decimal(-60)),
        ("fee", "ben", "fees", Decimal(-24)),
        ("realised", "ann", "clearing", Decimal(-13_200)),
        ("insurance_out", "ann", "insurance fund", Decimal(1_260)),
    ]


def test_balances_are_what_came_less_what_went(desk: DuckDBPyConnection) -> None:
    """12,000 - 60 - 13,200 + 1,260 = 0: the fund paid exactly what Ann could not."""
    query = """
        select name, sum(amount) from (
            select account_name as name, amount_decimal as amount from transfers
            union all select other_name, -amount_decimal from transfers where other_name is not null)
        group by name order by name"""
    assert ask(desk, query) == [
        ("ann", Decimal(0)),
        ("ben", Decimal(499_976)),
        ("clearing", Decimal(13_200)),
        ("fees", Decimal(84)),
        ("insurance fund", Decimal(-1_260)),
    ]


def test_liquidations_tell_the_steps_and_what_they_cost_whom(desk: DuckDBPyConnection) -> None:
    query = "select kind_name, account_name, code_name, price_decimal from liquidations order by seq"
    assert ask(desk, query) == [
        ("risk_state", "ann", "liquidating", Decimal(66_500)),
        ("liquidation_start", "ann", None, Decimal(66_500)),
        ("liquidation_step", "ann", None, Decimal(67_000)),
        ("insurance_out", "ann", None, None),
        ("liquidation_end", "ann", "safe", None),
    ]


def test_marks_are_prices_over_time(desk: DuckDBPyConnection) -> None:
    assert ask(desk, "select time, instrument_name, price_decimal from marks") == [
        ("2023-11-14T22:14:21.000000000Z", "BTCUSDT", Decimal(66_500))
    ]


def test_names_and_run_can_be_asked(desk: DuckDBPyConnection) -> None:
    assert ask(desk, "select id, name from names where what = 'account' order by id") == [
        (0, "ann"), (1, "ben"), (2, "insurance fund"), (3, "fees"), (4, "clearing"),
    ]  # fmt: skip
    assert ask(desk, "select info->>'tick' from names where what = 'instrument'") == [("0.10",)]
    assert ask(desk, "select count(*) from names where what = 'kind'") == [(len(Kind),)]
    assert ask(desk, "select scenario, seed, rows, hash from run") == [
        ("a short dies", 7, len(story()), Journal.from_rows(story()).hash)
    ]


def test_the_causes_of_a_row_can_be_followed_to_the_root(desk: DuckDBPyConnection) -> None:
    query = """
        with recursive chain as (
            select seq, cause, kind_name from journal where seq = 16
            union all select j.seq, j.cause, j.kind_name from journal j join chain c on j.seq = c.cause)
        select kind_name from chain order by seq desc"""
    assert [name for (name,) in ask(desk, query)] == [
        "insurance_out", "realised", "fill", "liquidation_step", "liquidation_start", "risk_state", "mark", "shock",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tick", "price"),
    [("0.1", Decimal("60000.0")), ("0.000000000001", Decimal("0.0000006")), ("0.0000000000001", None), ("dear", None)],
    ids=["plain", "finest", "too fine", "no number"],
)
def test_a_grid_that_cannot_be_shown_exactly_is_not_shown(tick: str, price: Decimal | None) -> None:
    names = Names(instrument=NameTable(["it's"], [{"tick": tick}]))
    with Journal.from_rows(story(), RUN, names).connect() as database:
        assert ask(database, "select instrument_name, price_decimal from fills limit 1") == [("it's", price)]


def test_unnamed_numbers_are_shown_by_number() -> None:
    with Journal.from_rows(story(), Run()).connect() as database:
        query = "select venue_name, account_name, other_name, price_decimal from fills order by seq limit 1"
        assert ask(database, query) == [("#0", "#0", "#1", None)]


@pytest.mark.parametrize("accounts", [10, 5_000], ids=["few", "very many"])
def test_accounts_have_names_however_many_there_are(tmp_path: Path, accounts: int) -> None:
    names = Names(account=NameTable([f"short {number}" for number in range(accounts)]))
    with Journal.from_rows(story(), RUN, names).connect() as database:
        query = "select account_name, other_name from journal where seq in (0, 5, 9) order by seq"
        assert ask(database, query) == [("short 0", None), ("short 0", "short 1"), (None, None)]
        assert ask(database, "select count(*) from journal") == [(len(story()),)]


def test_the_largest_figures_are_shown_exactly() -> None:
    rows = story()
    rows["units"][0] = 2**63 - 1
    with Journal.from_rows(rows, RUN, NAMES).connect() as database:
        query = "select units, amount_decimal, sum(units::hugeint * 4) from transfers where seq = 0 group by all"
        assert ask(database, query) == [(2**63 - 1, Decimal("92233720368.54775807"), 4 * (2**63 - 1))]


def test_every_kind_that_moves_units_is_in_transfers() -> None:
    kinds = list(Kind)
    rows = story().repeat(6)[: len(kinds)].copy()
    rows["kind"] = kinds
    with Journal.from_rows(rows, RUN, NAMES).connect() as database:
        found = ask(database, "select kind from transfers order by kind")
        assert [kind for (kind,) in found] == [int(kind) for kind in money_kinds()]
        named = ask(database, "select kind_name from journal order by kind")
        assert [name for (name,) in named] == [kind.name.lower() for kind in kinds]


# ---- only read, and only this ----------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Path:
    long_run(tmp_path / "run", blocks=2, block_rows=100)
    (tmp_path / "secret.csv").write_text("key,value\nmy,secret\n")
    return tmp_path / "run"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


WRITE_BLOCK = "copy (select 1 as a) to '{block}' (format parquet, use_tmp_file false)"


@pytest.mark.parametrize(
    "query",
    [
        "copy (select 1) to '{folder}/stolen.csv'",
        "with x as (copy (select 1) to '{folder}/stolen.csv') select * from x",
        f"with x as ({WRITE_BLOCK}) select * from x",
        f"with x as materialized ({WRITE_BLOCK}) from x",
        f"select * from (with x as ({WRITE_BLOCK}) select * from x)",
        f"select (with x as ({WRITE_BLOCK}) select count(*) from x)",
        f"select 1) union all (with x as ({WRITE_BLOCK}) select * from x",
        f"select 1; {WRITE_BLOCK}",
        f"{WRITE_BLOCK}; select 1",
        f"explain analyze {WRITE_BLOCK}",
        f"from query('{WRITE_BLOCK.replace(chr(39), chr(39) * 2)}')",
        "with x as (delete from names returning *) select * from x",
        "with x as (insert into names values ('kind', 4, 'lie', null) returning *) select * from x",
        "with x as (update names set name = 'lie' returning *) select * from x",
        "update names set name = 'lie'",
        "drop view journal",
        "create table t as select 1",
        "attach '{folder}/new.db'",
        "export database '{folder}/out'",
        "select * from read_csv('{folder}/secret.csv')",
        "select * from '{folder}/secret.csv'",
        "select * from read_text('{folder}/run/journal/../../secret.csv')",
        "select * from read_blob('{folder}/secret.csv')",
        "select * from read_json('{folder}/secret.csv')",
        "select * from sniff_csv('{folder}/secret.csv')",
        "select * from query_table('{folder}/secret.csv')",
        "select * from glob('{folder}/*')",
        "select * from parquet_metadata('{folder}/secret.csv')",
        "select * from read_text('{folder}/run/run.json')",
        "select * from files",
        "select getenv('HOME')",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set allowed_directories = ['/']",
        "reset lock_configuration",
        "pragma enable_profiling",
        "call enable_logging()",
        "prepare p as select 1",
        "checkpoint",
        "vacuum",
        "use memory",
        "begin",
    ],
)
def test_a_query_reads_this_journal_and_does_nothing_else(run: Path, query: str) -> None:
    before = files(run.parent)
    text = query.format(folder=run.parent, block=run / "journal" / "block-000001.parquet")
    journal = Journal.open(run)
    with journal.connect() as database:
        with pytest.raises((UsageError, duckdb.Error)):
            ask(database, text)
        assert files(run.parent) == before
        assert ask(database, "select count(*), count(distinct name) from names where what = 'kind'") == [
            (len(Kind), len(Kind))
        ]
        assert ask(database, "select count(*) from journal") == [(200,)]
    assert journal.stream is not None
    assert journal.stream.verify() == journal.hash


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "expected one query; got 0 statements"),
        ("-- nothing", "expected one query; got 0 statements"),
        ("select 1; select 2", "expected one query; got 2 statements"),
        ("drop view journal", "a Journal can only be read: expected a SELECT; got DROP"),
        ("selec 1", 'the query cannot be read: Parser Error: syntax error at or near "selec"$'),
    ],
)
def test_what_is_no_query_is_said(desk: DuckDBPyConnection, query: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        only_reads(desk, query)


@pytest.mark.parametrize(
    "query",
    [
        "select 7;",
        "select 7 ; -- a remark",
        "select 7 -- a remark; and more",
        "select ';--' is not null ; /* a ; b */ -- ;",
        "/* first */ select 7",
        "values (7)",
        "with a as (select 7) from a",
        "select ';' is not null and 7 = 7",
        "describe journal",
        "show tables",
        "summarize fills",
        "from fills",
        "select 1 union select 7 order by 1",
    ],
)
def test_any_way_to_read_is_welcome(desk: DuckDBPyConnection, query: str) -> None:
    assert ask(desk, query) == desk.execute(query).fetchall()


def test_the_order_asked_for_is_kept(tmp_path: Path) -> None:
    rows = long_run(tmp_path / "run", blocks=30, block_rows=10_000)
    with Journal.open(tmp_path / "run").connect() as database:
        found = [seq for (seq,) in ask(database, "select seq from journal order by price desc, seq")]
    assert found == sorted(range(len(rows)), key=lambda seq: (-int(rows["price"][seq]), seq))


def test_a_journal_answers_and_lets_nobody_write(run: Path) -> None:
    journal, before = Journal.open(run), files(run.parent)
    assert journal.sql("select count(*) from journal") == [(200,)]
    block = run / "journal" / "block-000001.parquet"
    with pytest.raises(UsageError, match="the query cannot be answered: Binder Error: WITH clause containing a COPY"):
        journal.sql(f"with x as ({WRITE_BLOCK.format(block=block)}) select * from x")
    with pytest.raises(UsageError, match='column "prise" not found'):
        journal.sql("select prise from journal")
    assert files(run.parent) == before


def test_a_damaged_block_is_told_before_any_answer(run: Path) -> None:
    block = run / "journal" / "block-000002.parquet"
    block.write_bytes(block.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match=r"block-000002.parquet \(rows 100 to 199\): this block is damaged"):
        Journal.open(run).connect()


def test_a_folder_with_a_quote_in_its_name_is_no_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "it's a 'run', [1]"
    rows = long_run(folder, blocks=2, block_rows=10)
    journal = Journal.open(folder)
    assert journal.rows().tobytes() == rows.tobytes()
    with journal.connect() as database:
        assert ask(database, "select count(*) from journal") == [(20,)]


def test_no_rows_are_no_trouble() -> None:
    with Journal.from_rows(story()[:0], RUN, NAMES).connect() as database:
        assert ask(database, "select * from fills") == []
        assert ask(database, "select count(*) from journal") == [(0,)]
