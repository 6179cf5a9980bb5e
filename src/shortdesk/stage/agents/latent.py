"""Latent liquidity: people with a price in mind, more of them the further from what the asset is worth.

Each slot is a person who is either in the book or not, and changes from one to the other after an exponential time.
A new reservation price lies at value × (1 ± band × √u): density grows linearly away from the value, the V shape whose
response to a metaorder is a square root (notes of the field: Tóth et al. 2011; Donier, Bonart, Mastromatteo, Bouchaud
2015). A slot that was traded away comes back after another exponential time.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import below, chance, exponential, wait_ns
from shortdesk.stage.look import rests
from shortdesk.stage.parts import SLOT, AgentKind, Part, agent_at, grid_at, slot_at, value_at
from shortdesk.stage.pen import cancel, place

__all__ = ["LATENT", "LatentTerms", "open_latent", "wake_latent"]

_SEEDS_AT_ONCE = 32


class LatentTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="latent"
):
    """People with a price in mind. Defaults are our assumptions for a market like that of a large coin."""

    name: str
    instrument: str
    depth_1pc_usd: float
    """What rests on one side within 1 % of the value, on average."""
    band: float = 0.03
    """How far from the value prices in mind reach, as a part of it."""
    slots: int = 1_500
    lifetime_s: float = 1_800
    """Mean time in the book, and out of it."""
    accounts: int = 100
    wealth_usd: float = 5_000_000
    """What each account brings, in quote; on a spot market as much again in the base."""


LATENT = row_type(
    ("rate_per_s", "<f8"),
    ("band", "<f8"),
    ("mean_lots", "<f8"),
    ("instrument", "<i8"),
    ("first_slot", "<i8"),
    ("slot_count", "<i8"),
    ("first_account", "<i8"),
    ("account_count", "<i8"),
    ("seeded", "<i8"),  # slots that have had their first chance
)
"""Latent liquidity of one market."""


def open_latent(cast: Cast, terms: LatentTerms) -> None:
    """Accounts, slots and one agent for all of them."""
    market = cast.market(terms.instrument)
    cast.begin(terms.name, "latent", Mechanism.LATENT)
    accounts = [cast.account(market, leverage=2) for _ in range(terms.accounts)]
    for account in accounts:
        cast.endow(account, market, terms.wealth_usd)
    # Half of the slots are in the book, half of those on one side; (1 %/band)² of them within 1 % of the value.
    inside = terms.slots / 4 * min(1.0, (0.01 / terms.band) ** 2)
    own = cast.row(
        Part.LATENTS, LATENT, rate_per_s=terms.slots / terms.lifetime_s, band=terms.band,
        mean_lots=max(1.0, terms.depth_1pc_usd / inside / (market.price * float(market.lot))), instrument=market.number,
        first_slot=cast.rows(Part.SLOTS, SLOT, terms.slots), slot_count=terms.slots, first_account=accounts[0],
        account_count=len(accounts),
    )  # fmt: skip
    cast.agent(AgentKind.LATENT, own)


@rule
def wake_latent(w: Any, s: Any, agent: int) -> int:
    """One slot changes its mind; at the start, half of them take their place. The time of the next wake."""
    row = row_at(s, Part.LATENTS, agent_at(s, agent).own, LATENT)
    now = int(clock_of(w).now_ns)
    if row.seeded < row.slot_count:
        until = min(row.seeded + _SEEDS_AT_ONCE, row.slot_count)
        while row.seeded < until:
            if chance(s, agent) < 0.5:
                _enter(w, s, agent, row, row.first_slot + row.seeded)
            row.seeded += 1
        return now
    at = int(row.first_slot) + below(s, agent, int(row.slot_count))
    slot = slot_at(s, at)
    account = _account_of(row, at)
    if slot.client_id != 0 and rests(w, account, int(row.instrument), int(slot.client_id)) != 0:
        cancel(w, s, agent, account, int(row.instrument), int(slot.client_id))
        slot.client_id = 0
        _spend_draws(s, agent)
    else:
        _enter(w, s, agent, row, at)
    return now + wait_ns(s, agent, row.rate_per_s)


@rule
def _account_of(row: Any, at: int) -> int:
    return int(row.first_account + (at - row.first_slot) % row.account_count)


@rule
def _spend_draws(s: Any, agent: int) -> None:
    """As many draws as ``_enter`` takes, so that a cancel leaves the later numbers in place."""
    agent_at(s, agent).draws += 3


@rule
def _enter(w: Any, s: Any, agent: int, row: Any, at: int) -> None:
    grid = grid_at(s, int(row.instrument))
    worth = value_at(s, int(grid.own_value)).price
    is_bid = chance(s, agent) < 0.5
    far = row.band * math.sqrt(chance(s, agent))
    lots = max(1, int(row.mean_lots * exponential(s, agent) + 0.5))
    price = worth * (1.0 - far) if is_bid else worth * (1.0 + far)
    ticks = max(1, int(price / grid.tick + 0.5))
    side = Side.BUY.value if is_bid else Side.SELL.value
    slot_at(s, at).client_id = place(w, s, agent, _account_of(row, at), int(row.instrument), side, ticks, lots, 0)
