"""Verbs that open a market: assets, venues with their way of liquidating, instruments with their tiers, accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

from shortdesk.doors.play.stage import PURSES, Stage
from shortdesk.doors.play.words import Words
from shortdesk.ground.errors import ShortdeskError, UsageError
from shortdesk.ground.instrument import Form
from shortdesk.ground.sheet import MarginRules
from shortdesk.ground.tiers import TierRow, continuous_deductions
from shortdesk.ground.venue import find_venue
from shortdesk.margin.contract import Contract, Scale, build_contract, contract_of, leverage_x100
from shortdesk.margin.liquidation import AdlRank, LiquidationForm
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.entry import BoundFrom
from shortdesk.market.open_market import (
    FEE_ONE,
    LiquidationTerms,
    open_account,
    open_asset,
    open_instrument,
    open_venue,
)
from shortdesk.market.tables import instrument_at, venue_at

__all__ = ["account", "asset", "perp", "spot", "venue"]

_PPM = 1_000_000


def _set(found: dict[str, Any], name: str, read: Callable[[], Any]) -> Callable[[], None]:
    """What an optional word does: read on and keep what was read."""

    def keep() -> None:
        found[name] = read()

    return keep


def asset(stage: Stage, words: Words) -> None:
    """``asset USDT 6``: an asset and its decimals."""
    name = words.new_name("asset", stage.all_names())
    digits = words.whole("how many decimals it has")
    if not 0 <= digits <= 18:
        words.refuse(f"{digits} decimals; expected 0 to 18.")
    words.end()
    number = open_asset(stage.world, digits)
    stage.names.assets[name] = number
    stage.names.digits[number] = digits


def venue(stage: Stage, words: Words) -> None:
    """A venue and how it liquidates; what is not said is as at Binance, without a pause."""
    name = words.new_name("venue", stage.all_names())
    found: dict[str, Any] = {}

    def ppm() -> int:
        return _whole_part(words, words.rate("a part"), _PPM)

    def covers() -> tuple[Cover, ...]:
        names = {cover.name.casefold() for cover in Cover}
        chosen = [words.member("cover", Cover)]
        while words.peek().casefold() in names:
            chosen.append(words.member("cover", Cover))
        return tuple(chosen)

    readers: dict[str, tuple[str, Callable[[], Any]]] = {
        "form": ("form", lambda: words.member("form of liquidation", LiquidationForm)),
        "cover": ("cover", covers),
        "adl_rank": ("adl_rank", lambda: words.member("ranking", AdlRank)),
        "adl_price": ("adl_price", lambda: words.member("price of deleveraging", AdlPrice)),
        "wait": ("wait_ms", lambda: words.nanoseconds("a pause") // 10**6),
        "first_fraction": ("first_fraction_ppm", ppm),
        "backstop": ("backstop_ppm", ppm),
        "spread": ("spread_ppm", lambda: _whole_part(words, words.rate("a part of maintenance"), _PPM, most=100)),
        "adjustment": ("adjustment_ppm", lambda: _whole_part(words, words.rate("a factor"), _PPM, most=100)),
        "unwind": ("unwind_ms", lambda: words.nanoseconds("a pause") // 10**6),
        "unwind_fraction": ("unwind_ppm", ppm),
        "threshold": ("threshold_units", lambda: stage.money(words)[0]),
        "largest_step": ("largest_step_units", lambda: stage.money(words)[0]),
        "step_tiers": ("step_tiers", lambda: words.whole("a count of tiers")),
        "last_taken": ("last_taken", lambda: words.whole("a count of tiers")),
    }
    switches: dict[str, bool] = {}
    options = {word: _set(found, key, read) for word, (key, read) in readers.items()}
    words.options({**options, "switches_open": _set(switches, "switches_open", lambda: True)})
    try:
        number = open_venue(stage.world, LiquidationTerms(**found), **switches)
    except UsageError as error:
        words.refuse(f"{error}.")
    stage.names.venues[name] = number
    for purse in PURSES:
        stage.names.purses[int(venue_at(stage.world.block, number)[purse])] = (purse, number)


def _whole_part(words: Words, rate: Fraction, one: int, most: int = 1) -> int:
    """A rate as whole parts of ``one``."""
    if (rate * one).denominator != 1 or abs(rate) > most:
        words.refuse(f"a rate has to lie between -{most}00% and {most}00% in steps of 1/{one}.")
    return (rate * one).numerator


def perp(stage: Stage, words: Words) -> None:
    """A perpetual; its tiers come from a shipped sheet (``rules``) or stand in the line (``tiers``)."""
    name, at = _begin(stage, words)
    found: dict[str, Any] = {"form": Form.LINEAR}
    rules: dict[str, Any] = {}
    words.options(
        {
            **_shared_options(stage, words, found),
            "settle": _set(found, "settle_asset", lambda: words.known("asset", stage.names.assets)),
            "inverse": _set(found, "form", lambda: Form.INVERSE),
            "rules": _set(rules, "sheet", lambda: [words.take(what) for what in ("a venue's id", "a symbol")]
                          + [words.take("cross or isolated"), words.take("a day such as 2024-01-01")]),
            "tiers": _set(rules, "tiers", lambda: _tiers(words)),
            "liquidation_fee": _set(found, "liquidation_rate", lambda: _fee(words)),
        }
    )  # fmt: skip
    tick, lot = _grid(words, found)
    if "settle_asset" not in found:
        words.refuse("the settlement asset is missing; expected 'settle' and an asset.")
    if len(rules) != 1:
        words.refuse("expected either 'rules' with a sheet or 'tiers' with numbers.")
    scale = Scale(tick, lot, stage.unit(found["settle_asset"]))
    try:
        contract = _from_sheet(rules["sheet"], scale) if "sheet" in rules else _by_hand(found["form"], rules, scale)
        if contract.form != found["form"]:
            words.refuse(f"the sheet's contract is {contract.form.name.casefold()}.")
        number = open_instrument(stage.world, at, contract=contract, **found)
    except (ShortdeskError, ValueError) as error:
        if getattr(error, "where", "") == words.where:
            raise
        words.refuse(f"{error}.")
    _end(stage, name, number, tick, lot)


def spot(stage: Stage, words: Words) -> None:
    """A spot pair of two assets."""
    name, at = _begin(stage, words)
    found: dict[str, Any] = {}
    words.options(
        {
            **_shared_options(stage, words, found),
            "base": _set(found, "base_asset", lambda: words.known("asset", stage.names.assets)),
            "quote": _set(found, "settle_asset", lambda: words.known("asset", stage.names.assets)),
        }
    )
    tick, lot = _grid(words, found)
    if "base_asset" not in found or "settle_asset" not in found:
        words.refuse("an asset is missing; expected 'base ASSET' and 'quote ASSET'.")
    factor = tick * lot / stage.unit(found["settle_asset"])
    base_units = lot / stage.unit(found["base_asset"])
    if factor.denominator != 1 or base_units.denominator != 1:
        words.refuse("tick times lot, and lot, have to be whole units of the two assets.")
    number = open_instrument(
        stage.world, at, form=Form.SPOT, factor=factor.numerator, base_units=base_units.numerator, **found
    )
    _end(stage, name, number, tick, lot)


def _begin(stage: Stage, words: Words) -> tuple[str, int]:
    name = words.new_name("instrument", stage.all_names())
    words.need("on")
    return name, words.known("venue", stage.names.venues)


def _end(stage: Stage, name: str, number: int, tick: Fraction, lot: Fraction) -> None:
    stage.names.instruments[name] = number
    stage.names.ticks[number], stage.names.lots[number] = tick, lot
    stage.names.highest[number] = int(instrument_at(stage.world.block, number).highest_ticks)


def _shared_options(stage: Stage, words: Words, found: dict[str, Any]) -> dict[str, Callable[[], None]]:
    def protection() -> None:
        found["bound_ppm"] = _whole_part(words, words.rate("how far"), _PPM)
        words.need("from")
        found["bound_from"] = words.member("reference", BoundFrom)

    return {
        "tick": _set(found, "tick", lambda: words.number("a price step")),
        "lot": _set(found, "lot", lambda: words.number("a size step")),
        "taker": _set(found, "taker_rate", lambda: _fee(words)),
        "maker": _set(found, "maker_rate", lambda: _fee(words)),
        "band": _set(found, "band_ppm", lambda: _whole_part(words, words.rate("how far"), _PPM)),
        "protection": protection,
    }


def _fee(words: Words) -> int:
    return _whole_part(words, words.rate("a fee rate"), FEE_ONE)


def _grid(words: Words, found: dict[str, Any]) -> tuple[Fraction, Fraction]:
    if found.get("tick", 0) <= 0 or found.get("lot", 0) <= 0:
        words.refuse("expected 'tick' and 'lot', each with a number above 0.")
    return found.pop("tick"), found.pop("lot")


def _from_sheet(sheet: list[str], scale: Scale) -> Contract:
    venue_id, symbol, mode, day = sheet
    rules = find_venue(venue_id)
    product = next((one for one in rules.product if one.kind in ("linear", "inverse")), None)
    if product is None:
        raise UsageError(f"{venue_id} has no perpetuals")
    return build_contract(product, symbol, mode, date.fromisoformat(day), scale=scale)


def _by_hand(form: Form, rules: dict[str, Any], scale: Scale) -> Contract:
    margin = MarginRules(
        since=date(2000, 1, 1), source="written in the play", evidence="A", modes=("isolated", "cross"), price="mark",
        tier_by="value", maintenance_basis="price", initial_basis="price", initial_form="leverage",
        closing_fee="none", trigger="at_or_below", printed_price="exact", break_even="open_fee", continuous=True,
    )  # fmt: skip
    return contract_of(form, rules["tiers"], margin, scale=scale)


def _tiers(words: Words) -> list[TierRow]:
    """``0-10000 5% 10x 10000-1000000 10% 5x``: value from and to, maintenance rate, largest leverage."""
    rows: list[tuple[Fraction, Fraction, Fraction, Fraction]] = []
    while words.peek()[:1].isdigit():
        floor, _, cap = words.take("a range of values such as 0-10000").partition("-")
        span = Words([floor, cap or "to"], words.where, "")
        low, high = span.number("where the tier begins"), span.number("where the tier ends, as in 0-10000")
        if low != (rows[-1][1] if rows else 0) or high <= low:
            words.refuse(f"tier {floor}-{cap}: expected it to begin where the one before ends, and to end above.")
        rate, leverage = words.rate("a maintenance rate"), words.times("a largest leverage")
        if not 0 < rate * leverage <= 1:
            words.refuse(f"tier {floor}-{cap}: maintenance has to lie above 0 and not above 1 / largest leverage.")
        rows.append((low, high, rate, leverage))
    if not rows:
        words.refuse(f"'{words.peek()}' is not a tier; expected such as '0-10000 5% 10x 10000-1000000 10% 5x'.")
    deductions = continuous_deductions([row[0] for row in rows], [row[2] for row in rows])
    return [
        TierRow(low, high, rate, deduction, 1 / leverage, leverage)
        for (low, high, rate, leverage), deduction in zip(rows, deductions, strict=True)
    ]


def account(stage: Stage, words: Words) -> None:
    """An account; leverage and isolation are those of the positions it opens."""
    name = words.new_name("account", stage.all_names())
    words.need("on")
    at = words.known("venue", stage.names.venues)
    found: dict[str, Any] = {}

    def leverage() -> int:
        try:
            return leverage_x100(words.times("a leverage"))
        except UsageError as error:
            words.refuse(f"{error}.")

    words.options(
        {
            "leverage": _set(found, "leverage_x100", leverage),
            "isolated": _set(found, "is_isolated", lambda: True),
            "cross": _set(found, "is_isolated", lambda: False),
            "hedged": _set(found, "is_hedged", lambda: True),
            "cancels_on_disconnect": _set(found, "cancels_on_disconnect", lambda: True),
        }
    )
    stage.names.accounts[name] = open_account(stage.world, at, **found)
