"""A pool beside a perpetual: providers who leave, move and come back; swappers; arbitrage between the two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shortdesk.ground.errors import ShortdeskError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.tables import Shelf, instrument_at
from shortdesk.stage.dex import liquidity_of, pool_price, position_of
from shortdesk.stage.look import held_lots, mid_ticks
from shortdesk.stage.play import Play, open_play
from shortdesk.stage.scenario import find_scenario, scenario_folder

SMALL = (
    "shorts.count=10", "shorts.open_interest_usd=20000", "latent.slots=200", "latent.accounts=5", "noise.accounts=5",
    "noise.takers_per_s=0.2", "makers.count=2", "lps.count=2", "passive.count=1", "swappers.accounts=2",
    "swappers.swaps_per_s=0.01", "buyer.at_s=30", "buyer.amount_usd=100000", "trigger_s=1", "horizon_s=1900",
)  # fmt: skip
POOL = "ETH-USDC-30"


def play(*settings: str) -> Play:
    """The shipped scenario, small enough to be played as plain Python."""
    return open_play(find_scenario("amm-exodus", [*SMALL, *settings]))


def go(one: Play, seconds: float) -> Any:
    """Play up to so many seconds after the start; the rows."""
    return one.run_all(one.scenario.start_ns + int(seconds * 1e9))


def of(one: Play, rows: Any, kind: Kind, population: str) -> Any:
    """Rows of one kind by one population's accounts."""
    accounts = next(found.accounts for found in one.cast.populations if found.name == population)
    return rows[(rows["kind"] == kind) & np.isin(rows["account"], accounts)]


def pool_of(one: Play) -> int:
    return int(instrument_at(one.world.block, one.cast.markets[POOL].number).pool)


def sums(one: Play) -> list[int]:
    balances = one.world.table(Shelf.BALANCES)[: one.world.used_rows(Shelf.BALANCES)]
    return [int(balances["units"][balances["asset"] == asset].sum()) for asset in one.cast.assets.values()]


# --- providers ----------------------------------------------------------------------------------------------


def test_providers_come_in_with_the_first_block() -> None:
    one = play()
    assert len(of(one, go(one, 11), Kind.POOL_MINT, "lps")) == 0, "what they sent waits for its block"
    rows = go(one, 13)
    mints = of(one, rows, Kind.POOL_MINT, "lps")
    assert len(mints) == 2
    assert set(mints["mechanism"]) == {Mechanism.AMM}
    # 5 % on either side of tick 0 of their price: ln(1.05) / ln(1.0001) = 488 ticks, on the grid of 60.
    assert set(mints["units"] - mints["price"]) == {960}
    assert sums(one) == [0] * len(one.cast.assets)


def frightened(one: Play) -> Any:
    """Play until everybody is in the pool; from then on the least move is a jump. The rows of the next 40 s."""
    go(one, 20)
    for row in one.rows(*_lp_table()):
        row.jump = 0.0001
    return go(one, 60)


def test_providers_leave_when_the_price_jumps_and_those_who_never_leave_stay() -> None:
    one = play("lps.cool_off_s=1000")
    before = liquidity_of(one.world.block, pool_of(one))
    rows = frightened(one)
    assert list(of(one, rows, Kind.PRESENCE, "lps")["units"]) == [0, 0]
    assert len(of(one, rows, Kind.POOL_BURN, "lps")) == 2
    accounts = next(found.accounts for found in one.cast.populations if found.name == "lps")
    assert [position_of(one.world.block, pool_of(one), account) for account in accounts] == [0, 0]
    assert len(of(one, rows, Kind.POOL_BURN, "passive")) == 0
    assert liquidity_of(one.world.block, pool_of(one)) > before == 0
    assert sums(one) == [0] * len(one.cast.assets)


def test_leaving_takes_a_block() -> None:
    one = play("lps.cool_off_s=1000")
    rows = frightened(one)
    burns, decided = of(one, rows, Kind.POOL_BURN, "lps"), of(one, rows, Kind.PRESENCE, "lps")
    assert len(burns) == 2
    assert set(burns["time_ns"]) <= set(rows[rows["kind"] == Kind.BLOCK]["time_ns"])
    for burn in burns:
        assert decided[decided["account"] == burn["account"]]["time_ns"][0] < burn["time_ns"]


def test_providers_leave_when_fees_do_not_pay_for_the_loss() -> None:
    one = play("lps.fees_over_loss=0.5", "lps.jump=1000")
    assert len(of(one, go(one, 30), Kind.PRESENCE, "lps")) == 2
    patient = play("lps.fees_over_loss=0.5", "lps.jump=1000", "lps.patience=1000")
    assert len(of(patient, go(patient, 30), Kind.PRESENCE, "lps")) == 0


