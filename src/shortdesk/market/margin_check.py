"""The Risk of what stands behind positions, and the question asked before an order: is it covered?

A balance is the unit of risk: an isolated leg's margin stands behind one leg, a wallet behind all legs that share
it. Its Risk is its units and the Risk of each of those legs at its mark, by the one rule of the margin room.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind, RiskState
from shortdesk.ground.order import OrderFlag, Refusal, Side
from shortdesk.ground.units import Units
from shortdesk.margin.position import entry_value, unrealised, value_at
from shortdesk.margin.requirement import InitialForm, chosen_tier, initial_margin, position_risk, tier_measure
from shortdesk.margin.risk import Risk
from shortdesk.margin.tables import TIER
from shortdesk.market.accounts import price_of, promised_base
from shortdesk.market.book import COUNTS_FOR_NOTHING, hidden_lots
from shortdesk.market.collateral import coins_for_loss, coins_worth
from shortdesk.market.ladder import Ladder, ladder_number
from shortdesk.market.ledger import Role, find_balance, touch, transfer
from shortdesk.market.loans import borrow_shortage
from shortdesk.market.settle import position_of, reducible_lots
from shortdesk.market.tables import (
    Shelf,
    account_at,
    balance_at,
    clock_of,
    front_at,
    instrument_at,
    leg_at,
    order_at,
    shelf_at,
    terms_at,
)

__all__ = [
    "balance_risk",
    "covers_withdrawal",
    "is_too_leveraged",
    "leg_profit",
    "leg_risk",
    "needed_units",
    "order_refusal",
    "price_of",
]


@rule
def leg_risk(w: Any, at: int, wallet: int, ticks: int) -> Risk:
    """Risk of one leg's position at a price, with ``wallet`` units behind it."""
    leg = leg_at(w, at)
    instrument = instrument_at(w, leg.instrument)
    place = shelf_at(w, Shelf.TIERS)
    return position_risk(
        terms_at(w, leg.instrument),
        w[place.start : place.end].view(TIER),
        instrument.first_tier,
        instrument.tier_count,
        instrument.form,
        instrument.factor,
        position_of(leg),
        wallet,
        leg.leverage_x100,
        ticks,
    )


@rule(inline=True)
def leg_profit(w: Any, at: int, ticks: int) -> int:
    """What a leg would realise if it were closed at a price: the equity of its Risk, without the margins."""
    leg = leg_at(w, at)
    instrument = instrument_at(w, leg.instrument)
    return unrealised(instrument.form, instrument.factor, position_of(leg), ticks)


@rule
def balance_risk(w: Any, at: int) -> Risk:
    """Risk of a balance and of the positions it stands behind, each at its mark; open orders are not counted."""
    equity = int(balance_at(w, at).units)
    initial = 0
    maintenance = 0
    leg = balance_at(w, at).first_leg
    while leg != 0:
        if leg_at(w, leg).lots != 0:
            part = leg_risk(w, leg, 0, price_of(w, leg_at(w, leg).instrument))
            equity += part.equity
            initial += part.initial
            maintenance += part.maintenance
        elif leg_at(w, leg).is_collateral:
            equity += coins_worth(w, leg)
        leg = leg_at(w, leg).balance_next
    return Risk(Units(equity), Units(initial), Units(maintenance))


@rule(inline=True)
def promised_initial(w: Any, at: int, more_buying: int, more_selling: int, ticks: int) -> int:
    """Initial margin of a leg with its open orders: of the larger position that either side could lead to."""
    leg = leg_at(w, at)
    long_lots = abs(leg.lots + leg.buying_lots + more_buying)
    short_lots = abs(leg.lots - leg.selling_lots - more_selling)
    is_short = short_lots > long_lots
    lots = max(long_lots, short_lots, abs(leg.lots))
    if lots == 0:
        return 0
    instrument = instrument_at(w, leg.instrument)
    extra = lots - abs(leg.lots)
    entered = entry_value(position_of(leg))
    if extra > 0:
        entered += value_at(instrument.form, instrument.factor, extra, ticks)
    place = shelf_at(w, Shelf.TIERS)
    return initial_margin(
        terms_at(w, leg.instrument),
        w[place.start : place.end].view(TIER),
        instrument.first_tier,
        instrument.tier_count,
        instrument.form,
        -lots if is_short else lots,
        entered,
        value_at(instrument.form, instrument.factor, lots, ticks),
        leg.leverage_x100,
    )


