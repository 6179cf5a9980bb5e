"""Verbs of lending: opening what is lent, borrowing and giving back, recalls, interest, seizing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

from shortdesk.doors.play.acts import ask_money
from shortdesk.doors.play.stage import Miss, Stage
from shortdesk.doors.play.words import Words
from shortdesk.ground.errors import ShortdeskError
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.venue import find_venue
from shortdesk.margin.borrow import HourForm
from shortdesk.margin.risk import Trigger
from shortdesk.market.command import CommandKind
from shortdesk.market.loans import find_loan, find_pool, owed
from shortdesk.market.open_lending import LendingTerms, open_lending, reserve_lending, set_auto_borrow
from shortdesk.market.tables import account_at

__all__ = ["accrue", "auto_borrow", "borrow", "buy_in", "lending", "owes", "recall", "repay", "seize"]

_RATES = ("lowest", "slope_1", "slope_2", "optimal", "initial_rate", "initial_asset_rate", "debt_rate", "asset_rate",
          "full_below")  # fmt: skip
_PARTS = {"bonus": "bonus_bps", "protocol_fee": "protocol_fee_bps", "close_factor": "close_bps"}
_AMOUNTS = {"reserve": "reserve_units", "limit": "limit_units", "small": "small_units"}


def lending(stage: Stage, words: Words) -> None:
    """``lending POOL on VENUE lends ETH pair ETH-USDC``; the name is that of the account whose units are lent."""
    name = words.new_name("lender", stage.all_names())
    words.need("on")
    venue = words.known("venue", stage.names.venues)
    words.need("lends")
    asset = words.known("asset", stage.names.assets)
    words.need("pair")
    pair = stage.instrument(words)
    terms: dict[str, Any] = {}
    asked: dict[str, int] = {}

    def keep(into: dict[str, Any], key: str, read: Callable[[], Any]) -> Callable[[], None]:
        return lambda: into.update({key: read()})

    def rules() -> None:
        venue_id, behind, lent, day = (words.take(what) for what in ("a venue", "collateral", "an asset", "a day"))
        try:
            product = next(one for one in find_venue(venue_id).product if one.reserves)
            terms.update(reserve_lending(product, behind, lent, date.fromisoformat(day))._asdict())
        except StopIteration:
            words.refuse(f"{venue_id} has no reserves.")
        except (ShortdeskError, ValueError) as error:
            words.refuse(f"{error}.")

    words.options(
        {
            "rules": rules,
            **{key: keep(terms, key, lambda: words.rate("a rate")) for key in _RATES},
            **{word: keep(terms, key, lambda word=word: _bps(words, word)) for word, key in _PARTS.items()},  # type: ignore[misc]
            **{word: keep(asked, key, lambda: stage.money(words)[0]) for word, key in _AMOUNTS.items()},
            "trigger": keep(terms, "trigger", lambda: words.member("trigger", Trigger)),
            "hours": keep(terms, "hours", lambda: words.member("way to count hours", HourForm)),
            "compounds": keep(terms, "compounds", lambda: True),
            "borrowed_apart": keep(terms, "counts_borrowed", lambda: False),
        }
    )
    try:
        opened = open_lending(stage.world, venue, asset, pair=pair, terms=LendingTerms(**terms), **asked)
    except ShortdeskError as error:
        words.refuse(f"{error}.")
    stage.names.accounts[name] = opened.lender


def _bps(words: Words, word: str) -> int:
    """A rate in whole parts of 10,000; a bonus comes on top of the debt."""
    parts = words.rate("a rate") * 10_000
    if parts.denominator != 1 or not 0 <= parts <= 10_000:
        words.refuse("a rate here has to lie between 0% and 100% in steps of 0.01%.")
    return parts.numerator + (10_000 if word == "bonus" else 0)


def auto_borrow(stage: Stage, words: Words) -> None:
    """``auto_borrow alice``: she borrows what a spot order lacks and repays from what a fill brings."""
    account = stage.who(words)
    words.end()
    try:
        set_auto_borrow(stage.world, account)
    except ShortdeskError as error:
        words.refuse(f"{error}.")


def borrow(stage: Stage, words: Words) -> None:
    """``borrow alice 2 ETH``."""
    ask_money(stage, words, CommandKind.BORROW)


def repay(stage: Stage, words: Words) -> None:
    """``repay alice 2 ETH``; not more than is owed."""
    ask_money(stage, words, CommandKind.REPAY)


def recall(stage: Stage, words: Words) -> None:
    """``recall alice 2 ETH within 1h``: the lender wants it back."""
    account = stage.who(words)
    units, asset = stage.money(words)
    words.need("within")
    until = stage.now_ns + words.nanoseconds("a time")
    stage.send(words, CommandKind.RECALL, account=account, instrument=asset, lots=units, trigger_ticks=until)


def buy_in(stage: Stage, words: Words) -> None:
    """``buy_in alice ETH``: the time of the recall is up."""
    account = stage.who(words)
    stage.send(words, CommandKind.BUY_IN, account=account, instrument=words.known("asset", stage.names.assets))


def seize(stage: Stage, words: Words) -> None:
    """``seize keeper from alice 2 ETH``: the keeper repays what Alice owes and takes collateral with a bonus."""
    account = stage.who(words)
    words.need("from")
    other = stage.who(words)
    units, asset = stage.money(words)
    stage.send(words, CommandKind.SEIZE, account=account, client_id=other, instrument=asset, lots=units)


def accrue(stage: Stage, words: Words) -> None:
    """``accrue VENUE``: the hour of the venue, with interest on its loans."""
    stage.send(words, CommandKind.ACCRUE, instrument=words.known("venue", stage.names.venues))


def owes(stage: Stage, words: Words) -> None:
    """``owes alice 2 ETH``: what she owes the pool of an asset, interest included."""
    account = stage.who(words)
    units, asset = stage.money(words)
    words.end()
    w = stage.world.block
    pool = find_pool(w, int(account_at(w, account).venue), asset)
    found = owed(w, find_loan(w, account, pool)) if pool else 0
    if found != units:
        told = plain(to_decimal(Fraction(found) * stage.unit(asset)))
        stage.misses.append(Miss(words.where, words.text, (f"it is {told}",)))
