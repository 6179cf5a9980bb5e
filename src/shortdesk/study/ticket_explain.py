"""A liquidation price that explains itself: the equation with every number in it, the tier that bound, what the
frequent mistakes would have said, and what moves the price next.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.instrument import Form
from shortdesk.ground.tiers import TierRow
from shortdesk.ground.venue import LiquidationRules, MarginRules
from shortdesk.margin import desk
from shortdesk.margin.contract import Contract, contract_of
from shortdesk.margin.position import Position
from shortdesk.margin.procedure import liquidation_plan

if TYPE_CHECKING:
    from shortdesk.study.ticket import ShortTicket

__all__ = ["Liquidation", "explain_loan", "explain_perp", "frequent_mistakes"]


class Liquidation(NamedTuple):
    """How the venue liquidates, and its fee on the liquidated value."""

    rules: LiquidationRules
    fee: Decimal


def explain_perp(
    ticket: ShortTicket,
    contract: Contract,
    position: Position,
    margin: MarginRules,
    liquidation: Liquidation,
    exact: Decimal | None,
) -> list[str]:
    """Lines for ``--explain``: the balance at death, tier, mistakes, what happens there, what moves it."""
    assert ticket.wallet is not None
    lines = [f"{ticket.name} {ticket.symbol}, {ticket.mode}, {ticket.leverage}x"]
    if exact is None:
        kept = desk.equity_in_the_end(contract, position, ticket.wallet)
        lines.append("There is no liquidation price: however high the price, the wallet pays the loss.")
        if kept is not None:
            lines.append(f"In the end {plain(kept, 8)} {ticket.settle} are left: wallet - contracts / entry.")
        return lines
    lines += list(_balance(ticket, contract, position, margin, exact))
    lines += list(_tier_lines(ticket, contract, margin))
    mistakes = frequent_mistakes(ticket, contract, position, margin)
    if mistakes:
        lines.append("What frequent mistakes would have said:")
        entry = Fraction(ticket.entry_price)
        true_distance = Fraction(exact) - entry
        for name, price in mistakes:
            error = (Fraction(price) - entry) / true_distance - 1
            lines.append(f"  {_price(price):>14}  {_signed(error)} of the distance  {name}")
    lines.append("What happens 0.1 % beyond it:")
    lines += list(_procedure(ticket, contract, position, liquidation, exact))
    lines.append("What moves it next:")
    lines += list(_movers(ticket, contract, position, margin, exact))
    return lines


def _procedure(
    ticket: ShortTicket, contract: Contract, position: Position, liquidation: Liquidation, exact: Decimal
) -> Iterator[str]:
    """The venue's steps with this position a little beyond its liquidation price, every order filled at that price."""
    assert ticket.wallet is not None
    plan = liquidation_plan(
        liquidation.rules,
        contract,
        position,
        ticket.wallet,
        Fraction(exact) * Fraction(1001, 1000),
        leverage=ticket.leverage or 1,
        liquidation_fee=liquidation.fee,
    )
    for number, step in enumerate(plan.steps[:3], 1):
        yield f"  {number}. {step.action}: {plain(step.size, 8)}, fee {plain(step.fee, 8)} {ticket.settle}"
    if len(plan.steps) > 3:
        yield f"  ... and {len(plan.steps) - 3} more such steps"
    last = plan.steps[-1]
    if plan.is_closed:
        yield f"  {plain(last.equity_left, 8)} {ticket.settle} are left of the wallet"
    else:
        yield f"  {plain(last.size_left, 8)} stay open, margin is met again"
    yield f"  a loss beyond the wallet is borne by: {', then '.join(liquidation.rules.cover).replace('_', ' ')}"


