"""A Journal as a database that can only be read.

Views: ``journal`` (every row, names beside ids, the time as text), ``fills``, ``transfers`` (all rows that
move units), ``liquidations`` (risk states, steps, and what they cost whom), ``marks`` (mark, index and oracle
prices); and the tables ``names`` and ``run``. Columns that end in ``_decimal`` are in the units people write,
and empty where the run does not tell the grid. The database can open the Journal's blocks and no other file.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import MONEY_FROM, MONEY_UNTIL, Kind, Mechanism
from shortdesk.ground.stream import quoted_list

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from shortdesk.ground.journal import Journal
    from shortdesk.ground.run_folder import NameTable

__all__ = ["connect", "execute", "only_reads"]

_MOST_LISTED = 4096  # names in a list cost nothing where no query asks for them, but slow it down when many

# DuckDB 2.0's own %n prints wrong digits, so the nanoseconds are put there by hand.
_TIME = (
    "strftime(make_timestamp_ns(time_ns), '%Y-%m-%dT%H:%M:%S.') || lpad((time_ns % 1000000000)::varchar, 9, '0') || 'Z'"
)
_FILLS = f"""
    select *, case when lots > 0 then 'buy' else 'sell' end as side
    from inside.decimals where kind = {int(Kind.FILL)}"""
_TRANSFERS = f"""
    select * exclude (price_decimal, size_decimal), kind_name as why
    from inside.decimals where kind >= {MONEY_FROM} and kind < {MONEY_UNTIL}"""
_LIQUIDATIONS = f"""
    select * from inside.decimals
    where kind between {int(Kind.RISK_STATE)} and {int(Kind.BUY_IN)}
        or kind between {int(Kind.LIQUIDATION_FEE)} and {int(Kind.SEIZED)} or kind = {int(Kind.COLLATERAL)}"""
_MARKS = f"""
    select seq, time_ns, time, kind, kind_name, venue, venue_name, instrument, instrument_name, price, price_decimal,
        cause, mechanism, mechanism_name
    from inside.decimals where kind in ({int(Kind.MARK)}, {int(Kind.INDEX)}, {int(Kind.ORACLE)})"""


def connect(journal: Journal, answer: Path | None = None) -> DuckDBPyConnection:
    """A database with the views over ``journal``, locked; ``answer`` is the one file it may make.

    Text that others wrote must go through ``only_reads``: what a database may read it may also write.

    Raises:
        InputError: a block is missing or damaged.
    """
    import duckdb

    paths = journal.stream.paths() if journal.stream else []
    database = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "temp_directory": os.path.join(tempfile.gettempdir(), f"shortdesk-{os.getpid()}"),
        }
    )
    database.execute("create schema inside")
    _tell_names(database, journal)
    _tell_run(database, journal)
    if paths:
        database.execute(f"create view inside.rows as select * from read_parquet({quoted_list(paths)})")
    else:
        database.register("given_rows", journal.columns())
        database.execute("create view inside.rows as select * from given_rows")
    database.execute(f"create view journal as {_everything(journal)}")
    database.execute(f"create view inside.decimals as {_in_decimals(journal)}")
    for name, query in (
        ("fills", _FILLS),
        ("transfers", _TRANSFERS),
        ("liquidations", _LIQUIDATIONS),
        ("marks", _MARKS),
    ):
        database.execute(f"create view {name} as {query}")
    database.execute(f"set allowed_paths = {quoted_list([*paths, answer] if answer else paths)}")
    database.execute("set enable_external_access = false")
    database.execute("set lock_configuration = true")
    return database


def only_reads(database: DuckDBPyConnection, query: str) -> str:
    """A query that gives the same rows and is certain to change nothing.

    One statement is taken, and it is put inside another: a WITH clause that writes (it may hold COPY,
    INSERT, UPDATE, DELETE) is only allowed outermost, so the database itself refuses it there.

    Raises:
        UsageError: the text is no query, more than one, or does something else than read.
    """
    import duckdb

    try:
        statements = database.extract_statements(query)
    except duckdb.Error as problem:
        raise UsageError(f"the query cannot be read: {_first_line(problem)}") from None
    if len(statements) != 1:
        raise UsageError(f"expected one query; got {len(statements)} statements")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(f"a Journal can only be read: expected a SELECT; got {statements[0].type.name}")
    return f"select * from (\n{_without_semicolon(database, query)}\n)"


def _without_semicolon(database: DuckDBPyConnection, query: str) -> str:
    """The query up to the semicolon that ends it, which may be followed by a remark."""
    import duckdb

    for at in (at for at, letter in enumerate(query) if letter == ";"):
        with contextlib.suppress(duckdb.Error):  # a semicolon in a text or in a remark
            if not database.extract_statements(query[at + 1 :]) and database.extract_statements(query[:at]):
                return query[:at]
    return query


def execute(database: DuckDBPyConnection, text: str) -> DuckDBPyConnection:
    """The answer to a query that ``only_reads`` has made; Ctrl-C stops it.

    Raises:
        UsageError: the query names what does not exist, or cannot be computed.
    """
    import duckdb

    # DuckDB does not look for signals while it computes, so it computes beside the thread that receives them.
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(database.execute, text)
        try:
            return answer.result()
        except KeyboardInterrupt:
            database.interrupt()
            raise
        except duckdb.Error as problem:
            raise UsageError(f"the query cannot be answered: {_first_line(problem)}") from None


def _first_line(problem: Exception) -> str:
    """What a database error says, without the picture of the query."""
    return str(problem).split("\n\nLINE ")[0].replace("\n", " ").strip()


def _everything(journal: Journal) -> str:
    names = journal.names
    kinds = [""] * 256
    for kind in Kind:
        kinds[kind] = kind.name.lower()
    mechanisms = ["", *(mechanism.name.lower() for mechanism in Mechanism)]
    account, of_account = _account_name("account", names.account)
    other, of_other = _account_name("other", names.account)
    return f"""
        select seq, time_ns, {_TIME} as time,
            kind, {_texts(kinds)}[kind + 1] as kind_name,
            venue, {_name("venue", names.venue)} as venue_name,
            instrument, {_name("instrument", names.instrument)} as instrument_name,
            asset, {_name("asset", names.asset)} as asset_name,
            account, {account} as account_name,
            other, {other} as other_name,
            "order", other_order, price, lots, units,
            code, {_codes(journal)}[kind::integer * 256 + code] as code_name,
            cause, mechanism, {_texts(mechanisms)}[mechanism + 1] as mechanism_name
        from inside.rows as rows {of_account} {of_other}"""


def _in_decimals(journal: Journal) -> str:
    instruments, assets = journal.names.instrument, journal.names.asset
    tick = f"{_decimals(_told(instruments, 'tick'), 12)}[instrument + 1]"
    lot = f"{_decimals(_told(instruments, 'lot'), 12)}[instrument + 1]"
    unit = f"{_decimals(_units(_told(assets, 'digits')), 18)}[asset + 1]"
    return f"""
        select *,
            case when price >= 0 then price::decimal(19, 0) * {tick} end as price_decimal,
            lots::decimal(19, 0) * {lot} as size_decimal,
            units::decimal(19, 0) * {unit} as amount_decimal
        from journal"""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'" if value else "null"


def _texts(values: Iterable[str]) -> str:
    """Texts as a list in SQL; the empty text is none."""
    return "([" + ", ".join(_text(value) for value in values) + "]::varchar[])"


def _decimals(values: Iterable[str], places: int) -> str:
    """Decimals as a list in SQL; what is no decimal, or does not fit 19 digits with so many places, is none."""
    listed = ", ".join(_text(_fitting(value, places)) for value in values)
    return f"([{listed}]::decimal(19, {places})[])"


def _fitting(value: str, places: int) -> str:
    try:
        exact = Decimal(value)
    except InvalidOperation:
        return ""
    fits = exact.is_finite() and abs(exact) < 10 ** (19 - places) and exact == round(exact, places)
    return f"{exact:f}" if fits else ""


def _told(table: NameTable, key: str) -> list[str]:
    """What a table tells of each of its names under a key; empty where it does not."""
    return [known.get(key, "") for known in table.info]


def _units(digits: Sequence[str]) -> list[str]:
    """The smallest unit of an asset from its number of digits."""
    return [f"1e-{number}" if number.isdigit() else "" for number in digits]


def _name(field: str, table: NameTable) -> str:
    """The name of a field's number: none for -1, ``#7`` for a number without a name."""
    return f"case when {field} >= 0 then coalesce({_texts(table.names)}[{field} + 1], '#' || {field}) end"


