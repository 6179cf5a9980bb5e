"""Names of spot-margin, lending, option and on-chain examples, translated into calls of the margin room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from shortdesk.ground.fine import to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.ground.tiers import TierRow
from shortdesk.ground.venue import load_venue
from shortdesk.margin import borrow, desk, equity, lending, liquidation, options, quantums
from shortdesk.margin.contract import Contract, contract_of

__all__ = ["RULES"]

Inputs = Mapping[str, Any]
Outputs = Mapping[str, Any]
Adapter = Callable[[Inputs], Outputs]

_TODAY = date(2026, 11, 1)


# --- spot margin ---


def _interest(i: Inputs) -> Outputs:
    if "clock_hours_touched" in i:
        amount = borrow.interest_due(
            i["borrowed"], i["hourly_rate"], i["clock_hours_touched"], borrow.HourForm.CLOCK_HOURS
        )
        return {"interest": amount}
    return {"interest": borrow.interest_due(i["borrowed"], i["daily_rate"], i["hours"], rate_hours=24)}


def _four_hour_interest(i: Inputs) -> Outputs:
    return {"interest": borrow.interest_due(i["borrowed"], i["fee_rate"], i["hours"], borrow.HourForm.FOUR_HOURS)}


def _level_liquidation(i: Inputs) -> Outputs:
    price = borrow.loan_liquidation_price(
        maintenance_rate=borrow.loan_maintenance_rate(level=i["liquidation_level"]),
        quote_assets=i["quote_asset"],
        base_debt=i["base_borrowed"],
        base_interest=i["base_interest"],
    )
    return {"liquidation_price": price}


def _isolated_liquidation(i: Inputs) -> Outputs:
    price = borrow.loan_liquidation_price(
        maintenance_rate=borrow.loan_maintenance_rate(level=i["liquidation_ratio"]),
        base_assets=i["base_asset"],
        quote_assets=i["quote_asset"],
        base_debt=i["base_debt"],
        quote_debt=i["quote_debt"],
    )
    return {"liquidation_price": price}


def _margin_level(i: Inputs) -> Outputs:
    level = borrow.margin_level(i["total_asset_btc"], i["total_liability_btc"])
    found: dict[str, Any] = {"margin_level": level}
    if "thresholds" in i:
        found["state"] = borrow.level_state(level, i["thresholds"])
    return found


def _most_borrowable(i: Inputs) -> Outputs:
    amount = borrow.most_borrowable(i["total_asset_quote"], i["initial_risk_ratio"], i["borrowed_quote"], i["price"])
    return {"max_borrow_base": amount}


def _loan_state(i: Inputs, **amounts: Any) -> Outputs:
    found = borrow.loan_state(i["side"], mark=i["mark_price"], mmr=i["mmr"], taker_fee=i["taker_fee_rate"], **amounts)
    return {
        "maintenance_margin": found.maintenance,
        "margin_ratio": found.margin_ratio,
        "liquidation_price": found.liquidation_price,
    }


def _short_loan(i: Inputs) -> Outputs:
    return _loan_state(i, quote_assets=i["quote_asset"], base_liability=i["base_liability"])


def _long_loan(i: Inputs) -> Outputs:
    return _loan_state(i, base_assets=i["base_asset"], quote_liability=i["quote_liability"])


def _mixed_loan(i: Inputs) -> Outputs:
    price = borrow.loan_liquidation_price(
        maintenance_rate=borrow.loan_maintenance_rate(maintenance_rate=i["mmr"], taker_fee=i["taker_fee_rate"]),
        base_assets=i["base_asset"],
        quote_assets=i["quote_asset"],
        base_debt=i["base_liability"],
        quote_debt=i["quote_liability"],
    )
    return {"liquidation_price": price}


# --- lending ---


def _liquidation_call(i: Inputs) -> Outputs:
    requested = i["requested_debt_to_cover"]
    found = lending.liquidation_call(
        collateral_amount=int(i["collateral_amount"]),
        collateral_decimals=int(i["collateral_decimals"]),
        collateral_price=int(i["collateral_price_1e8"]),
        debt_amount=int(i["debt_amount"]),
        debt_decimals=int(i["debt_decimals"]),
        debt_price=int(i["debt_price_1e8"]),
        threshold_bps=int(i["liquidation_threshold_bps"]),
        bonus_bps=int(i["liquidation_bonus_bps"]),
        protocol_fee_bps=int(i["protocol_fee_bps"]),
        requested=None if requested == "max" else int(requested),
    )
    return found._asdict()


def _close_factor(i: Inputs) -> Outputs:
    given = (i["health_factor"], i["collateral_reserve_value_usd"], i["debt_reserve_value_usd"])
    return {"close_factor": lending.close_factor(*given)}


def _health(i: Inputs) -> Outputs:
    given = (i["collateral_value"], i["liquidation_threshold"], i["debt_value"])
    return {"health_factor": lending.health_factor(*given)}


def _lending_price(i: Inputs) -> Outputs:
    given = (i["stable_collateral"], i["liquidation_threshold"], i["borrowed_size"])
    return {"liquidation_price": lending.lending_liquidation_price(*given)}


def _borrow_rate(i: Inputs) -> Outputs:
    given = (i["utilisation"], i["optimal"], i["base"], i["slope1"], i["slope2"])
    return {"variable_borrow_rate": lending.borrow_rate_at(*given)}


# --- Deribit ---


def _coin_account(i: Inputs) -> Outputs:
    return equity.coin_account(**i)._asdict()


def _slope_contract(i: Inputs, kind: str, rates: tuple[Any, Any], slope: Any) -> Contract:
    rules = load_venue("deribit").of_kind(kind).margin_at(_TODAY, "cross")
    initial, maintenance = (to_fraction(rate) for rate in rates)
    row = TierRow(to_fraction(0), None, maintenance, to_fraction(0), initial, to_fraction(1))
    return contract_of(Form.LINEAR if kind == "linear" else Form.INVERSE, [row], rules, slope=slope)


def _slope_requirement(i: Inputs) -> Outputs:
    if "size_usd" in i:
        contract = _slope_contract(i, "inverse", (i["im_base"], i["mm_base"]), i["im_slope_per_unit"])
        position = desk.opened(contract, "long", i["size_usd"], i["mark_price"])
        needed = desk.margins(contract, position, i["mark_price"])
        size = desk.state(contract, position, i["mark_price"]).value
        return {
            "size_currency": size,
            "initial_margin": needed.initial,
            "maintenance_margin": needed.maintenance,
        }
    if "margin_type" in i:
        contract = _slope_contract(i, "linear", (i["base_rate"], i["base_rate"]), i["slope_per_unit"])
        position = desk.opened(contract, "long", i["size_currency"], i["mark_price"])
        needed = desk.margins(contract, position, i["mark_price"])
        margin = needed.initial if i["margin_type"] == "initial" else needed.maintenance
        return {"rate": desk.rate_at(contract, position, i["mark_price"], i["margin_type"]), "margin_usdc": margin}
    contract = _slope_contract(i, "linear", (i["im_base"], i["mm_base"]), i["slope_per_unit"])
    position = desk.opened(contract, "long", i["size_currency"], 1)
    needed = desk.margins(contract, position, 1)
    return {"initial_margin": needed.initial, "maintenance_margin": needed.maintenance}


def _slope_liquidation(i: Inputs) -> Outputs:
    contract = _slope_contract(i, "inverse", (i["mm_base"], i["mm_base"]), i["mm_slope_per_unit"])
    position = desk.opened(contract, i["side"], i["size_usd"], i["entry_price"])
    return {"liquidation_price": desk.liquidation_price(contract, position, i["equity_at_entry"])}


def _short_option(i: Inputs) -> Outputs:
    found = options.short_option_margin(i["kind"], i["strike"], i["underlying"], i["mark_price_coin"], i["amount"])
    return {"initial_margin": found.initial, "maintenance_margin": found.maintenance}


def _bucket(i: Inputs) -> Outputs:
    return {f"{name}_pnl": options.price_move_gain(coins, i["price_move"]) for name, coins in i["positions"].items()}


def _portfolio(i: Inputs) -> Outputs:
    found = options.portfolio_margin(
        i["positions"],
        price_range=i["price_range"],
        roll_shock_rate=i["roll_shock_rate"],
        mm_factor=i["mm_factor"],
        mmp_margin=i["mmp_margin"],
        open_orders_margin=i["open_orders_margin"],
    )
    return {
        "worst_case": found.worst_case,
        "roll_shock": found.roll_shock,
        "risk_matrix_margin": found.risk_matrix,
        "initial_margin": found.initial,
        "maintenance_margin": found.maintenance,
    }


# --- dYdX ---


def _holdings(positions: Sequence[Inputs]) -> list[quantums.Holding]:
    return [
        quantums.Holding(
            p["market"],
            int(p["base_quantums"]),
            int(p["atomic_resolution"]),
            to_fraction(p["oracle_price"]),
            to_fraction(p["imr"]),
            to_fraction(p["mmr"]),
        )
        for p in positions
    ]


def _account(i: Inputs) -> tuple[int, list[quantums.Holding]]:
    return int(i["quote_balance_quantums"]), _holdings(i["positions"])


def _chain_requirement(i: Inputs) -> Outputs:
    initial, maintenance = quantums.required_margins(
        int(i["base_quantums"]),
        int(i["atomic_resolution"]),
        i["price"],
        int(i["price_exponent"]),
        int(i["initial_margin_ppm"]),
        int(i["maintenance_fraction_ppm"]),
        int(i["open_interest_base_quantums"]),
        int(i["oi_lower_cap_quote_quantums"]),
        int(i["oi_upper_cap_quote_quantums"]),
    )
    return {"initial_margin_quote_quantums": initial, "maintenance_margin_quote_quantums": maintenance}


def _open_interest_margin(i: Inputs) -> Outputs:
    margin = quantums.margin_with_open_interest(
        int(i["position_quote_quantums"]),
        int(i["initial_margin_ppm"]),
        int(i["open_interest_quote_quantums"]),
        int(i["oi_lower_cap"]),
        int(i["oi_upper_cap"]),
    )
    return {"initial_margin_quote_quantums": margin}


def _chain_liquidatable(i: Inputs) -> Outputs:
    risk = quantums.net_risk(*_account(i))
    return {
        "net_collateral": risk.equity,
        "maintenance_margin": risk.maintenance,
        "liquidatable": quantums.liquidatable(risk),
    }


def _chain_bankruptcy(i: Inputs) -> Outputs:
    quote = quantums.bankruptcy_quote(*_account(i), i["liquidate_market"], int(i["delta_quantums"]))
    return {"bankruptcy_quote_quantums": quote}


def _fillable(i: Inputs) -> Outputs:
    price = quantums.fillable_price(
        *_account(i),
        i["liquidate_market"],
        int(i["bankruptcy_adjustment_ppm"]),
        int(i["spread_to_mmr_ratio_ppm"]),
    )
    return {"quote_quantums_per_base_quantum": price}


def _insurance(i: Inputs) -> Outputs:
    delta = quantums.insurance_delta(
        *_account(i), i["side"], int(i["fill_base_quantums"]), i["fill_price"], int(i["max_liquidation_fee_ppm"])
    )
    return {"insurance_fund_delta_quantums": delta}


def _chain_partial(i: Inputs) -> Outputs:
    least, most = quantums.partial_limits(
        int(i["position_notional_quantums"]), int(i["min_position_notional"]), int(i["max_position_portion_ppm"])
    )
    return {"min_notional": least, "max_notional": most}


def _rate_limit(i: Inputs) -> Outputs:
    limit = quantums.funding_rate_limit(
        int(i["clamp_factor_ppm"]), int(i["initial_margin_ppm"]), int(i["maintenance_fraction_ppm"])
    )
    return {"max_abs_funding_ppm_8h": limit}


def _index_delta(i: Inputs) -> Outputs:
    delta = quantums.funding_index_delta(
        int(i["atomic_resolution"]),
        i["price"],
        int(i["price_exponent"]),
        int(i["funding_rate_8h_ppm"]),
        int(i["seconds"]),
    )
    return {"index_delta": delta}


def _settlement(i: Inputs) -> Outputs:
    received = quantums.funding_settlement(int(i["position_index"]), int(i["current_index"]), int(i["base_quantums"]))
    return {"settlement_ppm_quote_quantums": received}


def _chain_tier(i: Inputs) -> Outputs:
    found = quantums.tier_rates(i["imr"], i["maintenance_fraction"], i["funding_clamp_factor"])
    return {"mmr": found.maintenance_rate, "max_abs_funding_8h": found.funding_limit}


RULES: dict[str, Adapter] = {
    "BN-INT": _interest,
    "KR-INT": _four_hour_interest,
    "BN-ML": _margin_level,
    "BN-ML-3X": _margin_level,
    "BN-ML-LIQ": _level_liquidation,
    "BN-ISO-LEV": lambda i: {"max_leverages": borrow.ladder_leverages(i["initial_risk_ratios"])},
    "BN-ISO-LIQ": _isolated_liquidation,
    "BN-ISO-MAXBORROW": _most_borrowable,
    "BB-SPOT-IMR": lambda i: {"imr": borrow.rate_from_leverage(i["max_leverage"])},
    "BB-BORROWED": lambda i: {
        "borrowed": borrow.borrowed_by_account(i["equity"], i["buy_option_im"], i["option_value"], i["frozen"])
    },
    "OK-MARGIN-SHORT": _short_loan,
    "OK-MARGIN-LONG": _long_loan,
    "OK-MARGIN-QUICK": _mixed_loan,
    "AV-HF": _health,
    "AV-LIQPX": _lending_price,
    "AV-CF": _close_factor,
    "AV-LIQ": _liquidation_call,
    "AV-RATE": _borrow_rate,
    "DB-EQUITY": _coin_account,
    "DB-SM": _slope_requirement,
    "DB-INV-LIQ": _slope_liquidation,
    "DB-OPT-SM": _short_option,
    "DB-PM-BUCKET": _bucket,
    "DB-PM": _portfolio,
    "DX-BUST": _chain_bankruptcy,
    "DX-FILL": _fillable,
    "DX-INS": _insurance,
    "DX-REQ": _chain_requirement,
    "DX-OIMF": _open_interest_margin,
    "DX-FCLAMP": _rate_limit,
    "DX-FINDEX": _index_delta,
    "DX-SETTLE": _settlement,
    "DX-LIQ": _chain_liquidatable,
    "DX-SIZE": _chain_partial,
    "DX-LIQPX": lambda i: {
        "liquidation_price": quantums.quantum_liquidation_price(i["size"], i["quote_balance"], i["mmr"])
    },
    "DX-TIER": _chain_tier,
    "HL-STATE": lambda i: {"state": liquidation.state_name(i["account_value"], i["maintenance_margin"])},
    "DR-PERP": lambda i: {
        "base_to_close": liquidation.closable_to_cover(
            i["margin_shortage"],
            i["margin_ratio"],
            i["liquidator_fee"],
            i["insurance_fee"],
            i["oracle_price"],
            i["quote_oracle_price"],
        )
    },
    "DR-SPOT": lambda i: {
        "liability_to_transfer": liquidation.liability_to_transfer(
            i["margin_shortage"],
            i["price"],
            i["asset_weight"],
            i["liability_weight"],
            i["asset_multiplier"],
            i["liability_multiplier"],
            i["insurance_fee"],
        )
    },
}
"""Each rule key of a venue example, and the call that answers it."""
