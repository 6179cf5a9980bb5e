"""The words of one line of a play: taken one after the other, each error naming the place, the word and the expected.

A line is words apart by spaces; what follows a ``#`` is a remark. Numbers are exact: ``60000.5``, ``0.05%``, ``20x``,
``30s``; thousands may be set apart by ``_``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from fractions import Fraction
from typing import NoReturn, TypeVar

from shortdesk.ground.errors import InputError, UsageError, unknown_name
from shortdesk.ground.fine import to_fraction

__all__ = ["LARGEST", "Words", "is_number", "lines_of"]

LARGEST = 1 << 62
"""No number of a command may be as large."""
_NS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
_Member = TypeVar("_Member", bound=IntEnum)


def is_number(word: str) -> bool:
    """Whether a word is a plain number."""
    try:
        to_fraction(word)
    except UsageError:
        return False
    return True


class Words:
    """What is left of a line. ``usage`` is the verb's form, told with every error."""

    def __init__(self, words: list[str], where: str, text: str) -> None:
        self.words, self.where, self.text = words, where, text
        self.usage = ""

    def refuse(self, message: str) -> NoReturn:
        """Stop the play because of this line.

        Raises:
            InputError: always.
        """
        form = f" The line goes: {self.usage}" if self.usage else ""
        stop = "" if message.endswith((".", "?")) else "."
        raise InputError(f"{message}{stop}{form}", self.where)

    def peek(self) -> str:
        """The next word, empty at the end."""
        return self.words[0] if self.words else ""

    def take(self, expected: str) -> str:
        """The next word."""
        if not self.words:
            self.refuse(f"the line ends too early; expected {expected}.")
        return self.words.pop(0)

    def skip(self, *wanted: str) -> bool:
        """Pass over these words if they come next."""
        if [word.casefold() for word in self.words[: len(wanted)]] != list(wanted):
            return False
        del self.words[: len(wanted)]
        return True

    def need(self, wanted: str) -> None:
        """Pass over a word that has to come next."""
        given = self.take(f"'{wanted}'")
        if given.casefold() != wanted:
            self.refuse(f"'{given}' is not understood here; expected '{wanted}'.")

    def end(self) -> None:
        """Nothing may follow."""
        if self.words:
            self.refuse(f"'{self.words[0]}' is one word too many; expected the end of the line.")

    def options(self, known: Mapping[str, Callable[[], None]]) -> None:
        """The rest of the line: optional words in any order, each with what reads on behind it."""
        while self.words:
            word = self.words.pop(0)
            if word.casefold() not in known:
                self.refuse(unknown_name("word", word, known))
            known[word.casefold()]()

    def new_name(self, what: str, taken: Iterable[str]) -> str:
        """A name that nobody has yet."""
        name = self.take(f"a name for the {what}")
        if is_number(name) or not name[0].isalpha():
            self.refuse(f"'{name}' is not a name; expected a word that begins with a letter.")
        if name in taken:
            self.refuse(f"the name '{name}' is already taken; expected a new one for the {what}.")
        return name

    def known(self, what: str, names: Mapping[str, int]) -> int:
        """The number of something named before."""
        name = self.take(f"the name of a known {what}")
        if name not in names:
            if not names:
                self.refuse(f"unknown {what} '{name}'; none was opened yet.")
            self.refuse(unknown_name(what, name, names))
        return names[name]

    def member(self, what: str, kinds: type[_Member]) -> _Member:
        """A word out of a fixed list; upper and lower case alike."""
        word = self.take(what)
        by_name = {kind.name.casefold(): kind for kind in kinds}
        if word.casefold() not in by_name:
            self.refuse(unknown_name(what, word, by_name))
        return by_name[word.casefold()]

    def choice(self, what: str, known: Iterable[str]) -> str:
        """One of several words."""
        word = self.take(f"a {what}")
        names = list(known)
        if word.casefold() not in names:
            self.refuse(unknown_name(what, word, names))
        return word.casefold()

    def number(self, what: str) -> Fraction:
        """An exact number."""
        return self._exact(self.take(what), what)

    def _exact(self, word: str, what: str, unit: str = "") -> Fraction:
        number = word[: len(word) - len(unit)] if unit and word.endswith(unit) else word
        try:
            return to_fraction(number)
        except UsageError:
            self.refuse(f"'{word}' is not a number; expected {what}.")

    def whole(self, what: str) -> int:
        """A whole number."""
        value = self.number(what)
        if value.denominator != 1 or abs(value) >= LARGEST:
            self.refuse(f"{what} has to be a whole number below 2^62.")
        return value.numerator

    def steps(self, what: str, step: Fraction) -> int:
        """A number as a count of steps, such as a price in ticks."""
        word = self.peek()
        count = self.number(what) / step
        if count.denominator != 1:
            self.refuse(f"{word} is not on the grid; expected {what} in steps of {_decimal(step)}.")
        if abs(count) >= LARGEST:
            self.refuse(f"{word} is too large; expected {what} below {_decimal(LARGEST * step)}.")
        return count.numerator

    def rate(self, what: str) -> Fraction:
        """A part of one: ``0.05%`` or ``0.0005``."""
        word = self.take(what)
        return self._exact(word, f"{what} such as 0.05%", "%") / (100 if word.endswith("%") else 1)

    def times(self, what: str) -> Fraction:
        """A multiple such as ``20x``."""
        return self._exact(self.take(what), f"{what} such as 20x", "x")

    def nanoseconds(self, what: str) -> int:
        """A length of time such as ``30s``, ``500ms``, ``5m``, ``8h``, ``1d``."""
        word = self.take(what)
        unit = word.lstrip("0123456789._")
        if unit not in _NS:
            self.refuse(f"'{word}' is not a length of time; expected {what} such as 500ms, 30s, 5m, 8h or 1d.")
        found = self._exact(word, what, unit) * _NS[unit]
        if found.denominator != 1 or found >= LARGEST:
            self.refuse(f"'{word}' does not fit the clock; expected {what} in whole nanoseconds below 146 years.")
        return found.numerator


def _decimal(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else str(float(value))


def lines_of(text: str, name: str) -> list[Words]:
    """The lines of a play that say something."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if said:
            found.append(Words(said.split(), f"{name}:{number}", said))
    return found
