"""Names of perpetual-futures examples, translated into calls of the margin room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from shortdesk.ground.fine import to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.ground.tiers import (
    TierRow,
    continuous_deductions,
    leverage_of_maintenance,
    maintenance_of_leverage,
    next_deduction,
    step_tiers,
)
from shortdesk.ground.venue import MarginRules, StepRules, load_venue
from shortdesk.margin import account, desk, published
from shortdesk.margin.contract import Contract, contract_of

__all__ = ["RULES"]

Inputs = Mapping[str, Any]
Outputs = Mapping[str, Any]
Adapter = Callable[[Inputs], Outputs]

_TODAY = date(2026, 11, 1)
_BEFORE_2026_05 = date(2026, 4, 1)
"""The rule key BB-INV-LIQ belongs to the inverse form in force before May 2026."""


def _margin(venue: str, kind: str, mode: str = "isolated", day: date = _TODAY) -> MarginRules:
    return load_venue(venue).of_kind(kind).margin_at(day, mode)


def _row(mmr: Any, deduction: Any = 0) -> TierRow:
    return TierRow(Fraction(0), None, to_fraction(mmr), to_fraction(deduction), Fraction(1), Fraction(1))


def _rows(tiers: Sequence[Sequence[Any]]) -> list[TierRow]:
    """Rows written as floor, cap, rate, deduction."""
    return [
        TierRow(to_fraction(floor), None if cap is None else to_fraction(cap), *_rates(rate, deduction))
        for floor, cap, rate, deduction in tiers
    ]


def _rates(rate: Any, deduction: Any) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    return to_fraction(rate), to_fraction(deduction), Fraction(1), Fraction(1)


def _leverage_rows(tiers: Sequence[Sequence[Any]]) -> list[TierRow]:
    """Rows written as floor, cap, largest leverage; maintenance is half the initial rate."""
    floors = [to_fraction(tier[0]) for tier in tiers]
    rates = [maintenance_of_leverage(tier[2]) for tier in tiers]
    deductions = continuous_deductions(floors, rates)
    return [
        TierRow(floor, None if tier[1] is None else to_fraction(tier[1]), rate, cut, Fraction(1), to_fraction(tier[2]))
        for tier, floor, rate, cut in zip(tiers, floors, rates, deductions, strict=True)
    ]


def _binance(i: Inputs, form: Form = Form.LINEAR) -> Contract:
    margin = _margin("binance_usdm", "linear") if form == Form.LINEAR else _margin("binance_coinm", "inverse")
    rows = _rows(i["tiers"]) if "tiers" in i else [_row(i["mmr"], i.get("mm_amount", 0))]
    return contract_of(form, rows, margin)


def _face_size(i: Inputs) -> Any:
    """Contracts of an inverse instrument as their face value."""
    return desk.face_value(i["contracts"], i.get("contract_size", 1))


def _linear_liquidation(i: Inputs) -> Outputs:
    if "target" in i:
        return _linear_cross(i)
    contract = _binance(i)
    position = desk.opened(contract, i["side"], i["size"], i["entry_price"])
    return {"liquidation_price": desk.liquidation_price(contract, position, i["wallet"])}


def _linear_cross(i: Inputs) -> Outputs:
    others = account.Account([], [_leg(other) for other in i["others"]])
    figures = account.account_figures(others)
    target = i["target"]
    contract = _binance(target)
    position = desk.opened(contract, target["side"], target["size"], target["entry_price"])
    price = desk.liquidation_price(
        contract,
        position,
        i["wallet"],
        other_maintenance=figures.maintenance_margin,
        other_unrealised=figures.unrealised,
    )
    return {
        "liquidation_price": price,
        "other_maintenance_margin": figures.maintenance_margin,
        "other_unrealised_pnl": figures.unrealised,
    }


def _leg(i: Inputs, contract: Contract | None = None, leverage: Any = 1) -> account.Leg:
    contract = contract or _binance(i)
    position = desk.opened(contract, i["side"], i["size"], i["entry_price"])
    return account.Leg(i["symbol"], i["symbol"], "", contract, position, i["mark_price"], leverage)


def _hedge(i: Inputs) -> Outputs:
    long, short = i["long"], i["short"]
    legs = [
        _leg({**leg, "side": side, "symbol": side, "mark_price": leg["entry_price"]})
        for side, leg in (("long", long), ("short", short))
    ]
    price = account.hedge_liquidation_price(
        legs, i["wallet"], other_maintenance=i["other_maintenance_margin"], other_unrealised=i["other_unrealised_pnl"]
    )
    return {"liquidation_price": price}


def _tiered(i: Inputs, form: Form = Form.LINEAR) -> Outputs:
    contract = _binance(i, form)
    size = i["size"] if form == Form.LINEAR else _face_size(i)
    position = desk.opened(contract, i["side"], size, i["entry_price"])
    price = desk.liquidation_price(
        contract,
        position,
        i["wallet"],
        other_maintenance=i.get("other_maintenance_margin", 0),
        other_unrealised=i.get("other_unrealised_pnl", 0),
    )
    assert price is not None
    at_death = desk.margins(contract, position, price)
    row = contract.row(at_death.tier)
    return {
        "liquidation_price": price,
        "tier_floor": row.floor,
        "mmr": row.maintenance_rate,
        "mm_amount": row.deduction,
        "maintenance_margin_at_liquidation": at_death.maintenance,
    }


def _tier_lookup(i: Inputs) -> Outputs:
    contract = _binance(i)
    found = desk.margins(contract, desk.opened(contract, "long", i["notional"], 1), 1)
    row = contract.row(found.tier)
    return {"mmr": row.maintenance_rate, "mm_amount": row.deduction, "maintenance_margin": found.maintenance}


def _tier_amounts(i: Inputs) -> Outputs:
    if "previous_rate" in i:
        return {"amount": next_deduction(i["previous_amount"], i["floor"], i["rate"], i["previous_rate"])}
    floors, rates = ([to_fraction(x) for x in i[name]] for name in ("floors", "rates"))
    return {"amounts": continuous_deductions(floors, rates)}


def _binance_margin(i: Inputs) -> Outputs:
    contract = _binance(i)
    position = desk.opened(contract, i["side"], i["size"], i["mark_price"])
    needed = desk.margins(contract, position, i["mark_price"], i["leverage"])
    return {"initial_margin": needed.initial, "maintenance_margin": needed.maintenance}


def _position_account(i: Inputs) -> Outputs:
    contract = contract_of(Form.LINEAR, [_row("0.01")], _margin("binance_usdm", "linear"))
    position = desk.opened(contract, i["side"], i["size"], i["entry_price"])
    return {"unrealised_pnl": desk.state(contract, position, i["mark_price"], i["wallet"]).unrealised}


def _inverse_account(i: Inputs) -> Outputs:
    contract = contract_of(Form.INVERSE, [_row("0.01")], _margin("binance_coinm", "inverse"))
    position = desk.opened(contract, i["side"], _face_size(i), i["entry_price"])
    state = desk.state(contract, position, i["mark_price"], i.get("wallet", 0))
    return {
        "unrealised_pnl": state.unrealised,
        "notional": state.value,
        "isolated_margin": state.equity,
        "position_value": state.entry_value,
    }


def _no_liquidation(i: Inputs) -> Outputs:
    contract = _binance(i, Form.INVERSE)
    position = desk.opened(contract, i["side"], _face_size(i), i["entry_price"])
    price = desk.liquidation_price(contract, position, i["wallet"])
    rest = desk.equity_in_the_end(contract, position, i["wallet"])
    return {"has_liquidation_price": price is not None, "asymptotic_equity": rest}


def _bankruptcy(i: Inputs, form: Form = Form.LINEAR) -> Outputs:
    margin = _margin("binance_usdm", "linear") if form == Form.LINEAR else _margin("binance_coinm", "inverse")
    contract = contract_of(form, [_row("0.01")], margin)
    position = desk.opened(contract, i["side"], i["size"] if form == Form.LINEAR else _face_size(i), i["entry_price"])
    return {"bankruptcy_price": desk.bankruptcy_price(contract, position, i["wallet"])}


def _bybit(i: Inputs, kind: str = "linear", mode: str = "isolated", day: date = _TODAY) -> Contract:
    rows = _rows(i["tiers"]) if "tiers" in i else [_row(i["mmr"], i.get("mm_deduction", 0))]
    form = Form.LINEAR if kind == "linear" else Form.INVERSE
    return contract_of(form, rows, _margin("bybit", kind, mode, day), fee=i.get("taker_fee_rate", 0))


def _bybit_requirement(i: Inputs) -> Outputs:
    contract = _bybit(i)
    position = desk.opened(contract, i["side"], i["size"], i["entry_price"])
    needed = desk.margins(contract, position, i["entry_price"], i["leverage"])
    return {"initial_margin": needed.initial, "maintenance_margin": needed.maintenance}


def _bybit_liquidation(i: Inputs) -> Outputs:
    contract = _bybit(i)
    position = desk.opened(contract, i["side"], i["size"], i["entry_price"])
    wallet = desk.isolated_wallet(contract, position, i["leverage"], i.get("extra_margin", 0))
    exact = desk.liquidation_price(contract, position, wallet, leverage=i["leverage"])
    bust = desk.bankruptcy_price(contract, position, wallet)
    needed = desk.margins(contract, position, i["entry_price"], i["leverage"])
    row = contract.row(needed.tier)
    tick = i.get("tick", 0)
    return {
        "liquidation_price": exact and desk.printed_liquidation(exact, i["side"], tick, "tick_against"),
        "bankruptcy_price": bust and desk.printed_liquidation(bust, i["side"], tick, "tick_against"),
        "liquidation_price_exact": exact,
        "bankruptcy_price_exact": bust,
        "maintenance_margin": needed.maintenance,
        "mmr": row.maintenance_rate,
        "mm_deduction": row.deduction,
        "max_leverage": leverage_of_maintenance(row.maintenance_rate),
    }


def _bybit_inverse(i: Inputs) -> Outputs:
    if "position_margin" in i:
        given = (i["side"], i["size_usd"], i["entry_price"], i["position_margin"])
        prices = published.inverse_isolated_by_margin(*given, i["taker_fee_rate"], i["mmr"], i["tick"])
        return _inverse_prices(prices)
    contract = _bybit(i, "inverse", day=_BEFORE_2026_05)
    position = desk.opened(contract, i["side"], i["size_usd"], i["entry_price"])
    wallet = desk.isolated_wallet(contract, position, i["leverage"])
    return {"liquidation_price": desk.liquidation_price(contract, position, wallet, leverage=i["leverage"])}


def _bybit_inverse_cross(i: Inputs) -> Outputs:
    given = (i["side"], i["size_usd"], i["entry_price"], i["available_balance"])
    return _inverse_prices(published.inverse_cross_2020(*given, i["mmr"], i["taker_fee_rate"], i["tick"]))


def _inverse_prices(prices: published.InversePrices) -> Outputs:
    return {
        "position_value": prices.position_value,
        "bankruptcy_price": prices.bankruptcy,
        "liquidation_price": prices.liquidation,
    }


def _bybit_inverse_2026(i: Inputs) -> Outputs:
    price = published.inverse_isolated_2026(
        i["side"],
        i["size_usd"],
        i["entry_price"],
        i["leverage"],
        i["extra_margin"],
        i["mmr"],
        i["taker_fee_rate"],
        i["mm_deduction"],
    )
    return {"liquidation_price": price}


def _bybit_inverse_bust(i: Inputs) -> Outputs:
    exact = published.bankruptcy_by_leverage(i["side"], i["entry_price"], i["leverage"])
    rounded = desk.printed_liquidation(exact, i["side"], i["tick"], "tick_against")
    return {"bankruptcy_price_exact": exact, "bankruptcy_price": rounded}


def _bybit_account(i: Inputs) -> Outputs:
    legs = [_leg(leg, _bybit(leg, mode="cross"), leg["leverage"]) for leg in i["positions"]]
    cash = account.Balance("USD", i["wallet_balance_usd"], 1, i["haircut"])
    figures = account.account_figures(account.Account([cash], legs))
    return {
        "margin_balance": figures.equity,
        "initial_margin": figures.initial_margin,
        "maintenance_margin": figures.maintenance_margin,
        "im_rate": figures.initial_rate,
        "mm_rate": figures.maintenance_rate,
        "available_balance": figures.available,
        "liquidatable": figures.liquidatable,
    }


def _okx(i: Inputs, mode: str) -> Outputs:
    form = Form.INVERSE if "value_usd" in i else Form.LINEAR
    rules = _margin("okx", "inverse" if form == Form.INVERSE else "linear", mode)
    contract = contract_of(form, [_row(i["mmr"])], rules, fee=i["taker_fee_rate"])
    position = desk.opened(contract, i["side"], i["value_usd"] if form == Form.INVERSE else i["size"], i["entry_price"])
    wallet = i["margin"] if "margin" in i else desk.wallet_behind(contract, position, i["mark_price"], i["equity"])
    exact = desk.liquidation_price(contract, position, wallet)
    assert exact is not None
    found: dict[str, Any] = {
        "liquidation_price_exact": exact,
        "liquidation_price": desk.printed_liquidation(exact, i["side"], i.get("tick", 0), rules.printed_price),
    }
    if "mark_price" in i:
        without_fee = contract_of(form, [_row(i["mmr"])], rules)
        needed = desk.margins(without_fee, position, i["mark_price"], i.get("leverage", 1))
        found["unrealised_pnl"] = desk.state(contract, position, i["mark_price"], wallet).unrealised
        found["initial_margin"] = needed.initial
        found["maintenance_margin"] = needed.maintenance
        found["margin_ratio"] = desk.margin_ratio(contract, position, i["mark_price"], wallet)
    return found


def _okx_requirement(i: Inputs) -> Outputs:
    contract = contract_of(Form.LINEAR, [_row(i.get("mmr", "0.01"))], _margin("okx", "linear", "cross"))
    position = desk.opened(contract, "long", i["size"], i["mark_price"])
    needed = desk.margins(contract, position, i["mark_price"], i["leverage"])
    return {"initial_margin": needed.initial, "maintenance_margin": needed.maintenance}


def _okx_tier(i: Inputs) -> Outputs:
    rows = [
        TierRow(to_fraction(low), to_fraction(high), to_fraction(rate), Fraction(0), Fraction(1), to_fraction(leverage))
        for low, high, rate, leverage in i["tiers"]
    ]
    contract = contract_of(Form.LINEAR, rows, _margin("okx", "linear"))
    position = desk.opened(contract, "long", i["contracts"], 1)
    row = contract.row(desk.margins(contract, position, 1).tier)
    return {
        "mmr": row.maintenance_rate,
        "max_leverage": row.max_leverage,
        "maintenance_fraction_of_notional": row.maintenance_rate,
    }


def _hyperliquid(i: Inputs) -> Outputs:
    rules = _margin("hyperliquid", "linear")
    rows = _leverage_rows(i["tiers"]) if "tiers" in i else _leverage_rows([["0", None, i["max_leverage"]]])
    contract = contract_of(Form.LINEAR, rows, rules)
    position = desk.opened(contract, i["side"], i["size"], i["entry_price"])
    wallet = i["margin"] if "margin" in i else i["margin_at_entry"]
    price = desk.liquidation_price(contract, position, wallet)
    if price is None:
        return {"liquidation_price": None}
    row = contract.row(desk.margins(contract, position, price).tier)
    return {"liquidation_price": price, "mmr": row.maintenance_rate, "maintenance_deduction": row.deduction}


def _bitmex_linear(i: Inputs) -> Outputs:
    row = TierRow(Fraction(0), None, to_fraction(i["mmr"]), Fraction(0), to_fraction(i["imr"]), Fraction(1))
    rules = msgspec.structs.replace(_margin("bitmex", "linear"), initial_form="rate")
    contract = contract_of(Form.LINEAR, [row], rules)
    leg = _leg({**i, "symbol": "", "mark_price": i["entry_price"]}, contract)
    figures = account.account_figures(account.Account([account.Balance("", i["wallet"])], [leg]))
    return {
        "initial_margin": figures.initial_margin,
        "maintenance_margin": figures.maintenance_margin,
        "liquidation_price": desk.liquidation_price(contract, leg.position, i["wallet"]),
        "bankruptcy_price": desk.bankruptcy_price(contract, leg.position, i["wallet"]),
        "available": figures.available,
    }


def _bitmex_inverse(i: Inputs) -> Outputs:
    contract = contract_of(Form.INVERSE, [_row(i["mmr"])], _margin("bitmex", "inverse"))
    position = desk.opened(contract, i["side"], i["contracts"], i["entry_price"])
    return {
        "liquidation_price": desk.liquidation_price(contract, position, i["margin_xbt"]),
        "bankruptcy_price": desk.bankruptcy_price(contract, position, i["margin_xbt"]),
        "maintenance_margin_xbt": desk.margins(contract, position, i["entry_price"]).maintenance,
    }


def _bitmex_steps(i: Inputs) -> Outputs:
    steps = StepRules(
        since=_TODAY,
        source="",
        evidence="D",
        symbol="",
        base_limit=Decimal(i["base_limit_xbt"]),
        step=Decimal(i["step_xbt"]),
        initial_rate=Decimal(i["base_imr"]),
        maintenance_rate=Decimal(i["base_mmr"]),
        increment=Decimal(i["increment"]),
    )
    contract = contract_of(Form.INVERSE, step_tiers(steps), _margin("bitmex", "inverse"))
    found = desk.margins(contract, desk.opened(contract, "long", i["position_value_xbt"], 1), 1)
    row = contract.row(found.tier)
    return {
        "initial_margin_rate": row.initial_rate,
        "maintenance_margin_rate": row.maintenance_rate,
        "maintenance_margin_xbt": found.maintenance,
    }


RULES: dict[str, Adapter] = {
    "LIN-BUST": _bankruptcy,
    "INV-BUST": lambda i: _bankruptcy(i, Form.INVERSE),
    "BN-LIN-LIQ": _linear_liquidation,
    "BN-LIN-LIQ-TIER": _tiered,
    "BN-LIN-LIQ-HEDGE": _hedge,
    "BN-LIN-ACCT": _position_account,
    "BN-BE": lambda i: {"break_even_price": desk.break_even_price(i["side"], i["entry_price"], i["open_fee_rate"])},
    "BN-MARGIN": _binance_margin,
    "BN-TIER": _tier_lookup,
    "BN-TIER-AMOUNT": _tier_amounts,
    "BN-INV-LIQ-TIER": lambda i: _tiered(i, Form.INVERSE),
    "BN-INV-ACCT": _inverse_account,
    "BN-INV-NOLIQ": _no_liquidation,
    "BB-LIN-REQ": _bybit_requirement,
    "BB-LIN-LIQ": _bybit_liquidation,
    "BB-UTA": _bybit_account,
    "BB-INV-LIQ": _bybit_inverse,
    "BB-INV-BUST": _bybit_inverse_bust,
    "BB-INV-LIQ-CROSS": _bybit_inverse_cross,
    "BB-INV-LIQ-2026": _bybit_inverse_2026,
    "BB-BE": lambda i: {
        "break_even_price": desk.break_even_after_realised(
            i["side"], i["size"], i["entry_price"], i["realised_pnl"], i["taker_fee_rate"]
        )
    },
    "OK-ISO": lambda i: _okx(i, "isolated"),
    "OK-CROSS": lambda i: _okx(i, "cross"),
    "OK-REQ": _okx_requirement,
    "OK-TIER": _okx_tier,
    "BM-LIQ": _bitmex_linear,
    "BM-INV-LIQ": _bitmex_inverse,
    "BM-RISK": _bitmex_steps,
    "HL-LIQ": _hyperliquid,
    "HL-LIQ-TIER": _hyperliquid,
}
"""Each rule key of a venue example, and the call that answers it."""