@rule(inline=True)
def free_units(w: Any, at: int, ordered: int, more_buying: int, more_selling: int, exact: bool) -> int:
    """Equity less what is promised: initial margins with open orders, their losses, spot orders.

    ``ordered`` is the leg whose orders are so many lots more than those that stand. Not ``exact``: at least so much is
    free, found without looking at single orders.
    """
    balance = balance_at(w, at)
    free = int(balance.units)
    if balance.leg == 0:
        free -= promised_base(w, balance.account, balance.asset)
    leg = balance.first_leg
    while leg != 0:
        is_ordered = leg == ordered
        free -= _promised_units(w, leg, more_buying if is_ordered else 0, more_selling if is_ordered else 0, exact)
        if leg_at(w, leg).lots != 0:
            free += leg_profit(w, leg, price_of(w, leg_at(w, leg).instrument))
        elif leg_at(w, leg).is_collateral:
            free += coins_worth(w, leg)
        leg = leg_at(w, leg).balance_next
    return free


@rule(inline=True)
def _promised_units(w: Any, at: int, more_buying: int, more_selling: int, exact: bool) -> int:
    """What a leg's open orders and its position promise of its balance; not ``exact``: at most."""
    leg = leg_at(w, at)
    if instrument_at(w, leg.instrument).form == Form.SPOT:
        return int(leg.buying_cost * instrument_at(w, leg.instrument).factor)
    has_orders = leg.buying_lots != 0 or leg.selling_lots != 0
    if leg.lots == 0 and not has_orders and more_buying == 0 and more_selling == 0:
        return 0
    seen = price_of(w, leg.instrument)
    promised = promised_initial(w, at, more_buying, more_selling, seen)
    if not has_orders:
        return promised
    return promised + (_standing_loss(w, at, seen) if exact else _largest_loss(w, at, seen))


@rule(inline=True)
def _largest_loss(w: Any, at: int, seen: int) -> int:
    """A bound of ``_standing_loss``: no bid stands above the best bid, no offer below the best offer."""
    leg = leg_at(w, at)
    instrument = instrument_at(w, leg.instrument)
    bid = front_at(w, ladder_number(leg.instrument, Ladder.BIDS))
    ask = front_at(w, ladder_number(leg.instrument, Ladder.ASKS))
    # Orders round one by one, by half a unit each at most, and none has less than one lot.
    lost = 0
    if leg.buying_lots > 0 and bid.level != 0 and bid.ticks > seen:
        lost += _open_loss(instrument, Side.BUY.value, bid.ticks, leg.buying_lots, seen) + leg.buying_lots + 1
    if leg.selling_lots > 0 and ask.level != 0 and ask.ticks < seen:
        lost += _open_loss(instrument, Side.SELL.value, ask.ticks, leg.selling_lots, seen) + leg.selling_lots + 1
    return int(lost)


@rule
def _standing_loss(w: Any, at: int, seen: int) -> int:
    """What a leg's resting orders would lose against the mark at once if they traded at their limits."""
    if _largest_loss(w, at, seen) == 0:
        return 0
    number = leg_at(w, at).instrument
    lost = 0
    at = leg_at(w, at).first_order
    while at != 0:
        order = order_at(w, at)
        if not order.traits & COUNTS_FOR_NOTHING:
            lots = order.lots + hidden_lots(order)
            lost += _open_loss(instrument_at(w, number), order.side, order.price_ticks, lots, seen)
        at = order.leg_next
    return int(lost)


@rule
def needed_units(w: Any, at: int) -> int:
    """What a leg needs of its balance: its initial margin with open orders, their loss, and its own at the mark."""
    needed = _promised_units(w, at, 0, 0, True)
    if leg_at(w, at).lots != 0:
        needed -= min(0, leg_profit(w, at, price_of(w, leg_at(w, at).instrument)))
    return int(needed)


