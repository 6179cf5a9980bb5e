"""Names of funding, mark, ranking and account-figure examples, translated into calls of the margin room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shortdesk.ground.instrument import Form
from shortdesk.margin import desk, equity, funding, liquidation, mark, published

__all__ = ["RULES"]

Inputs = Mapping[str, Any]
Outputs = Mapping[str, Any]
Adapter = Callable[[Inputs], Outputs]


def _hourly(i: Inputs) -> Outputs:
    found = funding.hourly_funding(i["average_premium"], i["interest_rate_8h"], i["clamp"], i["hourly_cap"])
    return {"funding_rate_8h": found.rate_8h, "hourly_rate": found.hourly}


def _bitmex_funding(i: Inputs) -> Outputs:
    found = funding.round_trip(
        i["side"], i["contracts"], i["entry_price"], i["mark_price"], i["exit_price"], i["funding_rate"]
    )
    return {
        "position_value_xbt": found.value_at_mark,
        "paid": found.funding_paid,
        "realised_pnl": found.realised,
        "net": found.net,
    }


def _fair(i: Inputs) -> Outputs:
    found = mark.fair_mark_price(
        i["index_price"], i["funding_rate"], i["seconds_to_funding"], i["interval_seconds"], i["tick"]
    )
    return {"fair_basis_rate": found.basis_rate, "fair_basis": found.basis, "fair_price": found.price}


def _median_mark(i: Inputs) -> Outputs:
    found = mark.median_mark_price(
        i["index_price"],
        i["last_funding_rate"],
        i["hours_to_funding"],
        i["interval_hours"],
        i["basis_average"],
        i["last_price"],
    )
    return {"price_1": found.with_funding, "price_2": found.with_basis, "mark_price": found.mark}


def _premium(i: Inputs) -> Outputs:
    return {
        "premium": funding.premium_index(i["impact_bid"], i["impact_ask"], i.get("index_price", i.get("oracle_price")))
    }


def _mid_premium(i: Inputs) -> Outputs:
    return {"premium": funding.premium_index(i["impact_bid"], i["impact_ask"], i["oracle_price"], "mid")}


def _clamped(i: Inputs) -> Outputs:
    rate = funding.funding_rate(
        i["average_premium"],
        interest=i["interest_rate_8h"],
        clamp_rate=i["clamp"],
        interval_hours=i["interval_hours"],
    )
    return {"funding_rate": rate}


def _dead_band(i: Inputs) -> Outputs:
    rate = funding.funding_rate(i["premium_rate"], form=funding.FundingForm.DEAD_BAND, band=i["damper"], cap=i["cap"])
    return {"funding_rate_8h": rate}


def _legacy_clamp(i: Inputs) -> Outputs:
    rate = funding.rate_between(i["average_premium"], i["interest_rate"], i["floor"], i["cap"])
    return {"funding_rate": rate}


def _payments(i: Inputs) -> Outputs:
    payments = [(event["funding_rate"], event["mark_price"]) for event in i["events"]]
    return {"received": funding.funding_received(i["side"], i["size"], payments)}


def _inverse_payment(i: Inputs) -> Outputs:
    payments = [(i["funding_rate"], i["mark_price"])]
    return {
        "received": funding.funding_received(
            i["side"], desk.face_value(i["contracts"], i.get("contract_size", 1)), payments, Form.INVERSE
        )
    }


def _accrued(i: Inputs) -> Outputs:
    given = (i["side"], i["size_usd"], i["index_price"], i["funding_rate_8h"], i["minutes"])
    return {"received_coin": funding.funding_accrued(*given)}


def _adl(i: Inputs) -> Outputs:
    found = liquidation.adl_score_of(
        i["unrealised_pnl"], i["wallet"], maintenance=i.get("maintenance_margin"), margin_ratio=i.get("margin_ratio")
    )
    return {"pnl_ratio": found.profit_ratio, "margin_ratio": found.margin_ratio, "adl_score": found.score}


def _adl_move(i: Inputs) -> Outputs:
    given = (i["side"], i["mark_price"], i["entry_price"], i["position_notional"], i["account_value"])
    return {"adl_score": liquidation.adl_score_by_move(*given)}


def _okx_partial(i: Inputs) -> Outputs:
    if "tier_1_max" in i:
        closed, remaining = published.legacy_tier_cut(int(i["contracts"]), int(i["tier_1_max"]))
        return {"close_contracts": closed, "remaining": remaining}
    step = liquidation.tier_step(int(i["contracts"]), [int(cap) for cap in i["tier_caps"]])
    return {"tier": step.tier, "remaining": step.remaining, "close_contracts": step.closed}


def _hyperliquid_account(i: Inputs) -> Outputs:
    found = equity.chain_account(i["total_notional"], i["total_raw_usd"], i["margin_used"], i["net_side"])
    return found._asdict()


def _return_on_equity(i: Inputs) -> Outputs:
    found = equity.return_on_equity(i["side"], i["size"], i["entry_price"], i["leverage"], i["unrealised_pnl"])
    return found._asdict()


RULES: dict[str, Adapter] = {
    "FUND-PAY": _payments,
    "FUND-PAY-INV": _inverse_payment,
    "BN-ADL": _adl,
    "BN-FUND": _clamped,
    "BN-PREMIUM": _premium,
    "BN-PREMIUM-TWAP": lambda i: {"average_premium": funding.average_premium(i["samples"])},
    "BN-IMN": lambda i: {"impact_margin_notional": funding.impact_notional(i["margin_usdt"], i["imr_at_max_leverage"])},
    "BN-MARK": _median_mark,
    "BN-LIQFEE": lambda i: {
        "liquidation_fee": liquidation.liquidation_fee_of(
            i["liquidated_size"], i["liquidation_fill_price"], i["liquidation_fee_rate"]
        )
    },
    "BB-MM-BUST": lambda i: {
        "maintenance_margin": published.maintenance_at_bankruptcy(i["size"], i["bust_price"], i["mmr"])
    },
    "OK-PARTIAL": _okx_partial,
    "OK-FUND-LEGACY": _legacy_clamp,
    "DB-FUND": _dead_band,
    "DB-FUND-PAY": _accrued,
    "BM-FUND-PAY": _bitmex_funding,
    "BM-FUND-CAP": lambda i: {"funding_cap": funding.funding_cap(i["imr"], i["mmr"], i["fraction"])},
    "BM-FAIR": _fair,
    "BM-VALUE": lambda i: {
        "value_satoshi": published.bitmex_contract_value(int(i["contracts"]), i["mark_price"], i["multiplier_satoshi"])
    },
    "HL-ACCT": _hyperliquid_account,
    "HL-ROE": _return_on_equity,
    "HL-PREMIUM": _premium,
    "HL-PREMIUM-HIP3": _mid_premium,
    "HL-FUND": _hourly,
    "HL-LIQSIZE": lambda i: {
        "first_order_notional": liquidation.first_order_notional(
            i["position_notional"], i["threshold"], i["first_fraction"]
        )
    },
    "HL-TRANSFER": lambda i: {
        "transfer_margin_required": equity.transfer_requirement(i["initial_margin"], i["total_notional"])
    },
    "HL-ADL": _adl_move,
}
"""Each rule key of a venue example, and the call that answers it."""
