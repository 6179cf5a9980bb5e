"""The exact twin of liquidation: at a mark everybody is asked, and who has died is treated step by step.

Everybody is asked, whatever moved; those whose balance changed come first, the one that changed last before the
others, because margin that goes home may save a wallet. The sick are treated by the number of their balance.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from tests.twin.bank import BalanceKey, worth
from tests.twin.book import LegKey, Order
from tests.twin.command import Command
from tests.twin.covers import Case, CoveringMarket

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind, Mechanism, RiskState
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, Side, TimeInForce, Withdrawn
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.margin.risk import Trigger
from shortdesk.market.command import CommandKind
from shortdesk.market.covers import Cover
from shortdesk.market.open_market import LiquidationTerms

MS = 10**6
LEAST_WAIT_MS, MOST_IDLE = 1_000, 11
PPM = 10**6
AT_ANY_PRICE = (LiquidationForm.FRACTION_THEN_WAIT, LiquidationForm.INCREMENTAL)
BY_TIERS = (LiquidationForm.LOWER_TIER_THEN_TAKEOVER, LiquidationForm.TWO_TIERS_THEN_TAKEOVER)
TAKES_THE_REST = (LiquidationForm.IOC_THEN_TAKEOVER, *BY_TIERS)


class Due(NamedTuple):
    """A liquidation that goes on later."""

    ms: int
    balance: BalanceKey


class LiquidatingMarket(CoveringMarket):
    """A market in which people die. ``cases`` are the balances under liquidation, paused ones included."""

    def __init__(
        self, *args: Any, rules: LiquidationTerms, trigger: Trigger, one_units: dict[int, int], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.rules, self.trigger, self.one_units = rules, trigger, one_units
        self.cases: dict[BalanceKey, Case] = {}
        self.due: list[Due] = []
        self.unwinding: dict[BalanceKey, int] = {}  # purses that close what they took over, and the last takeover
        self.unwound: dict[BalanceKey, int] = {}  # by how many orders so far
        self.restless: list[int] = []
        self.new_marks: dict[int, int] = {}

    # ---- what a command stirs up

    def _pass_time(self, until: int) -> None:
        """Pauses that are over by then end one after the other, each at its own time."""
        self.woke = False
        while self.due and self.due[0].ms * MS <= until:
            self.woke = True
            self.now = max(self.now, self.due.pop(0).ms * MS)
            self._rest()

    def _stir(self, number: int) -> None:
        """An instrument's prices moved: its parked orders are asked, those of the last that moved first."""
        if number not in self.restless:
            self.restless.insert(0, number)

    def _mark_moved(self, number: int) -> None:
        self.new_marks[number] = self.cause
        self._stir(number)

    def _run_venue(self, command: Command) -> Refusal:
        refusal = super()._run_venue(command)
        if command.kind == CommandKind.MARK and refusal == Refusal.NONE:
            self._mark_moved(command.instrument)
        return refusal

    def _trade(self, order: Order, lots: int, is_immediate: bool) -> None:
        super()._trade(order, lots, is_immediate)
        if self._reached(order.leg[1]):
            self._stir(order.leg[1])

    def _rest(self) -> None:
        """The sick first, one after the other; then stops of one instrument, then those whom its new mark killed."""
        while True:
            if self._treat_somebody():
                continue
            if self.restless:
                number = self.restless[0]
                self._fire_all(number)
                if number in self.new_marks:
                    self.cause, self.mechanism = self.new_marks.pop(number), 0
                    self._ask_everybody(number)
                else:
                    self.restless.remove(number)
            else:
                return

    def _treat_somebody(self) -> bool:
        """Treat the sick balance with the lowest number, if one does not wait."""
        paused = {due.balance for due in self.due}
        sick = [balance for balance in (*self.cases, *self.unwinding) if balance not in paused]
        if not sick:
            return False
        first = min(sick, key=self.opened.index)
        if first in self.cases:
            self._treat(first)
        else:
            self._unwind(first)
        return True

    # ---- what a purse took over

    def _unwind_later(self, purse: BalanceKey, row: int) -> None:
        if not self.rules.unwind_ms:
            return
        if purse not in self.unwinding:
            self.unwound[purse] = 0
            self._wait(purse, self.rules.unwind_ms)
        self.unwinding[purse] = row

    def _unwind(self, purse: BalanceKey) -> None:
        """A part of its largest position goes into the book; what a fund lacks in the end is the venue's loss."""
        self.mechanism, self.cause = Mechanism.LIQUIDATION, self.unwinding[purse]
        key, deficit = self._worst_leg(purse), self.purses[self._venue_of(purse[0]), "deficit"]
        if key is None:
            del self.unwinding[purse], self.unwound[purse]
            if self.units[purse] < 0 and purse[0] != deficit:
                self._pay(Kind.DEFICIT, purse, (deficit, purse[1], None), -self.units[purse])
            return
        self._wait(purse, self.rules.unwind_ms)
        if key[1] in self.halted:
            return
        self.unwound[purse] += 1
        lots = self.positions[key].lots
        self._enter(
            Order(
                key, self.unwound[purse], Side.SELL if lots > 0 else Side.BUY, 0,
                ceil(abs(lots) * Fraction(self.rules.unwind_ppm, PPM)), flags=OrderFlag.REDUCE_ONLY,
                mechanism=Mechanism.LIQUIDATION, kind=OrderKind.MARKET, time_in_force=TimeInForce.IOC,
            )
        )  # fmt: skip

    # ---- who is asked

    def _ask_everybody(self, number: int) -> None:
        while self.touched:
            self._ask(self.touched.pop())
        for balance in list(self.opened):
            if any(self.positions[key].lots for key in self.legs_behind(balance)):
                self._ask(balance)

    def _ask(self, balance: BalanceKey) -> None:
        """The dead fall sick; so does a minus without positions; margin that nothing needs goes home."""
        account, asset, alone = balance
        if balance in self.cases or account in self.purses.values():
            return
        if any(self.positions[key].lots for key in self.legs_behind(balance)):
            if self.is_dead(balance):
                self.cases[balance] = Case(self.cause)
        elif self.units[balance] < 0:
            self.cases[balance] = Case(self.cause)
        elif alone and self.units[balance] > 0 and not self.legs[alone].orders:
            self._pay(Kind.MARGIN, (account, asset, None), balance, self.units[balance], instrument=alone[1])

    def is_dead(self, balance: BalanceKey) -> bool:
        """Whether equity no longer meets maintenance; where nothing has to be maintained nobody dies."""
        needed, equity = sum(map(self.maintenance, self.legs_behind(balance))), self.equity(balance)
        return needed != 0 and (equity <= needed if self.trigger == Trigger.AT_OR_BELOW else equity < needed)

    def is_liquidating(self, balance: BalanceKey) -> bool:
        """From the mark that killed it until the end, pauses included."""
        return balance in self.cases

    # ---- the steps

    def _treat(self, balance: BalanceKey) -> None:
        """Step after step until the balance is safe, empty, or has to wait."""
        case = self.cases[balance]
        self.treated = balance
        self.mechanism, self.cause = Mechanism.LIQUIDATION, case.since
        if not case.has_begun:
            self._begin(balance, case)
        while balance in self.cases and balance not in {due.balance for due in self.due}:
            self.cause = case.since
            key = self._worst_leg(balance)
            if key is None:
                self._pay_out(balance, case)
            elif not self.is_dead(balance):
                self._end(balance, case, self.equity(balance), RiskState.SAFE)
            elif key[1] in self.halted:
                self._wait(balance, LEAST_WAIT_MS)
            else:
                held = self.positions[key].lots
                self._step(balance, case, key)
                self._pause(balance, case, is_idle=self.positions[key].lots == held)
        self.treated = None

    def _begin(self, balance: BalanceKey, case: Case) -> None:
        """All orders that the balance stands behind are withdrawn, and it is said what begins."""
        for key in self.legs_behind(balance):
            for order in reversed(list(self.legs[key].orders.values())):
                self._withdraw(order, Withdrawn.BY_LIQUIDATION)
        worst = self._worst_leg(balance)
        number, lots = (worst[1], self.positions[worst].lots) if worst else (-1, 0)
        where = {
            "venue": self._venue_of(balance[0]), "instrument": number, "asset": balance[1], "account": balance[0],
            "price": self.seen(number) if worst else -1,
        }  # fmt: skip
        self.cause = self._row(
            Kind.RISK_STATE, **where, lots=lots if balance[2] else 0, units=self.equity(balance),
            code=RiskState.LIQUIDATING,
        )  # fmt: skip
        needed = sum(map(self.maintenance, self.legs_behind(balance)))
        case.since = self._row(Kind.LIQUIDATION_START, **where, lots=lots, units=needed, code=self.rules.form)
        case.has_begun = True

    def _worst_leg(self, balance: BalanceKey) -> LegKey | None:
        """The open leg with the largest maintenance, the lowest number among equals."""
        is_open = [key for key in self.legs if self.behind[key] == balance and self.positions[key].lots]
        return max(is_open, key=self.maintenance, default=None)

    def _step(self, balance: BalanceKey, case: Case, key: LegKey) -> None:
        """An order into the book or a takeover, by the venue's form; then what the form leaves to nobody is covered."""
        form, held = self.rules.form, self.positions[key].lots
        case.step, case.leg = case.step + 1, key
        needed = sum(map(self.maintenance, self.legs_behind(balance)))
        backstop = Fraction(self.rules.backstop_ppm, PPM) * needed > self.equity(balance) and self.rules.backstop_ppm
        lots = abs(held) if backstop else self._step_lots(key, case.step)
        takes_over = backstop or (form in BY_TIERS and self._kept_by_tiers(key) == 0)
        limit = self.seen(key[1]) if backstop else self._limit(balance, key)
        step_row = self.cause = self._row(
            Kind.LIQUIDATION_STEP, venue=self.terms[key[1]].venue, instrument=key[1], account=key[0],
            order=-1 if takes_over else case.step, price=-1 if form in AT_ANY_PRICE and not takes_over else limit,
            lots=-lots if held > 0 else lots, code=min(255, case.step),
        )  # fmt: skip
        if takes_over:
            self._cover(balance, case, key, lots, limit)
            return
        kind = OrderKind.MARKET if form in AT_ANY_PRICE else OrderKind.LIMIT
        self._enter(
            Order(
                key, case.step, Side.SELL if held > 0 else Side.BUY, limit, lots, flags=OrderFlag.REDUCE_ONLY,
                mechanism=Mechanism.LIQUIDATION, kind=kind, time_in_force=TimeInForce.IOC,
            )
        )  # fmt: skip
        unclosed = lots - (abs(held) - abs(self.positions[key].lots))
        if unclosed and self.is_dead(balance) and (form in TAKES_THE_REST or self.equity(balance) < 0):
            self.cause = step_row
            self._cover(balance, case, key, unclosed, self.bankruptcy(balance, key))

    def _step_lots(self, key: LegKey, step: int) -> int:
        """How much of a position one step is about."""
        rules, lots = self.rules, abs(self.positions[key].lots)
        if rules.form in BY_TIERS:
            return max(1, lots - self._kept_by_tiers(key))
        if rules.form == LiquidationForm.IOC_THEN_TAKEOVER:
            return lots
        if rules.form == LiquidationForm.FRACTION_THEN_WAIT and step > 1:
            return lots
        now = worth(self.terms[key[1]], lots, self.seen(key[1]))
        part = lots if now <= rules.threshold_units else ceil(lots * Fraction(rules.first_fraction_ppm, PPM))
        if rules.form == LiquidationForm.FILLABLE_CAPPED and now > rules.threshold_units:
            part = max(part, ceil(Fraction(lots * rules.threshold_units, now)))
        if 0 < rules.largest_step_units < now:
            part = min(part, floor(Fraction(lots * rules.largest_step_units, now)))
        return max(1, part)

    def _kept_by_tiers(self, key: LegKey) -> int:
        """So many lots fit into the tier that the step goes down to; none where the position is in the lowest."""
        tiers, lots = self.money[key[1]].tiers, abs(self.positions[key].lots)
        now = worth(self.terms[key[1]], lots, self.seen(key[1]))
        place = tiers.index(self.tier(key[1], now))
        if place < self.rules.last_taken:
            return 0
        return floor(Fraction(lots * tiers[max(0, place - self.rules.step_tiers)].cap, now))

    def _limit(self, balance: BalanceKey, key: LegKey) -> int:
        """The worst price of a step's order."""
        if self.rules.form in AT_ANY_PRICE:
            return 1 if self.positions[key].lots > 0 else self.terms[key[1]].highest_ticks
        if self.rules.form == LiquidationForm.FILLABLE_CAPPED:
            return self._fillable(balance, key)
        return self.bankruptcy(balance, key)

    def _fillable(self, balance: BalanceKey, key: LegKey) -> int:
        """From the mark towards bankruptcy, by how much of maintenance is missing; whole units and ticks of that."""
        needed, equity = sum(map(self.maintenance, self.legs_behind(balance))), self.equity(balance)
        most = floor(self.maintenance(key) * Fraction(self.rules.spread_ppm, PPM))
        missing = 1 - Fraction(equity, needed) if needed else Fraction(0)
        units = max(0, min(most, floor(floor(most * Fraction(self.rules.adjustment_ppm, PPM)) * missing)))
        terms, lots, mark = self.terms[key[1]], self.positions[key].lots, self.seen(key[1])
        whole = abs(lots) * terms.factor
        if terms.form != Form.INVERSE:
            return max(1, mark - units // whole) if lots > 0 else min(terms.highest_ticks, mark + units // whole)
        coins = worth(terms, lots, mark)
        if lots > 0:
            return max(1, min(mark, ceil(Fraction(whole, coins + units))))
        if coins <= units:
            return terms.highest_ticks
        return min(terms.highest_ticks, max(mark, floor(Fraction(whole, coins - units))))

    def bankruptcy(self, balance: BalanceKey, key: LegKey) -> int:
        """The last tick at which nothing is missing, all other prices held; the mark where the others decide alone."""
        terms, position = self.terms[key[1]], self.positions[key]
        is_long, lots = position.lots > 0, abs(position.lots)
        rest, entered = self.equity(balance) - self.profit(key), position.entry(lots)
        if terms.form == Form.INVERSE:
            root = entered + rest if is_long else entered - rest
            root = Fraction(lots * terms.factor, root) if root > 0 else Fraction(0)
        else:
            root = Fraction(entered - rest if is_long else entered + rest, lots * terms.factor)
        last = floor(root) if is_long else ceil(root)
        if root <= 0 or last > terms.highest_ticks:
            return self.seen(key[1])
        last = max(1, last)
        if rest + self.profit_at(key, last) < 0:
            last += 1 if is_long else -1
        return max(1, last)

    # ---- how it goes on

    def _pause(self, balance: BalanceKey, case: Case, is_idle: bool) -> None:
        """The next step comes after the venue's pause; after steps that closed nothing, each time twice as late."""
        case.idle = min(MOST_IDLE, case.idle + 1) if is_idle else 0
        if self._worst_leg(balance) is None:
            return
        case.taken_by = Cover.NOBODY
        least = LEAST_WAIT_MS * 2 ** (case.idle - 1) if case.idle else 0
        if wait := max(self.rules.wait_ms, least):
            self._wait(balance, wait)

    def _wait(self, balance: BalanceKey, wait_ms: int) -> None:
        self.due = sorted([*self.due, Due(self.now // MS + wait_ms, balance)], key=lambda due: due.ms)

    def _pay_out(self, balance: BalanceKey, case: Case) -> None:
        """Nothing is open: a minus is paid; what a takeover left is the fund's; else the owner keeps it."""
        account, asset, alone = balance
        number = case.leg[1] if case.leg else -1
        state = RiskState.SAFE if case.taken_by == Cover.NOBODY else RiskState.TAKEN_OVER
        if self.units[balance] < 0:
            state = RiskState.BANKRUPT
            self._pay_minus(balance, number)
        elif self.units[balance] > 0 and case.taken_by == Cover.INSURANCE:
            fund = (self.purses[self._venue_of(account), "insurance"], asset, None)
            self._pay(Kind.INSURANCE_IN, balance, fund, -self.units[balance], instrument=number)
        elif self.units[balance] > 0 and alone:
            self._pay(Kind.MARGIN, (account, asset, None), balance, self.units[balance], instrument=number)
        self._end(balance, case, self.units[balance], state)

    def _end(self, balance: BalanceKey, case: Case, equity: int, state: RiskState) -> None:
        worst = self._worst_leg(balance)
        self._row(
            Kind.LIQUIDATION_END, venue=self._venue_of(balance[0]), instrument=case.leg[1] if case.leg else -1,
            asset=balance[1], account=balance[0], lots=self.positions[worst].lots if worst else 0, units=equity,
            code=state,
        )  # fmt: skip
        del self.cases[balance]
        self._touch(balance)