@rule
def is_too_leveraged(w: Any, at: int, leverage_x100: int) -> bool:
    """Whether a leverage is more than the tier of the leg, as it stands, allows."""
    leg = leg_at(w, at)
    if leg.lots == 0:
        return _exceeds_tier(w, leg.instrument, 0, 0, leverage_x100)
    instrument = instrument_at(w, leg.instrument)
    worth = value_at(instrument.form, instrument.factor, leg.lots, price_of(w, leg.instrument))
    return _exceeds_tier(w, leg.instrument, leg.lots, worth, leverage_x100)


@rule(inline=True)
def _exceeds_tier(w: Any, number: int, lots: int, worth: int, leverage_x100: int) -> bool:
    """Whether the tier of a position of so many lots, worth so much, allows less than this leverage."""
    instrument = instrument_at(w, number)
    terms = terms_at(w, number)
    if instrument.tier_count == 0 or terms.initial_form != InitialForm.LEVERAGE:
        return False
    place = shelf_at(w, Shelf.TIERS)
    tiers = w[place.start : place.end].view(TIER)
    tier = chosen_tier(terms, tiers, instrument.first_tier, instrument.tier_count, lots, worth, worth)
    return bool(leverage_x100 * tiers[tier].initial_rate > 100 * terms.rate_one)


@rule
def covers_withdrawal(w: Any, at: int, units: int) -> bool:
    """Whether units may leave a balance: they are there, and what is left covers everything without paper profit."""
    return bool(units <= spare_units(w, at))


@rule
def spare_units(w: Any, at: int) -> int:
    """What may leave a balance: as far as it is there and neither margins, losses nor standing orders need it.

    What coins of another kind are worth never lets cash go; coins that are collateral may go as far as their wallet is
    covered without them.
    """
    left = int(balance_at(w, at).units)
    spare = min(left, left - _owed_units(w, at))
    if balance_at(w, at).coin_leg != 0:
        spare = min(spare, _spare_coins(w, int(balance_at(w, at).coin_leg)))
    return spare


@rule
def _owed_units(w: Any, at: int) -> int:
    """What the legs and the standing orders of a balance need of it."""
    balance = balance_at(w, at)
    owed = promised_base(w, balance.account, balance.asset) if balance.leg == 0 else 0
    leg = balance.first_leg
    while leg != 0:
        owed += needed_units(w, leg)
        leg = leg_at(w, leg).balance_next
    return int(owed)


@rule
def _spare_coins(w: Any, at: int) -> int:
    """How many of the coins of a leg its wallet does not need, paper profit not counted."""
    wallet = int(leg_at(w, at).balance)
    spare = int(balance_at(w, wallet).units) - _owed_units(w, wallet)
    leg = int(balance_at(w, wallet).first_leg)
    while leg != 0:
        if leg_at(w, leg).is_collateral:
            spare += coins_worth(w, leg)
        leg = int(leg_at(w, leg).balance_next)
    return coins_for_loss(w, at, max(0, spare))


@rule
def order_refusal(w: Any, at: int, side: int, ticks: int, lots: int, flags: int) -> int:
    """Why the margin does not allow an order of a limit; NONE where it does, or where nobody's money is kept."""
    leg = leg_at(w, at)
    instrument = instrument_at(w, leg.instrument)
    if instrument.settle_asset == 0 or flags & OrderFlag.REDUCE_ONLY:
        return Refusal.NONE
    if instrument.form == Form.SPOT:
        if clock_of(w).first_sick_loan != 0:
            return Refusal.NONE  # a forced order: nobody else's enters while a loan waits
        return _spot_refusal(w, at, side, ticks, lots)
    if account_at(w, leg.account).role != Role.TRADER:
        return Refusal.NONE
    if balance_at(w, leg.balance).state >= RiskState.LIQUIDATING:
        return Refusal.ACCOUNT_LIQUIDATING
    standing = leg.buying_lots if side == Side.BUY else leg.selling_lots
    if standing + lots <= reducible_lots(leg.lots, side):
        return Refusal.NONE
    return _opening_refusal(w, at, side, ticks, lots)


