"""Coins that stand behind a wallet of another asset: what they are worth, when to ask, who takes them for a minus.

An account may have coins of other kinds counted as margin ("multi-assets mode", "unified account"). Its leg in the
coin's spot pair hangs on its wallet like a position: it adds the coins' worth at the pair's mark less the haircut, and
waits on the pair's ladder for the mark at which they have lost too much. So a coin that loses its peg reaches
positions whose own marks did not move, and a mark of the coin costs those whom it may kill.

When nothing is open and the wallet has a minus, the venue pays it and takes coins for it at their mark less its
discount, of each kind in proportion to what it is worth: Binance's auto-exchange.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.kinds import Kind
from shortdesk.margin.collateral import counted_worth, exchanged_worth, uncut_worth, unexchanged_worth
from shortdesk.market.accounts import promised_base
from shortdesk.market.ledger import balance_for, find_balance, transfer
from shortdesk.market.tables import account_at, balance_at, instrument_at, leg_at, venue_at

__all__ = ["COLLATERAL_ONE", "asking_ticks", "coins_for_loss", "coins_worth", "pay_with_coins"]

COLLATERAL_ONE = 1_000_000
"""Haircuts and exchange rates are out of this."""


@rule
def coins_worth(w: Any, at: int) -> int:
    """What the coins of a collateral leg add to its wallet."""
    pair = instrument_at(w, leg_at(w, at).instrument)
    return counted_worth(_worth(w, at, _coins(w, at)), pair.haircut_ppm, COLLATERAL_ONE)


@rule
def _coins(w: Any, at: int) -> int:
    """The units behind the wallet: what the account has and did not offer for sale, up to the venue's limit."""
    leg = leg_at(w, at)
    pair = instrument_at(w, leg.instrument)
    units = int(balance_at(w, find_balance(w, leg.account, pair.base_asset, 0)).units)
    return max(0, min(units - promised_base(w, leg.account, pair.base_asset), int(pair.most_counted)))


@rule
def _worth(w: Any, at: int, units: int) -> int:
    """Units of the coin in units of the wallet at the pair's mark, rounded down; nothing before the first mark."""
    pair = instrument_at(w, leg_at(w, at).instrument)
    return mul_div_down(units, pair.mark_ticks * pair.factor, pair.base_units)


@rule
def _units_worth(w: Any, at: int, worth: int) -> int:
    """The fewest units of the coin that are worth so much at the pair's mark, which is there."""
    pair = instrument_at(w, leg_at(w, at).instrument)
    return mul_div_up(worth, pair.base_units, pair.mark_ticks * pair.factor)


@rule
def coins_for_loss(w: Any, at: int, spare: int) -> int:
    """How many units that it does not offer the account may take away so that its wallet loses ``spare`` at most."""
    leg = leg_at(w, at)
    pair = instrument_at(w, leg.instrument)
    units = int(balance_at(w, find_balance(w, leg.account, pair.base_asset, 0)).units)
    free = units - promised_base(w, leg.account, pair.base_asset)
    kept = coins_worth(w, at) - spare
    if kept <= 0:
        return free
    return free - _units_worth(w, at, uncut_worth(kept, pair.haircut_ppm, COLLATERAL_ONE))


@rule
def asking_ticks(w: Any, at: int, share: int) -> int:
    """The highest mark, below the present one, at which the coins may have lost ``share`` units; 0 for none.

    A tick early rather than late: who is asked and lives waits again.
    """
    pair = instrument_at(w, leg_at(w, at).instrument)
    left = coins_worth(w, at) - share
    if left < 0:
        return 0
    worth = uncut_worth(left + 1, pair.haircut_ppm, COLLATERAL_ONE) + 1
    ticks = mul_div_up(mul_div_up(worth, pair.base_units, _coins(w, at)), 1, pair.factor)
    return min(int(pair.mark_ticks) - 1, ticks)


@rule
def _pays(w: Any, at: int) -> int:
    """What the venue pays for all the coins of a collateral leg."""
    pair = instrument_at(w, leg_at(w, at).instrument)
    return exchanged_worth(_worth(w, at, _coins(w, at)), pair.exchange_ppm, COLLATERAL_ONE)


@rule
def pay_with_coins(w: Any, at: int, number: int) -> bool:
    """Let the venue pay a wallet's minus and take coins for it; False where there are none that are worth anything.

    The insurance fund pays if it has the units, else the deficit account; whoever pays has the coins.
    """
    balance = balance_at(w, at)
    worth = 0
    leg = int(balance.first_leg)
    while leg != 0:
        if leg_at(w, leg).is_collateral:
            worth += _pays(w, leg)
        leg = int(leg_at(w, leg).balance_next)
    minus = min(worth, -int(balance.units))
    if minus <= 0:
        return False
    venue = venue_at(w, account_at(w, balance.account).venue)
    fund = balance_for(w, venue.insurance, balance.asset, 0)
    purse = int(venue.insurance if balance_at(w, fund).units >= minus else venue.deficit)
    leg = int(balance.first_leg)
    while leg != 0 and minus > 0:
        if leg_at(w, leg).is_collateral:
            part = mul_div_up(minus, _pays(w, leg), worth)
            worth -= _pays(w, leg)
            minus -= part
            if part > 0:
                _exchange(w, leg, purse, part, number)
        leg = int(leg_at(w, leg).balance_next)
    return True


@rule
def _exchange(w: Any, at: int, purse: int, paid: int, number: int) -> None:
    """A purse of the venue pays the wallet and takes the coins that are worth it at its rate, all if all are needed."""
    leg = leg_at(w, at)
    pair = instrument_at(w, leg.instrument)
    taken = _coins(w, at)
    if paid < _pays(w, at):
        taken = min(taken, _units_worth(w, at, unexchanged_worth(paid, pair.exchange_ppm, COLLATERAL_ONE)))
    wallet = int(leg.balance)
    transfer(w, Kind.COLLATERAL, wallet, balance_for(w, purse, balance_at(w, wallet).asset, 0), paid, number)
    mine = find_balance(w, leg.account, pair.base_asset, 0)
    coins = balance_for(w, purse, pair.base_asset, 0)
    transfer(w, Kind.COLLATERAL, mine, coins, -taken, leg.instrument, -1, int(pair.mark_ticks))
