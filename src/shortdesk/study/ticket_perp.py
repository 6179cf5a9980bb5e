"""The short ticket on perpetual futures, linear and inverse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.instrument import Form
from shortdesk.ground.schedule import Schedule, find_schedule
from shortdesk.ground.venue import FundingRules, MarginRules, at
from shortdesk.margin import desk
from shortdesk.margin.contract import Contract, build_contract
from shortdesk.margin.position import Position
from shortdesk.margin.requirement import TierBy
from shortdesk.study.ticket import Carry, ShortRequest, ShortTicket, Sized, odds_of
from shortdesk.study.ticket_explain import Liquidation, explain_perp

__all__ = ["perp_figures", "perp_ticket"]

_DEFAULT_LEVERAGE = Decimal(10)


class _Placed(NamedTuple):
    """A fresh short on a venue's rules, with what stands behind it."""

    margin: MarginRules
    schedule: Schedule
    contract: Contract
    position: Position
    mode: str
    leverage: Decimal
    wallet: Decimal
    needed: desk.Margins
    value: Decimal
    taker: Decimal


def perp_ticket(order: Sized, request: ShortRequest) -> ShortTicket:
    """A short on a perpetual, priced by the venue's rules of the day.

    Raises:
        UsageError: mode, leverage or size that the venue does not take.
    """
    placed = _place(order, request)
    contract, position, margin = placed.contract, placed.position, placed.margin
    exact = desk.liquidation_price(contract, position, placed.wallet, leverage=placed.leverage)
    ticket = _ticket(order, request, placed, exact)
    if not request.explain:
        return ticket
    fees = at(order.product.fees, request.day, "fees")
    liquidation = Liquidation(at(order.product.liquidation, request.day, "liquidation rules"), fees.liquidation)
    return replace(ticket, explanation=tuple(explain_perp(ticket, contract, position, margin, liquidation, exact)))


def perp_figures(order: Sized, request: ShortRequest) -> Callable[[Decimal], tuple[Decimal, Decimal]]:
    """Equity and maintenance requirement of the short as functions of the price, in the settlement asset.

    Raises:
        UsageError: as ``perp_ticket``.
    """
    placed = _place(order, request)

    def at_price(price: Decimal) -> tuple[Decimal, Decimal]:
        equity = desk.state(placed.contract, placed.position, price, placed.wallet).equity
        return equity, desk.margins(placed.contract, placed.position, price, placed.leverage).maintenance

    return at_price


def _place(order: Sized, request: ShortRequest) -> _Placed:
    """The order on the rules of the day: contract, position, leverage and wallet, or why the venue refuses."""
    product, resolved, size = order.product, order.resolved, order.instrument.contract_size
    mode = request.mode or product.margin[0].modes[0]
    margin = product.margin_at(request.day, mode)
    contract = build_contract(product, resolved.symbol, mode, request.day, taker=request.taker, contract_size=size)
    amount = order.notional if contract.form == Form.INVERSE else order.quantity
    position = desk.opened(contract, "short", amount, request.entry)
    at_entry = desk.margins(contract, position, request.entry)
    row = contract.rows[at_entry.tier - 1]
    leverage = request.leverage if request.leverage is not None else min(_DEFAULT_LEVERAGE, _whole(row.max_leverage))
    schedule = find_schedule(product, resolved.symbol, request.day)
    _check_limits(order, contract, schedule, leverage, at_entry.tier)
    needed = desk.margins(contract, position, request.entry, leverage)
    wallet = (
        request.wallet if request.wallet is not None else _default_wallet(contract, margin, position, leverage, needed)
    )
    if wallet < needed.initial:
        least = f"{plain(needed.initial, 8)} {resolved.settle}"
        whose = "wallet" if request.wallet is not None else f"at {plain(leverage)}x the wallet of"
        raise UsageError(f"{whose} {plain(wallet, 8)} is below the initial margin {least}")
    value = desk.state(contract, position, request.entry).value
    taker = request.taker if request.taker is not None else at(product.fees, request.day, "fees").taker
    return _Placed(margin, schedule, contract, position, mode, leverage, wallet, needed, value, taker)


def _ticket(order: Sized, request: ShortRequest, placed: _Placed, exact: Decimal | None) -> ShortTicket:
    contract, position, margin, taker = placed.contract, placed.position, placed.margin, placed.taker
    at_death = desk.margins(contract, position, exact, placed.leverage) if exact is not None else placed.needed
    dying_rate = to_decimal(contract.rows[at_death.tier - 1].maintenance_rate)
    printed = None
    if exact is not None:
        printed = desk.printed_liquidation(exact, "short", order.instrument.tick, margin.printed_price)
    carry = _funding(order, request, placed.value)
    # OKX prints maintenance without the closing fee that its ratio counts.
    fee_inside = placed.value * taker if margin.closing_fee == "taker_on_value" else Decimal(0)
    close_fee_rate = taker if margin.break_even == "both_fees" else Decimal(0)
    return ShortTicket(
        venue=order.rules.venue,
        name=order.product.name,
        symbol=order.resolved.symbol,
        kind=order.product.kind,
        mode=placed.mode,
        settle=order.resolved.settle,
        leverage=placed.leverage,
        entry_price=request.entry,
        quantity=order.quantity,
        contracts=order.contracts,
        notional=order.notional,
        wallet=placed.wallet,
        initial_margin=placed.needed.initial,
        maintenance_margin=placed.needed.maintenance - fee_inside,
        tier=placed.needed.tier,
        tier_count=len(contract.rows),
        maintenance_rate=dying_rate,
        tier_at_liquidation=at_death.tier if exact is not None else None,
        liquidation_price=printed,
        bankruptcy_price=desk.bankruptcy_price(contract, position, placed.wallet),
        break_even_price=desk.break_even_price("short", request.entry, taker, close_fee_rate, contract.form),
        open_fee=placed.value * taker,
        close_fee=placed.value * taker,
        carry=carry,
        odds=odds_of(request, exact, -carry.rate_per_day, dying_rate),
        notes=_notes(order, request, placed, exact),
        remarks=tuple(note for note in (placed.schedule.note, margin.note) if note),
        sources=_sources(order, request, placed),
    )