def test_providers_come_back_after_a_cool_off() -> None:
    """They would leave at once again; until then they stand in the pool for a block or two."""
    one = play("lps.jump=0.001", "lps.cool_off_s=30", "lps.half_life_s=1")
    one_rows = go(one, 20)
    accounts = next(found.accounts for found in one.cast.populations if found.name == "lps")
    for row in one.rows(*_lp_table()):
        row.jump = 1000.0
    rows = go(one, 120)
    assert len(of(one, one_rows, Kind.PRESENCE, "lps")) == 2
    assert list(of(one, rows, Kind.PRESENCE, "lps")["units"]) == [1, 1]
    assert all(position_of(one.world.block, pool_of(one), account) for account in accounts)


def _lp_table() -> tuple[Any, Any]:
    from shortdesk.stage.agents.amm_lp import AMM_LP
    from shortdesk.stage.parts import Part

    return Part.AMM_LPS, AMM_LP


def test_a_range_is_moved_when_the_price_has_drifted() -> None:
    one = play("lps.width=0.01", "lps.drift=0.2", "lps.jump=1000", "lps.patience=1000", "buyer.piece_usd=50000")
    rows = go(one, 150)
    assert len(of(one, rows, Kind.PRESENCE, "lps")) == 0
    mints, burns = of(one, rows, Kind.POOL_MINT, "lps"), of(one, rows, Kind.POOL_BURN, "lps")
    assert len(burns) > 0
    assert len(set(mints["price"])) > 1, "the range lies elsewhere now"


def test_a_pool_without_ranges_is_provided_too(tmp_path: Path) -> None:
    text = (scenario_folder() / "amm-exodus.toml").read_text()
    path = tmp_path / "flat.toml"
    path.write_text(text.replace("fee_bps = 30\n", 'fee_bps = 30\nform = "constant_product"\n'))
    one = open_play(find_scenario(str(path), list(SMALL)))
    rows = go(one, 60)
    assert len(of(one, rows, Kind.POOL_MINT, "lps")) == 2
    assert len(of(one, rows, Kind.POOL_SWAP, "buyer")) > 0
    assert sums(one) == [0] * len(one.cast.assets)


# --- swappers and arbitrage ---------------------------------------------------------------------------------


def test_a_buyer_goes_in_by_pieces_of_one_a_block() -> None:
    one = play()
    rows = go(one, 120)
    swaps = of(one, rows, Kind.POOL_SWAP, "buyer")
    assert list(swaps["units"]) == [-25_000 * 10**6] * 4
    assert len(set(swaps["time_ns"])) == 4
    assert set(swaps["mechanism"]) == {Mechanism.METAORDER}


def test_what_gets_too_little_fails_and_pays_its_gas() -> None:
    one = play("buyer.piece_usd=100000", "buyer.amount_usd=1000000", "buyer.slippage_bps=0.01")
    rows = go(one, 60)
    failed = of(one, rows, Kind.POOL_REVERT, "buyer")
    assert len(failed) > 0
    assert len(of(one, rows, Kind.BLOCK_FEE, "buyer")) >= 2 * len(failed)


def test_arbitrage_carries_the_pools_price_to_the_perpetual() -> None:
    """A buyer lifts the pool; arbitrageurs sell into it, buy the perpetual and hold as much of it as they sold."""
    one, still = play("buyer.piece_usd=100000"), play("buyer.amount_usd=0", "buyer.at_s=1899")
    rows = go(one, 150)
    go(still, 150)
    sold = of(one, rows, Kind.POOL_SWAP, "arbitrage")
    assert len(sold) > 0
    assert sold["lots"].sum() < 0
    market = one.cast.markets[POOL]
    perp = one.cast.markets["ETH-PERP"].number
    accounts = next(found.accounts for found in one.cast.populations if found.name == "arbitrage")
    held = sum(held_lots(one.world.block, account, perp) for account in accounts)
    gas = of(one, rows, Kind.BLOCK_FEE, "arbitrage")["units"].sum()
    lot = float(market.lot / market.base_unit)
    legs = of(one, rows, Kind.POOL_LEG, "arbitrage")
    base = legs["units"][legs["asset"] == one.cast.assets["ETH"]].sum() + gas
    assert abs(held + base / lot) <= 2 * len(accounts), "lots held against base sold and burnt, to a lot each way"
    assert mid_ticks(one.world.block, perp) > mid_ticks(still.world.block, perp)


