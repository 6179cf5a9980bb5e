"""The verbs of a play, and playing it from its first line to its last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shortdesk.doors.play import acts, checks, collateral, loans, pools, setup
from shortdesk.doors.play.stage import Miss, Stage, new_stage
from shortdesk.doors.play.words import Words, lines_of
from shortdesk.ground.errors import InputError
from shortdesk.ground.kinds import Kind

__all__ = ["VERBS", "play_file", "play_text"]

Verb = Callable[[Stage, Words], None]

_ORDER = (
    "WHO SIZE INSTRUMENT at PRICE|market [stop at PRICE] [take_profit at PRICE] [post_only] [slides] [reduce_only] "
    "[ioc] [fok] [on_last] [shows SIZE INSTRUMENT] [self_trade MODE] [as NUMBER]"
)
VERBS: dict[str, tuple[Verb, str]] = {
    "asset": (setup.asset, "asset NAME DECIMALS"),
    "venue": (
        setup.venue,
        "venue NAME [form FORM] [cover WHO ...] [adl_rank RANK] [adl_price PRICE] [wait TIME] [first_fraction RATE] "
        "[threshold AMOUNT ASSET] [largest_step AMOUNT ASSET] [backstop RATE] [spread RATE] [adjustment RATE] "
        "[step_tiers COUNT] [last_taken COUNT] [unwind TIME] [unwind_fraction RATE] [switches_open]",
    ),
    "perp": (
        setup.perp,
        "perp NAME on VENUE settle ASSET tick STEP lot STEP [inverse] rules VENUE_ID SYMBOL cross|isolated DAY | "
        "tiers FROM-TO RATE LEVERAGE ... [taker RATE] [maker RATE] [liquidation_fee RATE] [band RATE] "
        "[protection RATE from mark|touch|last]",
    ),
    "spot": (
        setup.spot,
        "spot NAME on VENUE base ASSET quote ASSET tick STEP lot STEP [taker RATE] [maker RATE] [band RATE] "
        "[protection RATE from mark|touch|last]",
    ),
    "account": (
        setup.account,
        "account NAME on VENUE [leverage TIMES] [cross|isolated] [hedged] [cancels_on_disconnect]",
    ),
    "collateral": (collateral.collateral, "collateral PAIR [haircut RATE] [exchange RATE]"),
    "multi_asset": (collateral.multi_asset, "multi_asset WHO"),
    "buy": (acts.buy, f"buy {_ORDER}"),
    "sell": (acts.sell, f"sell {_ORDER}"),
    "cancel": (acts.cancel, "cancel WHO order NUMBER | cancel all WHO [in INSTRUMENT]"),
    "amend": (acts.amend, "amend WHO order NUMBER [to SIZE INSTRUMENT] [at PRICE] [stop at PRICE]"),
    "deposit": (acts.deposit, "deposit WHO AMOUNT ASSET"),
    "withdraw": (acts.withdraw, "withdraw WHO AMOUNT ASSET"),
    "leverage": (acts.leverage, "leverage WHO TIMES in INSTRUMENT"),
    "isolated": (acts.isolated, "isolated WHO in INSTRUMENT"),
    "cross": (acts.cross, "cross WHO in INSTRUMENT"),
    "margin": (acts.margin, "margin WHO AMOUNT ASSET into INSTRUMENT | out of INSTRUMENT"),
    "connect": (acts.connect, "connect WHO"),
    "disconnect": (acts.disconnect, "disconnect WHO"),
    "mark": (acts.mark, "mark INSTRUMENT PRICE"),
    "halt": (acts.halt, "halt INSTRUMENT"),
    "resume": (acts.resume, "resume INSTRUMENT"),
    "outage": (acts.outage, "outage VENUE"),
    "recover": (acts.recover, "recover VENUE"),
    "wait": (acts.wait, "wait TIME"),
    "lending": (
        loans.lending,
        "lending LENDER on VENUE lends ASSET pair INSTRUMENT [rules VENUE_ID COLLATERAL BORROWED DAY] [lowest RATE] "
        "[slope_1 RATE] [slope_2 RATE] [optimal RATE] [initial_rate RATE] [initial_asset_rate RATE] [debt_rate RATE] "
        "[asset_rate RATE] [trigger at_or_below|below] [bonus RATE] [protocol_fee RATE] [close_factor RATE] "
        "[full_below RATE] [hours FORM] [compounds] [borrowed_apart] [reserve AMOUNT ASSET] [limit AMOUNT ASSET] "
        "[small AMOUNT ASSET]",
    ),
    "auto_borrow": (loans.auto_borrow, "auto_borrow WHO"),
    "borrow": (loans.borrow, "borrow WHO AMOUNT ASSET"),
    "repay": (loans.repay, "repay WHO AMOUNT ASSET"),
    "recall": (loans.recall, "recall WHO AMOUNT ASSET within TIME"),
    "buy_in": (loans.buy_in, "buy_in WHO ASSET"),
    "seize": (loans.seize, "seize WHO from WHO AMOUNT ASSET"),
    "accrue": (loans.accrue, "accrue VENUE"),
    "owes": (loans.owes, "owes WHO AMOUNT ASSET"),
    "chain": (pools.chain, "chain on VENUE every TIME gas ASSET base_fee GWEI"),
    "pool": (
        pools.pool,
        "pool NAME on VENUE base ASSET quote ASSET tick STEP lot STEP fee RATE [price PRICE]",
    ),
    "add": (pools.add, "add WHO AMOUNT ASSET AMOUNT ASSET to POOL [ticks LOWER UPPER] [tip GWEI]"),
    "remove": (pools.remove, "remove WHO PART from POOL [tip GWEI]"),
    "collect": (pools.collect, "collect WHO from POOL [tip GWEI]"),
    "swap": (pools.swap, "swap WHO AMOUNT ASSET in POOL [for AMOUNT ASSET] [tip GWEI]"),
    "expect": (
        checks.expect,
        "expect [no] EVENT [WHO [OTHER]] [SIZE INSTRUMENT] [at PRICE] [AMOUNT ASSET] [order NUMBER] [WHY] "
        "[by MECHANISM]",
    ),
    "balance": (checks.balance, "balance WHO AMOUNT ASSET [in INSTRUMENT]"),
    "equity": (checks.equity, "equity WHO AMOUNT ASSET [in INSTRUMENT]"),
    "maintenance": (checks.maintenance, "maintenance WHO AMOUNT ASSET [in INSTRUMENT]"),
    "position": (checks.position, "position WHO SIZE INSTRUMENT [long|short] [at PRICE]"),
    "open": (checks.open_orders, "open orders WHO COUNT"),
}
"""Each verb's function and the form of its line, which errors tell."""