@rule(inline=True)
def _opening_refusal(w: Any, at: int, side: int, ticks: int, lots: int) -> int:
    """An order that may open a position, or make one larger."""
    leg = leg_at(w, at)
    instrument = instrument_at(w, leg.instrument)
    buying = lots if side == Side.BUY else 0
    selling = lots - buying
    seen = price_of(w, leg.instrument)
    reached = leg.lots + leg.buying_lots + buying if side == Side.BUY else leg.lots - leg.selling_lots - selling
    if abs(reached) > instrument.highest_lots:
        return Refusal.POSITION_TOO_LARGE
    worth = value_at(instrument.form, instrument.factor, reached, seen)
    if _exceeds_tier(w, leg.instrument, reached, worth, leg.leverage_x100):
        return Refusal.LEVERAGE_TOO_HIGH
    place = shelf_at(w, Shelf.TIERS)
    tiers = w[place.start : place.end].view(TIER)
    largest = tiers[instrument.first_tier + instrument.tier_count - 1].cap
    if tier_measure(terms_at(w, leg.instrument), reached, worth, worth) > largest:
        return Refusal.POSITION_TOO_LARGE
    lost = _open_loss(instrument, side, ticks, lots, seen)
    if free_units(w, leg.balance, at, buying, selling, False) >= lost:
        return Refusal.NONE
    return _tight_refusal(w, at, buying, selling, lost)


@rule
def _tight_refusal(w: Any, at: int, buying: int, selling: int, lost: int) -> int:
    """The same, asked to the unit: single orders are looked at, and an isolated leg may fetch what it lacks."""
    leg = leg_at(w, at)
    short = lost - free_units(w, leg.balance, at, buying, selling, True)
    if short > 0 and not _is_topped_up(w, leg.balance, short, leg.instrument):
        return Refusal.NOT_ENOUGH_MARGIN
    return Refusal.NONE


@rule
def _is_topped_up(w: Any, at: int, units: int, number: int) -> bool:
    """An isolated leg fetches what its order needs from the wallet; asked last: nothing refuses the order after it."""
    balance = balance_at(w, at)
    wallet = find_balance(w, balance.account, balance.asset, 0)
    if balance.leg == 0 or wallet == 0 or not covers_withdrawal(w, wallet, units):
        return False
    transfer(w, Kind.MARGIN, wallet, at, -units, number)
    return True


@rule(inline=True)
def _open_loss(instrument: Any, side: int, ticks: int, lots: int, seen: int) -> int:
    """What an order would lose against the mark at once if it traded at its limit."""
    if (side == Side.BUY and ticks <= seen) or (side == Side.SELL and ticks >= seen):
        return 0
    return _difference(instrument, lots, ticks, seen)


@rule
def _difference(instrument: Any, lots: int, ticks: int, other_ticks: int) -> int:
    """By how much the worth of lots differs at two prices."""
    at_limit = value_at(instrument.form, instrument.factor, lots, ticks)
    at_mark = value_at(instrument.form, instrument.factor, lots, other_ticks)
    return abs(at_limit - at_mark)


@rule
def _spot_refusal(w: Any, at: int, side: int, ticks: int, lots: int) -> int:
    """Spot: who buys has the quote and its fee, who sells the base, with standing orders counted."""
    leg = leg_at(w, at)
    instrument = instrument_at(w, leg.instrument)
    wanted = 0
    base = 0
    if side == Side.BUY:
        wanted = lots * ticks * instrument.factor
        have = spare_units(w, leg.balance)
    else:
        wanted = lots * instrument.base_units
        base = find_balance(w, leg.account, instrument.base_asset, 0)
        have = spare_units(w, base) if base != 0 else 0
    lacking = instrument.settle_asset if side == Side.BUY else instrument.base_asset
    if have >= wanted or borrow_shortage(w, leg.account, lacking, wanted - have):
        if balance_at(w, base).coin_leg != 0:
            touch(w, base)  # coins that are offered no longer stand behind a wallet
        return Refusal.NONE
    return Refusal.NOT_ENOUGH_BALANCE
