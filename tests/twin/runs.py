"""Running both markets over a seed's commands; what fails is shrunk and printed as a table."""

from __future__ import annotations

import random
from collections import Counter

from tests.conftest import Depth
from tests.twin.command import Command, in_words
from tests.twin.compare import Differs, Pair
from tests.twin.random_commands import ACCOUNTS, Taste, random_commands, random_held, random_terms
from tests.twin.shrink import shortest

from shortdesk.ground.compile import interpreted


def part(depth: Depth, percent: int) -> int:
    """That part of all commands which a run of this depth tells; plain Python is slower and is told a tenth."""
    whole = depth.pick(quick=16_000, check=130_000, deep=12_000_000)
    return whole * percent // 100 // (10 if interpreted() else 1)


def pair_of(seed: int, taste: Taste) -> Pair:
    """The two markets of a seed before anything was told."""
    dice = random.Random(f"terms {seed}")
    terms = random_terms(dice)
    return Pair(terms, ACCOUNTS, random_held(dice, 11) if taste.reduce_only else {})


def commands_of(seed: int, count: int, taste: Taste) -> list[Command]:
    """The commands of a seed."""
    return random_commands(random.Random(f"commands {seed}"), count, taste)


def first_difference(seed: int, commands: list[Command], taste: Taste) -> tuple[int, str, Counter[str]]:
    """The number of the first command after which the two differ, or -1; in what; and what was seen until then."""
    pair = pair_of(seed, taste)
    for at, command in enumerate(commands):
        try:
            pair.tell(command)
        except Differs as difference:
            return at, str(difference), pair.seen
    pair.explain()
    return -1, "", pair.seen


def agree(seed: int, count: int, taste: Taste) -> Counter[str]:
    """Assert that both markets agree after each of ``count`` commands; what was seen on the way."""
    commands = commands_of(seed, count, taste)
    at, difference, seen = first_difference(seed, commands, taste)
    if at < 0:
        return seen
    kind = difference.partition(":")[0]

    def fails(part: list[Command]) -> bool:
        where, what, _ = first_difference(seed, part, taste)
        return where >= 0 and what.partition(":")[0] == kind

    few = shortest(commands[: at + 1], fails)
    _, difference, _ = first_difference(seed, few, taste)
    table = "\n".join(f"{number:>3}  {in_words(command)}" for number, command in enumerate(few, 1))
    terms = "\n".join(f"instrument {number} {row}" for number, row in pair_of(seed, taste).twin.terms.items())
    raise AssertionError(f"seed {seed}, command {at} of {count}\n{terms}\n{table}\n{difference}")
