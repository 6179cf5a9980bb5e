"""What each field of a journal row means, kind by kind.

The one place that says so: ``docs/reference/journal.md`` is made from ``USES`` and a test holds both
together. ``seq``, ``time_ns``, ``kind``, ``cause`` and ``mechanism`` mean the same in every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from shortdesk.ground.kinds import Kind

__all__ = ["USES", "Use"]


class Use(NamedTuple):
    """One kind's meaning and what it puts into the fields it uses; the others hold "none"."""

    meaning: str
    fields: Mapping[str, str]


_WHERE = {"venue": "the venue", "instrument": "the instrument"}
_ORDER = {**_WHERE, "account": "owner of the order", "order": "the order, by its owner's number"}
_UNITS = "smallest units of asset that account received from other; negative: paid"


def _use(meaning: str, shared: Mapping[str, str], **fields: str) -> Use:
    return Use(meaning, {**shared, **fields})


def _money(meaning: str, account: str, other: str, **fields: str) -> Use:
    shared = {"venue": "the venue", "asset": "what moved", "account": account, "other": other, "units": _UNITS}
    return Use(meaning, {**shared, **fields})


USES: Mapping[Kind, Use] = MappingProxyType(
    {
        Kind.ACCEPTED: _use(
            "the venue took an order",
            _ORDER,
            price="limit in ticks; -1 for a market order",
            lots="size; + buys, - sells",
            units="trigger price in ticks; 0 when it has none",
            code="OrderKind",
        ),
        Kind.REFUSED: _use(
            "the venue did not take a command; nothing else changed",
            _WHERE,
            account="who sent it",
            order="the order it spoke of",
            price="limit in ticks as sent",
            lots="signed size as sent",
            code="Refusal",
        ),
        Kind.RESTED: _use(
            "what is left of an order now stands in the book",
            _ORDER,
            price="limit in ticks",
            lots="signed lots that rest",
        ),
        Kind.FILL: _use(
            "two orders met: one row per match, seen from the taker",
            _WHERE,
            account="the taker; -1 on a public tape",
            other="the maker; -1 on a public tape",
            order="the taker's order",
            other_order="the maker's order",
            price="price in ticks",
            lots="signed: + the taker bought, - the taker sold",
            asset="asset of units",
            units="value of the fill in the quote or settlement asset, never negative",
        ),
        Kind.CANCELLED: _use(
            "an order left the book, or its rest never entered it",
            _ORDER,
            price="limit in ticks",
            lots="signed lots withdrawn",
            code="Withdrawn",
        ),
        Kind.AMENDED: _use(
            "an order changed price or size",
            _ORDER,
            other_order="its new id where the venue gives one; else -1",
            price="new limit in ticks; -1 for a market order",
            lots="signed lots that rest or wait now",
            units="new trigger price in ticks; 0 when it has none",
            code="1 when it kept its place in the queue",
        ),
        Kind.TRIGGERED: _use(
            "a stop or take-profit was set off",
            _ORDER,
            other_order="the order it became where that has its own id; else -1",
            price="its trigger price in ticks",
            lots="signed size",
        ),
        Kind.POSITION: _use(
            "a position after a change",
            _WHERE,
            account="its owner",
            lots="signed lots held now",
            price="average entry to the nearest tick; -1 when flat",
            asset="settlement asset",
            units="its cost as the venue books it",
        ),
        Kind.SETTING: _use(
            "an account changed leverage or modes, or has a pair's coins as margin; or a link changed its delay",
            _WHERE,
            account="whose",
            units="the new value; of coins how many millionths of their worth count",
            code="which setting, from the run's table",
        ),
        Kind.DEPTH: _use(
            "a level of a published or recorded book",
            _WHERE,
            price="the level in ticks",
            lots="lots standing there now, 0 when empty",
            code="0 bid, 1 ask",
        ),
        Kind.SETTLED: _use("a dated instrument expired or was delivered", _WHERE, price="settlement price in ticks"),
        Kind.EXERCISED: _use(
            "an option was exercised",
            _WHERE,
            account="the holder",
            other="the writer; -1 when pooled",
            price="settlement price in ticks",
            lots="lots exercised",
        ),
        Kind.MARK: _use("the mark price moved", _WHERE, price="mark in ticks"),
        Kind.INDEX: _use("the index of an instrument moved", _WHERE, price="index in ticks"),
        Kind.ORACLE: _use("an oracle published a price", _WHERE, price="price in ticks"),
        Kind.MEMBER: _use(
            "a member of an index changed its state or price",
            {},
            venue="the member's venue",
            instrument="the instrument whose index it serves",
            order="the member, by its number",
            price="its price in ticks",
            code="FeedState",
        ),
        Kind.PREMIUM: _use("a funding premium was sampled", _WHERE, units="premium in parts per 10^12 of the index"),
        Kind.FUNDING_RATE: _use(
            "a funding rate was fixed",
            _WHERE,
            units="rate for the interval in parts per 10^12; + means longs pay",
            price="the price in ticks that values positions",
        ),
        Kind.BORROW_RATE: _use(
            "a lending pool's rate changed",
            {},
            venue="the venue",
            asset="what is lent",
            other="the pool's account",
            units="rate per year in parts per 10^12",
        ),
        Kind.RISK_STATE: _use(
            "an account or an isolated position changed its state",
            _WHERE,
            account="whose",
            asset="asset of units",
            lots="signed position; 0 for a whole account",
            price="mark in ticks",
            units="equity",
            code="RiskState",
        ),
        Kind.LIQUIDATION_START: _use(
            "a liquidation began; its cause is the RISK_STATE row with the equity",
            _WHERE,
            account="whose",
            asset="asset of units",
            lots="signed position at that moment",
            price="mark in ticks",
            units="maintenance requirement",
            code="liquidation form, from the run's table",
        ),
        Kind.LIQUIDATION_STEP: _use(
            "one step of a liquidation sent an order or seized a part",
            _WHERE,
            account="whose",
            order="the order sent; -1 when none",
            lots="signed lots to be traded",
            price="limit or bankruptcy price in ticks; -1 for a market order",
            code="number of the step from 1; 255 means 255 or later",
        ),
        Kind.TAKEOVER: _use(
            "the venue took a position over",
            _WHERE,
            account="who lost it",
            other="who holds it now",
            lots="signed lots taken over",
            price="bankruptcy price in ticks",
        ),
        Kind.LIQUIDATION_END: _use(
            "a liquidation ended",
            _WHERE,
            account="whose",
            asset="asset of units",
            lots="signed position left",
            units="equity left",
            code="RiskState afterwards",
        ),
        Kind.ADL: _use(
            "a position was reduced against a bankrupt one, outside the book",
            _WHERE,
            account="who was reduced",
            other="the bankrupt side",
            lots="signed lots traded by account",
            price="price in ticks",
            asset="asset of units",
            units="value, never negative",
        ),
        Kind.RECALL: _use(
            "a lender wants a loan back",
            {},
            venue="the venue",
            asset="what was lent",
            account="the borrower",
            other="the pool's account",
            units="units recalled, never negative",
        ),
        Kind.BUY_IN: _use(
            "the venue buys back what a short seller did not return",
            _WHERE,
            account="the borrower",
            order="the order sent",
            lots="lots to buy",
            price="limit in ticks; -1 for a market order",
        ),
        Kind.TRANSFER: _money(
            "moved for no reason that has its own kind",
            "whose balance",
            "the other balance",
            code="why, from the run's table",
        ),
        Kind.DEPOSIT: _money("came in from outside", "who deposited", "the outside account; -1 when not kept"),
        Kind.WITHDRAWAL: _money("left the venue", "who withdrew", "the outside account; -1 when not kept"),
        Kind.TRADE_LEG: _money(
            "one asset of a spot fill, or an option's premium",
            "one side of the fill",
            "the other side",
            instrument="the instrument",
            order="account's order",
        ),
        Kind.FEE: _money(
            "fee or rebate of a fill",
            "who pays it",
            "the venue's fee income",
            instrument="the instrument",
            order="account's order",
            code="0 taker, 1 maker",
        ),
        Kind.REALISED: _money(
            "profit or loss realised",
            "whose position",
            "the venue's clearing account",
            instrument="the instrument",
            order="account's order; -1 when none",
            price="exit price in ticks",
            lots="signed lots traded by account that closed something",
        ),
        Kind.FUNDING: _money(
            "funding paid or received",
            "whose position",
            "the venue's clearing account",
            instrument="the instrument",
            price="valuing price in ticks",
            lots="signed position",
        ),
        Kind.INTEREST: _money("interest on a loan", "the borrower", "the pool's account"),
        Kind.BORROW: _money(
            "a loan was drawn",
            "the borrower",
            "the pool's account",
            instrument="the pair it serves; -1 for a cross account",
        ),
        Kind.REPAY: _money(
            "a loan was returned",
            "the borrower",
            "the pool's account",
            instrument="the pair it served; -1 for a cross account",
        ),
        Kind.LIQUIDATION_FEE: _money(
            "fee of a liquidation", "who was liquidated", "who earns it", instrument="the instrument"
        ),
        Kind.INSURANCE_IN: _money(
            "what a liquidation left went to the fund", "who was liquidated", "the fund", instrument="the instrument"
        ),
        Kind.INSURANCE_OUT: _money(
            "the fund paid for a loss", "who was liquidated", "the fund", instrument="the instrument"
        ),
        Kind.LOSS_SHARE: _money(
            "others bore a part of a loss", "who bears it", "whose loss it is", instrument="the instrument"
        ),
        Kind.DEFICIT: _money(
            "a loss was booked that nobody present could bear",
            "whose loss it is",
            "the venue's deficit account",
            instrument="the instrument",
        ),
        Kind.SEIZED: _money("collateral went to a liquidator", "who was liquidated", "the liquidator"),
        Kind.COLLATERAL: _money(
            "the venue paid a minus, and took coins for it at their mark less its discount",
            "who had the minus",
            "the insurance fund, or the deficit account where the fund has too little",
            instrument="of the payment: where the minus was made; of the coins: their pair; -1 for none",
            price="of the coins: their mark",
        ),
        Kind.POOL_LEG: _money(
            "one asset into or out of a pool",
            "trader or liquidity provider",
            "the pool's account",
            instrument="the pool",
            order="the liquidity position; -1 for a swap",
        ),
        Kind.BLOCK_FEE: _money(
            "base or priority fee of a transaction",
            "who sent it",
            "the chain's account that burns or the builder's",
            code="0 base fee, burnt; 1 priority fee, the builder's",
        ),
        Kind.INCOME: _money(
            "income that is no trade: staking, airdrop, lending",
            "who received it",
            "who gave it; -1 when not known",
            code="which, from the run's table",
        ),
        Kind.OPENING: _money(
            "a balance or lot held before the Journal begins",
            "whose",
            "-1",
            instrument="the instrument of an open position; -1 for a balance",
            lots="signed position",
            price="entry in ticks; -1 for a balance",
        ),
        Kind.MARGIN: _money(
            "between wallet and the margin of an isolated position",
            "whose wallet",
            "the same account, or the position's own balance",
            instrument="the instrument",
        ),
        Kind.POOL_SWAP: _use(
            "a trade against a pool",
            _WHERE,
            account="the trader",
            other="the pool's account",
            price="pool price after it, in ticks",
            lots="signed lots of the base asset, + bought",
            asset="the quote asset",
            units="of the quote asset, + received, - paid",
        ),
        Kind.POOL_MINT: _use(
            "liquidity was added",
            _WHERE,
            account="the provider",
            other="the pool's account",
            order="the liquidity position",
            price="lower tick of the range",
            units="upper tick of the range",
            lots="liquidity added, 2^63 - 1 at most",
            code="1 with a range, 0 over all prices",
        ),
        Kind.POOL_BURN: _use(
            "liquidity was taken away",
            _WHERE,
            account="the provider",
            other="the pool's account",
            order="the liquidity position",
            price="lower tick of the range",
            units="upper tick of the range",
            lots="liquidity taken away, 2^63 - 1 at most",
            code="1 with a range, 0 over all prices",
        ),
        Kind.POOL_COLLECT: _use(
            "a provider collected fees; the amounts are the POOL_LEG rows it caused",
            _WHERE,
            account="the provider",
            other="the pool's account",
            order="the liquidity position",
        ),
        Kind.BLOCK: _use(
            "a block was made; what its transactions did are the rows it caused",
            {},
            venue="the venue",
            order="number of the block",
            lots="transactions in it",
            asset="asset of units",
            units="base fee per unit of gas",
        ),
        Kind.POOL_REVERT: _use(
            "a transaction failed in its block; its gas was paid if its BLOCK_FEE rows say so",
            _WHERE,
            account="who sent it",
            other="the pool's account",
            code="Revert",
        ),
        Kind.HALTED: _use(
            "matching stopped",
            {},
            venue="the venue",
            instrument="the instrument; -1 for all of the venue",
            code="why, from the run's table",
        ),
        Kind.RESUMED: _use(
            "matching goes on", {}, venue="the venue", instrument="the instrument; -1 for all of the venue"
        ),
        Kind.FEED_STATE: _use(
            "a price feed changed its state",
            {},
            venue="the venue that is fed",
            instrument="the instrument; -1 for all of the venue",
            units="delay in nanoseconds",
            code="FeedState",
        ),
        Kind.CONNECTION: _use(
            "an account's link to a venue changed",
            {},
            venue="the venue",
            account="whose; -1 for everybody",
            code="0 down, 1 up",
        ),
        Kind.RULES: _use(
            "a new schedule of a venue's sheet took effect", _WHERE, units="effective from, in nanoseconds"
        ),
        Kind.SHOCK: _use(
            "the scenario acted",
            _WHERE,
            account="on whom; -1 for the market",
            instrument="on which; -1 where its target is none",
            order="the number of its target: an instrument, a venue, a member of an index, a pool",
            price="new price in ticks; -1 when none",
            units="its size, in millionths",
            code="which, from the run's table",
        ),
        Kind.AGENT_WAKE: _use("an agent was woken", {}, account="the agent's account", units="number of this wake"),
        Kind.SNAPSHOT: _use("a checkpoint was taken", {}, units="hash of the World, as a signed word"),
        Kind.PRESENCE: _use(
            "a market maker left its book or came back", _WHERE, account="the maker", units="1 back, 0 gone"
        ),
        Kind.STOPPED: _use("the run ended", {}, account="the agent that ended it; -1 when none", code="Stop"),
    }
)
"""What each kind of row writes into the fields of a row."""