def test_pool_and_perpetual_stay_together() -> None:
    one = play()
    go(one, 150)
    market = one.cast.markets[POOL]
    found = pool_price(one.world.block, pool_of(one)) * float(market.unit / market.base_unit)
    perp = mid_ticks(one.world.block, one.cast.markets["ETH-PERP"].number) * 0.1
    assert abs(found / perp - 1) < 0.006, "both fees and the edge, and a little for the block under way"


# --- searchers ----------------------------------------------------------------------------------------------


def with_searcher(folder: Path, *settings: str) -> Play:
    """The same with one searcher, a small pool and a buyer who is not careful."""
    path = folder / "mev.toml"
    searcher = f'[[population]]\nkind = "amm_searcher"\nname = "searcher"\ninstrument = "{POOL}"\n'
    path.write_text((scenario_folder() / "amm-exodus.toml").read_text() + "\n" + searcher)
    return open_play(find_scenario(str(path), [*SMALL, *settings]))


def test_a_searcher_goes_before_its_victim_and_sells_behind_it(tmp_path: Path) -> None:
    settings = (
        "buyer.amount_usd=100000", "buyer.piece_usd=100000", "buyer.slippage_bps=150", "arbitrage.edge_bps=500",
        "swappers.swaps_per_s=0.0001",
    )  # fmt: skip
    one, plain = with_searcher(tmp_path, *settings), play(*settings)
    rows, without = go(one, 50), go(plain, 50)
    swaps = rows[rows["kind"] == Kind.POOL_SWAP]
    (victim,) = of(one, rows, Kind.POOL_SWAP, "buyer")
    block = swaps[swaps["time_ns"] == victim["time_ns"]]
    mine = of(one, block, Kind.POOL_SWAP, "searcher")
    assert len(mine) == 2
    assert mine["seq"][0] < victim["seq"] < mine["seq"][1]
    assert set(mine["mechanism"]) == {Mechanism.MEV}
    assert mine["lots"][0] > 0 > mine["lots"][1]
    assert mine["units"].sum() > 0, "it got more of the quote than it paid, before gas"
    (unharmed,) = of(plain, without, Kind.POOL_SWAP, "buyer")
    assert victim["lots"] < unharmed["lots"], "the victim got less"
    assert sums(one) == [0] * len(one.cast.assets)


def test_a_searcher_leaves_alone_what_does_not_pay(tmp_path: Path) -> None:
    """A swap far below one fee of the reserve is not worth two fees on the way there and back."""
    one = with_searcher(tmp_path, "buyer.amount_usd=1000", "buyer.piece_usd=1000", "buyer.slippage_bps=500")
    rows = go(one, 50)
    assert len(of(one, rows, Kind.POOL_SWAP, "buyer")) == 1
    assert len(of(one, rows, Kind.POOL_SWAP, "searcher")) == 0


# --- the whole ----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_play_and_a_clone_goes_on_alike() -> None:
    one, two = play(), play()
    assert go(one, 40).tobytes() == go(two, 40).tobytes()
    other = one.clone()
    assert go(one, 70).tobytes() == go(other, 70).tobytes()
    assert one.digest() == other.digest()


def test_without_the_mechanism_nobody_leaves() -> None:
    one = play("lps.cool_off_s=1000")
    go(one, 20)
    one.switch_off([Mechanism.AMM], one.now_ns)
    for row in one.rows(*_lp_table()):
        row.jump = 0.0001
    assert len(of(one, go(one, 80), Kind.POOL_BURN, "lps")) == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('instrument = "ETH-USDC-30"\nwatch', 'instrument = "ETH-PERP"\nwatch', "unknown pool 'ETH-PERP'"),
        ("fee_bps = 30", "fee_bps = 25", "25; a concentrated pool takes 1, 5, 30 or 100"),
        ('venue = "dex"', 'venue = "futures"', "unknown chain 'futures'"),
        ('gas_asset = "ETH"', 'gas_asset = "BTC"', "unknown asset of its pools 'BTC'"),
        ("block_s = 12", "block_s = 0", "0; expected 0.1 to 3,600"),
        ('hedge = "ETH-PERP"', 'hedge = "ETH-USDC-30"', "is no perpetual on the coin of ETH-USDC-30"),
    ],
)
def test_a_scenario_that_cannot_be(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (scenario_folder() / "amm-exodus.toml").read_text()
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ShortdeskError, match=said):
        open_play(find_scenario(str(path), list(SMALL)))