def _balance(
    ticket: ShortTicket, contract: Contract, position: Position, margin: MarginRules, exact: Decimal
) -> Iterator[str]:
    """Equity and maintenance at the liquidation price, term by term."""
    assert ticket.wallet is not None
    assert ticket.leverage is not None
    settle = ticket.settle
    there = desk.state(contract, position, exact, ticket.wallet)
    needed = desk.margins(contract, position, exact, ticket.leverage)
    row = contract.rows[needed.tier - 1]
    # Two digits more than elsewhere, so that what is printed can be computed again.
    p = plain(exact, max(0, 9 - exact.adjusted()))
    entry, size = plain(ticket.entry_price), plain(desk.size_of(position))
    yield f"At {p} equity meets maintenance margin:"
    if contract.form == Form.INVERSE:
        yield f"  wallet {plain(ticket.wallet, 8)} + {size} * (1/{p} - 1/{entry}) = {plain(there.equity, 8)} {settle}"
    else:
        yield f"  wallet {plain(ticket.wallet, 4)} + {size} * ({entry} - {p}) = {plain(there.equity, 4)} {settle}"
    worth, base = (there.entry_value, "entry value") if margin.maintenance_basis == "entry" else (there.value, "value")
    rate = plain(to_decimal(row.maintenance_rate * 100), 4)
    parts = [f"{base} {plain(worth, 6)} * {rate} %"]
    if contract.terms.slope:
        grown = desk.rate_at(contract, position, exact, "maintenance")
        parts = [f"{base} {plain(worth, 6)} * {plain(grown * 100, 4)} % (base {rate} % and the size's slope)"]
    if row.deduction:
        parts.append(f"- {plain(to_decimal(row.deduction), 6)}")
    if margin.closing_fee == "taker_on_value":
        parts.append("+ taker fee on the value")
    elif margin.closing_fee == "at_bankruptcy":
        parts.append(f"+ fee to close at bankruptcy {plain(needed.closing_fee, 4)}")
    yield f"  maintenance {' '.join(parts)} = {plain(needed.maintenance, 8)} {settle}"
    if ticket.liquidation_price != exact and ticket.liquidation_price is not None:
        words = {"tick_against": "rounded to the tick", "tick_toward_entry": "moved one tick toward the entry"}
        yield f"  printed as {plain(ticket.liquidation_price, 8)}: {words.get(margin.printed_price, '')}"


def _tier_lines(ticket: ShortTicket, contract: Contract, margin: MarginRules) -> Iterator[str]:
    by = {
        "value": "the value at the price asked",
        "entry_value": "the value at entry",
        "contracts": "the number of contracts",
        "slope": "nothing: the rate grows with the size",
    }[margin.tier_by]
    assert ticket.tier_at_liquidation is not None
    row = contract.rows[ticket.tier_at_liquidation - 1]
    cap = "no upper bound" if row.cap is None else f"up to {plain(to_decimal(row.cap), 4)}"
    floor = plain(to_decimal(row.floor), 4)
    number = f"Tier {ticket.tier_at_liquidation} of {ticket.tier_count}"
    yield f"{number} binds there (above {floor}, {cap}); tiers go by {by}."
    if ticket.tier != ticket.tier_at_liquidation:
        yield f"At entry it was tier {ticket.tier}: the rising price carried the short into the next one."


def frequent_mistakes(
    ticket: ShortTicket, contract: Contract, position: Position, margin: MarginRules
) -> list[tuple[str, Decimal]]:
    """Prices that common shortcuts give, by the same rules on a wrong schedule.

    A shortcut that happens to be right here, to a ten-thousandth of the entry, is left out.
    """
    assert ticket.wallet is not None
    assert ticket.leverage is not None
    assert ticket.tier is not None
    found: list[tuple[str, Decimal]] = []

    def wrong(name: str, row: TierRow) -> None:
        fee = Fraction(contract.terms.fee_rate, contract.terms.rate_one)
        flat = contract_of(contract.form, [row], margin, fee=fee)
        price = desk.liquidation_price(flat, position, ticket.wallet or 0, leverage=ticket.leverage or 1)
        if price is not None and ticket.liquidation_price is not None:
            apart = abs(Fraction(price) - Fraction(ticket.liquidation_price))
            if apart > Fraction(ticket.entry_price) / 10_000:
                found.append((name, price))

    at_entry = contract.rows[ticket.tier - 1]._replace(floor=Fraction(0), cap=None)
    if margin.tier_by == "value":
        wrong("tier taken at the entry value", at_entry)
        value = desk.state(contract, position, ticket.entry_price).value
        collateral = Fraction(value) / Fraction(ticket.leverage)
        row = _row_of(contract, collateral)._replace(floor=Fraction(0), cap=None)
        wrong("tier chosen by the collateral instead of the notional", row)
    if any(row.deduction for row in contract.rows):
        wrong("maintenance amount forgotten", at_entry._replace(deduction=Fraction(0)))
    flat_rate = at_entry._replace(maintenance_rate=Fraction(4, 1000), deduction=Fraction(0))
    wrong("one flat rate of 0.4 % for all sizes", flat_rate)
    if ticket.bankruptcy_price is not None:
        found.append(("bankruptcy price taken for it", ticket.bankruptcy_price))
    return found


