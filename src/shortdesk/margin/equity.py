"""Equity under the names that venues print. Each name is a definition of its own; none stands for another.

Binance excludes unrealised profit from the wallet and includes it in ``isolatedMargin``; Deribit takes option
value out of the margin balance; Hyperliquid counts from raw USD; Bybit's margin is net of the closing fee.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from shortdesk.ground.fine import Exact, to_decimal, to_fraction
from shortdesk.margin.desk import side_of

__all__ = [
    "ChainAccount",
    "CoinAccount",
    "ReturnOnEquity",
    "chain_account",
    "coin_account",
    "isolated_margin",
    "return_on_equity",
    "transfer_requirement",
]


class CoinAccount(NamedTuple):
    """Deribit's account fields, in coin."""

    equity: Decimal
    """balance + futures session UPL + session RPL + options value."""
    margin_balance: Decimal
    """equity - options value (standard margin)."""
    available_funds: Decimal
    """margin balance - initial margin."""
    session_upl: Decimal


class ChainAccount(NamedTuple):
    """Hyperliquid's account fields, in USDC."""

    account_value: Decimal
    """signed notional + raw USD."""
    withdrawable: Decimal
    """account value - margin used."""


class ReturnOnEquity(NamedTuple):
    """A position row as traders know it."""

    return_on_equity: Decimal
    """Unrealised profit over the margin at entry."""
    position_value: Decimal
    margin_used: Decimal


def isolated_margin(isolated_wallet: Exact, unrealised: Exact) -> Decimal:
    """Binance ``isolatedMargin``: the isolated wallet and the unrealised profit."""
    return to_decimal(to_fraction(isolated_wallet) + to_fraction(unrealised))


def coin_account(
    balance: Exact,
    futures_session_upl: Exact,
    options_session_upl: Exact,
    session_rpl: Exact,
    options_value: Exact,
    initial_margin: Exact,
) -> CoinAccount:
    """Equity, margin balance and available funds of a coin account."""
    futures, options = to_fraction(futures_session_upl), to_fraction(options_session_upl)
    without_options = to_fraction(balance) + futures + to_fraction(session_rpl)
    return CoinAccount(
        to_decimal(without_options + to_fraction(options_value)),
        to_decimal(without_options),
        to_decimal(without_options - to_fraction(initial_margin)),
        to_decimal(futures + options),
    )


def chain_account(total_notional: Exact, raw_usd: Exact, margin_used: Exact, net_side: str = "long") -> ChainAccount:
    """Account value and withdrawable; a net short's notional counts negative."""
    sign = 1 if net_side == "long" else -1
    value = sign * to_fraction(total_notional) + to_fraction(raw_usd)
    return ChainAccount(to_decimal(value), to_decimal(value - to_fraction(margin_used)))


def return_on_equity(side: str, size: Exact, entry: Exact, leverage: Exact, unrealised: Exact) -> ReturnOnEquity:
    """ROE = UPNL / (Q * EP / leverage); value and margin used are at the mark that the profit belongs to."""
    quantity, lev, profit = to_fraction(size), to_fraction(leverage), to_fraction(unrealised)
    at_entry = quantity * to_fraction(entry)
    value = at_entry + profit * side_of(side)
    return ReturnOnEquity(to_decimal(profit / (at_entry / lev)), to_decimal(value), to_decimal(value / lev))


def transfer_requirement(initial_margin: Exact, total_notional: Exact, part: Exact = "0.1") -> Decimal:
    """What must stay when margin is taken out: the larger of initial margin and a part of the notional."""
    return to_decimal(max(to_fraction(initial_margin), to_fraction(total_notional) * to_fraction(part)))
