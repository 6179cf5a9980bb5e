"""The short ticket on borrowed coins: spot margin and on-chain lending.

The coin is borrowed and sold; the proceeds stay in the account with the wallet. Leverage means the worth sold
over the wallet, as on a perpetual, so that columns can be compared; Binance's own "10x" counts the wallet too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.venue import at
from shortdesk.margin import borrow, desk
from shortdesk.margin.loan_terms import LoanTerms, lending_terms, margin_terms
from shortdesk.study.ticket import Carry, ShortRequest, ShortTicket, Sized, odds_of
from shortdesk.study.ticket_explain import explain_loan

__all__ = ["loan_figures", "loan_ticket"]


def loan_ticket(order: Sized, request: ShortRequest) -> ShortTicket:
    """A short on a borrowed coin, priced by the venue's rules of the day.

    Raises:
        UsageError: mode or leverage that the venue does not take.
    """
    mode, terms = _terms(order, request)
    wallet, leverage = _wallet_and_leverage(order, request, terms)
    dead = borrow.loan_liquidation_price(
        maintenance_rate=terms.maintenance_rate,
        asset_rate=terms.asset_rate,
        quote_assets=wallet + order.notional,
        base_debt=order.quantity,
        trigger=terms.trigger,
    )
    ticket = _ticket(order, request, terms, _Held(mode, leverage, wallet, dead))
    if not request.explain:
        return ticket
    lines = explain_loan(ticket, terms.sentence, terms.maintenance_rate, terms.asset_rate)
    return replace(ticket, explanation=tuple(lines))


def loan_figures(order: Sized, request: ShortRequest) -> Callable[[Decimal], tuple[Decimal, Decimal]]:
    """Equity and maintenance requirement of the short as functions of the price, in the quote asset.

    Raises:
        UsageError: as ``loan_ticket``.
    """
    _, terms = _terms(order, request)
    wallet, _ = _wallet_and_leverage(order, request, terms)

    def at_price(price: Decimal) -> tuple[Decimal, Decimal]:
        return borrow.loan_margins(
            price=price,
            maintenance_rate=terms.maintenance_rate,
            asset_rate=terms.asset_rate,
            quote_assets=wallet + order.notional,
            base_debt=order.quantity,
        )

    return at_price


def _terms(order: Sized, request: ShortRequest) -> tuple[str, LoanTerms]:
    mode = request.mode or ("isolated" if _offers_isolated(order) else "cross")
    resolved, product = order.resolved, order.product
    if product.kind == "lending":
        return mode, lending_terms(product, resolved.quote, resolved.symbol, request.day)
    return mode, margin_terms(product, resolved.base, mode, request.day)


class _Held(NamedTuple):
    """What the short stands on: margin mode, worth over wallet, wallet, and the price that calls the loan in."""

    mode: str
    leverage: Decimal
    wallet: Decimal
    liquidation: Decimal | None


def _wallet_and_leverage(order: Sized, request: ShortRequest, terms: LoanTerms) -> tuple[Decimal, Decimal]:
    """The wallet given or that the leverage amounts to; refused where the venue would not lend so much."""
    most = _most_leverage(terms)
    notional = Fraction(order.notional)
    leverage = request.leverage
    if request.wallet is not None:
        wallet = request.wallet
        leverage = leverage or to_decimal(notional / Fraction(wallet), 2)
    else:
        leverage = leverage or Decimal(max(1, min(3, int(most))))
        wallet = to_decimal(notional / Fraction(leverage))
    reached = notional / Fraction(wallet)
    if reached > most:
        asked, largest = plain(to_decimal(reached), 2), plain(to_decimal(most), 2)
        raise UsageError(f"a short of {asked} times the wallet is above the largest here, {largest} ({terms.sentence})")
    return wallet, leverage


def _ticket(order: Sized, request: ShortRequest, terms: LoanTerms, held: _Held) -> ShortTicket:
    notional, assets = Fraction(order.notional), Fraction(held.wallet + order.notional)
    fees = at(order.product.fees, request.day, "fees")
    taker = request.taker if request.taker is not None else fees.taker
    carry = _interest(request, terms, order.notional)
    maintenance = notional * terms.maintenance_rate + assets * terms.asset_rate
    return ShortTicket(
        venue=order.rules.venue,
        name=order.product.name,
        symbol=order.resolved.symbol,
        kind=order.product.kind,
        mode=held.mode,
        settle=order.resolved.quote,
        leverage=held.leverage,
        entry_price=request.entry,
        quantity=order.quantity,
        contracts=order.contracts,
        notional=order.notional,
        wallet=held.wallet,
        initial_margin=to_decimal(notional / _most_leverage(terms)),
        maintenance_margin=to_decimal(maintenance),
        tier=1,
        tier_count=1,
        maintenance_rate=to_decimal(maintenance / notional),
        tier_at_liquidation=1 if held.liquidation is not None else None,
        liquidation_price=held.liquidation,
        bankruptcy_price=to_decimal(assets / Fraction(order.quantity)),
        break_even_price=desk.break_even_price("short", request.entry, taker, taker),
        open_fee=order.notional * taker,
        close_fee=order.notional * taker,
        carry=carry,
        odds=odds_of(request, held.liquidation, -carry.rate_per_day, Decimal(0), carry.kind),
        notes=tuple(note for note in (order.resolved.note, *order.notes, *terms.notes) if note),
        sources=(f"loan: {terms.source}", f"fees: {fees.source} [{fees.evidence}]"),
    )


def _offers_isolated(order: Sized) -> bool:
    return any("isolated" in table.modes for table in order.product.borrow)


def _most_leverage(terms: LoanTerms) -> Fraction:
    """Largest worth sold over the wallet: assets (1 + L) against debts L must leave the initial rate."""
    # wallet >= initial * N + uncounted * (wallet + N), solved for N / wallet.
    uncounted = terms.initial_asset_rate
    return (1 - uncounted) / (terms.initial_rate + uncounted)


def _interest(request: ShortRequest, terms: LoanTerms, notional: Decimal) -> Carry:
    if request.borrow_annual is not None:
        per_day_rate, why = request.borrow_annual / 365, "borrow rate as given"
    else:
        per_day_rate, why = terms.hourly_rate * 24, "the sheet's borrow rate; the real one moves with utilisation"
    per_day = notional * per_day_rate
    return Carry(
        kind="interest",
        rate_per_day=per_day_rate,
        per_day=per_day,
        per_horizon=per_day * request.horizon_days,
        assumption=why,
    )
