"""The grid of an instrument: the real one where the sheets have seen it, else an assumed one that says so.

Columns: ``symbol, since, tick, lot, contract_size, smallest, source``. A symbol may have several rows; the
newest one in force is taken. An empty ``tick`` follows from the digits of the price, as on Hyperliquid.
"""

from __future__ import annotations

import functools
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.fine import Exact, plain, to_fraction
from shortdesk.ground.instrument import Form, Instrument
from shortdesk.ground.venue import Grid, Product, VenueRules, at, sheet_folder

if TYPE_CHECKING:
    from shortdesk.ground.symbols import Resolved

__all__ = ["COLUMNS", "GridRow", "find_instrument", "grid_symbols", "read_grids", "tick_of_digits"]

COLUMNS = ("symbol", "since", "tick", "lot", "contract_size", "smallest", "source")
"""The header of such a file."""

FORMS = {
    "linear": Form.LINEAR,
    "inverse": Form.INVERSE,
    "spot_margin": Form.SPOT,
    "lending": Form.SPOT,
    "option": Form.OPTION,
}
"""How each kind of contract turns a price into money."""

_OLD_AFTER_DAYS = 365


class GridRow(NamedTuple):
    """One instrument's grid from a day on; ``tick`` is None where it follows from the digits of the price."""

    since: date
    tick: Decimal | None
    lot: Decimal
    contract_size: Decimal
    smallest: Decimal
    source: str


def find_instrument(rules: VenueRules, product: Product, found: Resolved, day: date, entry_price: Exact) -> Instrument:
    """An instrument with its grid on a day; ``grid_note`` says in words what is assumed or old.

    ``entry_price`` is in quote per base and sets the tick where the grid follows from the digits of the price.

    Raises:
        UsageError: the price is not a positive finite number, or the day is before the sheet begins.
        InputError: the table is broken; names file, line and field.
    """
    price = to_fraction(entry_price, "entry price")
    if price <= 0:
        raise UsageError(f"entry price: {entry_price} is not positive; expected a number such as 64000.5")
    grid = at(product.grid, day, f"{product.name}: grid")
    seen = read_grids(product.instruments).get(found.symbol, ()) if product.instruments else ()
    row = max((row for row in seen if row.since <= day), key=lambda row: row.since, default=None)
    row = row or min(seen, key=lambda row: row.since, default=None)
    near = price.numerator / price.denominator
    lot = row.lot if row else _assumed_lot(near, grid)
    tick = row.tick if row and row.tick else tick_of_digits(near, grid, lot)
    return Instrument(
        venue=rules.venue,
        symbol=found.symbol,
        form=FORMS[product.kind],
        base=found.base,
        quote=found.quote,
        settle=found.settle,
        tick=tick,
        lot=lot,
        contract_size=row.contract_size if row else grid.contract_size,
        smallest=row.smallest if row else lot,
        grid_note=_note(row, grid, tick, lot, day),
        grid_is_assumed=row is None,
        source=row.source if row else grid.source,
    )


def tick_of_digits(price: float, grid: Grid, lot: Decimal) -> Decimal:
    """One step in ``significant_digits`` digits of a price: 10^(e - digits + 1), e = floor(log10 price).

    Whole numbers are always prices, so a tick is at most 1. From below it is bounded by ``most_decimals`` less
    the decimals of the lot, elsewhere by 8 decimals as long as three digits of the price remain.
    """
    exponent = _exponent(price)
    step = min(exponent - grid.significant_digits + 1, 0)
    step = max(step, min(-8, exponent - 2))
    if grid.most_decimals:
        decimals_of_lot = max(0, -int(lot.normalize().as_tuple().exponent))
        step = max(step, -max(0, grid.most_decimals - decimals_of_lot))
    return Decimal(1).scaleb(step)


def _assumed_lot(price: float, grid: Grid) -> Decimal:
    """The sheet's lot for prices from 1 up; below, a power of ten larger for each further zero, but at most 1."""
    larger = Decimal(1).scaleb(max(0, -_exponent(price)))
    return min(grid.lot * larger, max(grid.lot, Decimal(1)))


def _exponent(price: float) -> int:
    """floor(log10(price))."""
    return Decimal(repr(price)).adjusted()


def grid_symbols(file: str) -> list[str]:
    """The symbols of a table, in its order; none where the sheet names no table."""
    return list(read_grids(file)) if file else []


@functools.cache
def read_grids(file: str | Path) -> dict[str, tuple[GridRow, ...]]:
    """All grids of a table by symbol, oldest row first.

    Raises:
        InputError: names file, line and field.
    """
    path = Path(file)
    path = path if path.is_absolute() else sheet_folder() / "instruments" / path
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from None
    if not lines or tuple(lines[0].split(",")) != COLUMNS:
        raise InputError(
            f"header is '{lines[0] if lines else 'an empty file'}'; expected '{','.join(COLUMNS)}'", f"{path.name}:1"
        )
    found: dict[str, list[GridRow]] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        where = f"{path.name}:{number}"
        cells = line.split(",")
        if len(cells) != len(COLUMNS):
            raise InputError(f"{len(cells)} cells; expected {len(COLUMNS)}: {', '.join(COLUMNS)}", where)
        row = _read_row(cells, where)
        earlier = found.setdefault(cells[0], [])
        if earlier and row.since <= earlier[-1].since:
            raise InputError(f"{row.since} stands after {earlier[-1].since}; expected rows by date, field since", where)
        earlier.append(row)
    return {symbol: tuple(rows) for symbol, rows in found.items()}


def _read_row(cells: list[str], where: str) -> GridRow:
    try:
        since = date.fromisoformat(cells[1])
    except ValueError:
        raise InputError(f"'{cells[1]}' is not a date; expected e.g. 2021-07-22, field since", where) from None
    return GridRow(
        since,
        _positive(cells[2], "tick", where) if cells[2] else None,
        _positive(cells[3], "lot", where),
        _positive(cells[4], "contract_size", where),
        _positive(cells[5], "smallest", where),
        cells[6],
    )


def _positive(text: str, field: str, where: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise InputError(f"'{text}' is not a positive number, field {field}", where)
    return value


def _note(row: GridRow | None, grid: Grid, tick: Decimal, lot: Decimal, day: date) -> str:
    if row is None:
        return (
            f"grid assumed: tick {plain(tick)} ({grid.significant_digits} digits of the entry price), "
            f"lot {plain(lot)}; this instrument's grid is not in the sheets"
        )
    if row.since > day or (day - row.since).days > _OLD_AFTER_DAYS:
        return f"grid as seen on {row.since}: tick {plain(tick)}, lot {plain(lot)}"
    return ""