def play_text(text: str, name: str) -> Stage:
    """Play a script; ``stage.misses`` are the lines that did not come true.

    A command that the market refuses is a miss too, unless an ``expect REFUSED`` line matched the refusal.

    Raises:
        InputError: a line is not understood; names file, line, the word and what was expected.
    """
    stage = new_stage()
    said = lines_of(text, name)
    if not said:
        raise InputError("the play is empty; expected lines such as 'asset USDT 6'", name)
    for words in said:
        verb = words.choice("verb", VERBS)
        act, words.usage = VERBS[verb]
        try:
            act(stage, words)
        except OverflowError:
            words.refuse("a number in this line is larger than a market can hold")
    texts = {words.where: words.text for words in said}
    for event in stage.events:
        if event.kind == Kind.REFUSED and event.seq not in stage.matched:
            stage.misses.append(Miss(event.where, f"that the market takes: {texts[event.where]}", (str(event),)))
    stage.misses.sort(key=lambda miss: int(miss.where.rpartition(":")[2]))
    return stage


def play_file(path: Path) -> Stage:
    """``play_text`` on a file.

    Raises:
        InputError: the file cannot be read, or a line is not understood.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from None
    except UnicodeDecodeError:
        raise InputError("is not text in UTF-8", str(path)) from None
    return play_text(text, str(path))