def _sources(order: Sized, request: ShortRequest, placed: _Placed) -> tuple[str, ...]:
    margin, schedule = placed.margin, placed.schedule
    fees = at(order.product.fees, request.day, "fees")
    return (
        f"margin: {margin.source} [{margin.evidence}] since {margin.since}",
        f"tiers: {schedule.source} [{schedule.evidence}] since {schedule.since}",
        f"fees: {fees.source} [{fees.evidence}]",
    )


def _whole(leverage: Fraction) -> Decimal:
    return Decimal(max(1, leverage.numerator // leverage.denominator))


def _check_limits(order: Sized, contract: Contract, schedule: Schedule, leverage: Decimal, tier: int) -> None:
    """Refuse what the venue refuses: more leverage than the tier allows, or more size than the last tier."""
    row = contract.rows[tier - 1]
    quote = "" if order.product.kind == "inverse" else f" {order.resolved.quote}"
    worth = f"{plain(order.notional, 2)}{quote}" if quote else f"{plain(order.notional, 0)} USD"
    last = contract.rows[-1].cap
    if tier == len(contract.rows) and last is not None and _measure(order, contract) > last:
        whose = "the venue's largest" if _is_complete(order, schedule) else "the largest position in the sheets"
        unit = {"quote": order.resolved.quote, "coin": order.resolved.base, "contracts": "contracts"}[schedule.unit]
        raise UsageError(f"a position of {worth} is above {whose}, {plain(to_decimal(last), 4)} {unit}")
    if Fraction(leverage) > row.max_leverage:
        most = plain(to_decimal(row.max_leverage), 2)
        tier_name = f"tier {tier} of {len(contract.rows)}"
        raise UsageError(f"{plain(leverage)}x is above the largest leverage for {worth}: {most}x in {tier_name}")


def _is_complete(order: Sized, schedule: Schedule) -> bool:
    """Whether the sheet has all tiers of the venue; some tables were seen in part only."""
    return all(table.complete for table in order.product.tiers if table.file == schedule.where)


def _measure(order: Sized, contract: Contract) -> Fraction:
    if contract.terms.tier_by == TierBy.CONTRACTS:
        return Fraction(order.contracts)
    return Fraction(order.quantity) if contract.form == Form.INVERSE else Fraction(order.notional)


def _default_wallet(
    contract: Contract, margin: MarginRules, position: Position, leverage: Decimal, needed: desk.Margins
) -> Decimal:
    """The initial margin at entry; where the venue knows no chosen leverage, worth divided by the leverage asked."""
    if margin.initial_form == "leverage":
        # Inverse worth is rounded at the entry and again at the price asked; the wallet covers both.
        return max(desk.isolated_wallet(contract, position, leverage), needed.initial)
    value = desk.state(contract, position, 1).entry_value
    return to_decimal(Fraction(value) / Fraction(leverage))


def _funding(order: Sized, request: ShortRequest, value: Decimal) -> Carry:
    rules = _funding_rules(order, request)
    if request.funding_8h is not None:
        rate, why = request.funding_8h, "funding as given"
    else:
        rate = rules.interest_8h if rules else Decimal(0)
        why = "funding at the interest rate, as if the premium stayed at zero"
        if not rate:
            why = "zero: the rate here has no interest part, and the premium is taken as zero"
    # A short receives a positive rate, so its cost is negative.
    per_day = -value * rate * 3
    return Carry(
        kind="funding",
        rate_per_day=-rate * 3,
        per_day=per_day,
        per_horizon=per_day * request.horizon_days,
        assumption=why,
    )


def _funding_rules(order: Sized, request: ShortRequest) -> FundingRules | None:
    named = [table for table in order.product.funding if order.resolved.base in table.bases]
    tables = named or [table for table in order.product.funding if not table.bases]
    in_force = [table for table in tables if table.since <= request.day]
    return max(in_force, key=lambda table: table.since) if in_force else None


_DOUBTFUL = {"A": "assumed by us", "U": "not verified"}


def _notes(order: Sized, request: ShortRequest, placed: _Placed, exact: Decimal | None) -> tuple[str, ...]:
    notes = [order.resolved.note, *order.notes]
    for name, evidence in (("tiers", placed.schedule.evidence), ("margin rules", placed.margin.evidence)):
        if evidence in _DOUBTFUL:
            notes.append(f"{name} are {_DOUBTFUL[evidence]}: figures here are only as good as that")
    if exact is not None and exact <= request.entry:
        notes.append("liquidatable as soon as it is open: the wallet does not cover the maintenance margin")
    if exact is None and order.product.kind == "inverse":
        notes.append("no liquidation price: the coins in the wallet back the whole short")
    if placed.mode == "cross":
        notes.append(f"cross: the wallet of {plain(placed.wallet, 8)} {order.resolved.settle} stands alone here")
    return tuple(note for note in notes if note)