def _account_name(field: str, table: NameTable) -> tuple[str, str]:
    """The name of an account, and the join it needs when there are very many."""
    if len(table.names) <= _MOST_LISTED:
        return _name(field, table), ""
    name = f"case when {field} >= 0 then coalesce(of_{field}.name, '#' || {field}) end"
    return name, f"left join inside.account_names as of_{field} on of_{field}.id = rows.{field}"


def _codes(journal: Journal) -> str:
    named = {int(kind) * 256 + code: name for kind in Kind for code, name in journal.code_names(kind).items()}
    return "map {" + ", ".join(f"{code}: {_text(name)}" for code, name in named.items()) + "}"


def _tell_names(database: DuckDBPyConnection, journal: Journal) -> None:
    database.execute("create table names (what varchar, id integer, name varchar, info varchar)")
    for what, named in (("kind", Kind), ("mechanism", Mechanism)):
        rows = [(what, int(member), member.name.lower()) for member in named]
        database.executemany("insert into names values (?, ?, ?, null)", rows)
    for what in ("venue", "instrument", "asset", "account"):
        _tell_table(database, what, getattr(journal.names, what))
    database.execute("create table inside.account_names (id integer primary key, name varchar)")
    if len(journal.names.account.names) > _MOST_LISTED:
        database.execute("insert into inside.account_names select id, name from names where what = 'account'")


def _tell_table(database: DuckDBPyConnection, what: str, table: NameTable) -> None:
    if not table.names:
        return
    info = [json.dumps(known) for known in table.info]
    info += ["{}"] * (len(table.names) - len(info))
    given = {
        "id": np.arange(len(table.names), dtype=np.int32),
        "name": np.array(table.names, object),
        "info": np.array(info, object),
    }
    database.register("given", given)
    database.execute(f"insert into names select '{what}', id, name, info from given")
    database.unregister("given")


def _tell_run(database: DuckDBPyConnection, journal: Journal) -> None:
    run = journal.run
    told = (run.format, run.shortdesk, run.state, run.stop, run.scenario, run.scenario_digest, run.seed, run.start_ns)
    database.execute(
        "create table run as select ? as format, ? as shortdesk, ? as state, ? as stop, ? as scenario, "
        "? as scenario_digest, ?::hugeint as seed, ?::bigint as start_ns, ?::bigint as rows, ? as hash",
        [*told, len(journal), journal.hash],
    )