def _row_of(contract: Contract, measure: Fraction) -> TierRow:
    for row in contract.rows:
        if row.cap is None or measure <= row.cap:
            return row
    return contract.rows[-1]


def _movers(
    ticket: ShortTicket, contract: Contract, position: Position, margin: MarginRules, exact: Decimal
) -> Iterator[str]:
    """By how much one day of funding, a tenth more wallet and a taker fee move the price."""
    assert ticket.wallet is not None
    leverage = ticket.leverage or 1

    def moved(wallet: Decimal) -> str:
        price = desk.liquidation_price(contract, position, wallet, leverage=leverage)
        if price is None:
            return "away altogether"
        change = price - exact
        return f"by {'+' if change >= 0 else '-'}{_price(abs(change), price)} to {_price(price)}"

    if ticket.carry is not None and ticket.carry.per_day:
        verb = "pays" if ticket.carry.per_day > 0 else "receives"
        amount = plain(abs(ticket.carry.per_day), 6)
        yield f"  a day of funding ({verb} {amount} {ticket.settle}): {moved(ticket.wallet - ticket.carry.per_day)}"
    tenth = ticket.wallet / 10
    yield f"  adding {plain(tenth, 6)} {ticket.settle} (a tenth of the wallet): {moved(ticket.wallet + tenth)}"
    if margin.price != "oracle":
        yield f"  it is the {margin.price} price that counts, not the last trade"


def explain_loan(ticket: ShortTicket, sentence: str, debt_rate: Fraction, asset_rate: Fraction) -> list[str]:
    """Lines for ``--explain`` of a short on a borrowed coin."""
    assert ticket.wallet is not None
    assert ticket.quantity is not None
    assert ticket.notional is not None
    assets = ticket.wallet + ticket.notional
    lines = [f"{ticket.name} {ticket.symbol}, {ticket.mode}, {ticket.leverage}x", f"Rule: {sentence}."]
    if ticket.liquidation_price is None:
        return lines
    dead = Fraction(ticket.liquidation_price)
    debt, settle = dead * Fraction(ticket.quantity), ticket.settle
    coins = plain(ticket.quantity, 8)
    lines.append(f"At {_price(ticket.liquidation_price)} the debt of {coins} coins is worth {_short(debt)} {settle}:")
    parts = f"wallet {plain(ticket.wallet, 4)} + proceeds {plain(ticket.notional, 4)}"
    lines.append(f"  assets: {parts} = {plain(assets, 4)} {settle}")
    if asset_rate:
        counted = Fraction(assets) * (1 - asset_rate)
        lines.append(f"  counted at {_short((1 - asset_rate) * 100)} %: {_short(counted)} = the debt")
    else:
        left = Fraction(assets) - debt
        lines.append(f"  assets - debt = {_short(left)} = {_short(debt_rate * 100)} % of the debt")
    lines.append("What moves it next:")
    if ticket.carry is not None:
        grown = dead * Fraction(ticket.carry.rate_per_day)
        amount = plain(ticket.carry.per_day, 6)
        lines.append(
            f"  a day of interest ({amount} {settle}) adds to the debt and lowers the price by {_short(grown)}"
        )
    lines.append("  the borrow rate rises with utilisation: a squeeze makes the coin dear to borrow at once")
    return lines


def _short(value: Fraction) -> str:
    return plain(to_decimal(value), 4)


def _signed(value: Fraction) -> str:
    return f"{float(value) * 100:+.1f} %"


def _price(value: Decimal, like: Decimal | None = None) -> str:
    """A price to eight significant digits, or to as many decimals as another price has then."""
    places = max(0, 7 - (value if like is None else like).adjusted())
    return plain(value, places)
