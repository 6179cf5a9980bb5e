"""The short ticket on perpetual futures, linear and inverse."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.instrument import Form
from shortdesk.ground.schedule import find_schedule
from shortdesk.ground.tiers import TierRow
from shortdesk.ground.venue import FundingRules, MarginRules, at
from shortdesk.margin import desk
from shortdesk.margin.contract import Contract, build_contract
from shortdesk.margin.position import Position
from shortdesk.margin.requirement import TierBy
from shortdesk.study.ticket import Carry, ShortRequest, ShortTicket, Sized, odds_of
from shortdesk.study.ticket_explain import explain_perp

__all__ = ["perp_ticket"]

_DEFAULT_LEVERAGE = Decimal(10)


def perp_ticket(order: Sized, request: ShortRequest) -> ShortTicket:
    """A short on a perpetual, priced by the venue's rules of the day.

    Raises:
        UsageError: mode, leverage or size that the venue does not take.
    """
    product, resolved, instrument = order.product, order.resolved, order.instrument
    mode = request.mode or product.margin[0].modes[0]
    margin = product.margin_at(request.day, mode)
    schedule = find_schedule(product, resolved.symbol, request.day)
    contract = build_contract(
        product, resolved.symbol, mode, request.day, taker=request.taker, contract_size=instrument.contract_size
    )
    inverse = contract.form == Form.INVERSE
    size = order.notional if inverse else order.quantity
    position = desk.opened(contract, "short", size, request.entry)
    at_entry = desk.margins(contract, position, request.entry)
    row = contract.rows[at_entry.tier - 1]
    leverage = request.leverage if request.leverage is not None else min(_DEFAULT_LEVERAGE, _whole(row.max_leverage))
    _check_limits(order, contract, row, leverage, at_entry.tier)

    needed = desk.margins(contract, position, request.entry, leverage)
    wallet = request.wallet if request.wallet is not None else _default_wallet(contract, margin, position, leverage)
    if request.wallet is not None and wallet < needed.initial:
        raise UsageError(
            f"wallet {plain(wallet, 8)} is below the initial margin {plain(needed.initial, 8)} {resolved.settle}"
        )
    exact = desk.liquidation_price(contract, position, wallet, leverage=leverage)
    printed = None
    if exact is not None:
        printed = desk.printed_liquidation(exact, "short", instrument.tick, margin.printed_price)
    fees = at(product.fees, request.day, "fees")
    taker = request.taker if request.taker is not None else fees.taker
    value = desk.state(contract, position, request.entry).value
    # OKX prints maintenance without the closing fee that its ratio counts.
    fee_inside = value * taker if margin.closing_fee == "taker_on_value" else Decimal(0)
    carry = _funding(order, request, value)
    at_death = desk.margins(contract, position, exact, leverage) if exact is not None else None
    dying_row = contract.rows[at_death.tier - 1] if at_death else row
    received = -carry.rate_per_day
    close_fee_rate = taker if margin.break_even == "both_fees" else Decimal(0)
    ticket = ShortTicket(
        venue=order.rules.venue,
        name=product.name,
        symbol=resolved.symbol,
        kind=product.kind,
        mode=mode,
        settle=resolved.settle,
        leverage=leverage,
        entry_price=request.entry,
        quantity=order.quantity,
        contracts=order.contracts,
        notional=order.notional,
        wallet=wallet,
        initial_margin=needed.initial,
        maintenance_margin=needed.maintenance - fee_inside,
        tier=needed.tier,
        tier_count=len(contract.rows),
        maintenance_rate=to_decimal(dying_row.maintenance_rate),
        tier_at_liquidation=at_death.tier if at_death else None,
        liquidation_price=printed,
        bankruptcy_price=desk.bankruptcy_price(contract, position, wallet),
        break_even_price=desk.break_even_price("short", request.entry, taker, close_fee_rate, contract.form),
        open_fee=value * taker,
        close_fee=value * taker,
        carry=carry,
        odds=odds_of(request, exact, received, to_decimal(dying_row.maintenance_rate)),
        notes=_notes(order, mode, wallet, exact),
        remarks=tuple(note for note in (schedule.note, margin.note) if note),
        sources=(
            f"margin: {margin.source} [{margin.evidence}] since {margin.since}",
            f"tiers: {schedule.source} [{schedule.evidence}] since {schedule.since}",
            f"fees: {fees.source} [{fees.evidence}]",
        ),
    )
    if not request.explain:
        return ticket
    return replace(ticket, explanation=tuple(explain_perp(ticket, contract, position, margin, exact)))


def _whole(leverage: Fraction) -> Decimal:
    return Decimal(max(1, leverage.numerator // leverage.denominator))


def _check_limits(order: Sized, contract: Contract, row: TierRow, leverage: Decimal, tier: int) -> None:
    """Refuse what the venue refuses: more leverage than the tier allows, or more size than the last tier."""
    quote = "" if order.product.kind == "inverse" else f" {order.resolved.quote}"
    worth = f"{plain(order.notional, 2)}{quote}" if quote else f"{plain(order.notional, 0)} USD"
    last = contract.rows[-1].cap
    if tier == len(contract.rows) and last is not None and _measure(order, contract) > last:
        raise UsageError(f"a position of {worth} is above the venue's largest, {plain(to_decimal(last), 4)}")
    if Fraction(leverage) > row.max_leverage:
        most = plain(to_decimal(row.max_leverage), 2)
        tier_name = f"tier {tier} of {len(contract.rows)}"
        raise UsageError(f"{plain(leverage)}x is above the largest leverage for {worth}: {most}x in {tier_name}")


def _measure(order: Sized, contract: Contract) -> Fraction:
    if contract.terms.tier_by == TierBy.CONTRACTS:
        return Fraction(order.contracts)
    return Fraction(order.quantity) if contract.form == Form.INVERSE else Fraction(order.notional)


def _default_wallet(contract: Contract, margin: MarginRules, position: Position, leverage: Decimal) -> Decimal:
    """The initial margin at entry; where the venue knows no chosen leverage, worth divided by the leverage asked."""
    if margin.initial_form == "leverage":
        return desk.isolated_wallet(contract, position, leverage)
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


def _notes(order: Sized, mode: str, wallet: Decimal, exact: Decimal | None) -> tuple[str, ...]:
    notes = [order.resolved.note, *order.notes]
    if exact is None and order.product.kind == "inverse":
        notes.append("no liquidation price: the coins in the wallet back the whole short")
    if mode == "cross":
        notes.append(f"cross: the wallet of {plain(wallet, 8)} {order.resolved.settle} stands alone here")
    return tuple(note for note in notes if note)
