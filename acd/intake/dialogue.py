"""The dialogue as a machine: answers in; what to note, what to ask next, or how it ended, out. Pure.

It is the same for voice and text: matter, category, number, thanks. It knows no prompts and no channel; the two
drivers turn questions into sound or text, and keys, recordings and lines into answers. It is not a solver: whoever
asks for a person, or is not understood three times at one question, goes back to the line with the place kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from acd.intake.understanding import number_in, wants_person

WORDS_CHARACTERS_MAX: Final = 8_000


class Category(msgspec.Struct, frozen=True):
    """What a matter may be about; `value` goes on the ticket. Its key is its place in the list, from 1."""

    value: str
    en: str
    zh: str


class Notes(msgspec.Struct, frozen=True):
    """What has been taken down; empty fields are not known yet."""

    category: str = ""
    words: str = ""
    recording: str = ""
    number: str = ""


class Question(StrEnum):
    """What the customer is asked."""

    MATTER = "matter"
    CATEGORY = "category"
    NUMBER = "number"
    """Is this number right?"""
    NUMBER_ENTRY = "number_entry"
    """Which number?"""


class Said(msgspec.Struct, frozen=True):
    """A line of text, or keys; "" is silence."""

    text: str


class Spoken(msgspec.Struct, frozen=True):
    """A recording; "" where nothing was said. `key` ended it."""

    recording: str
    key: str = ""


class Ask(msgspec.Struct, frozen=True):
    """Ask this. `misses`: how often it was asked in vain."""

    question: Question
    misses: int = 0
    number: str = ""
    """For NUMBER: the number to be confirmed."""


class Finish(msgspec.Struct, frozen=True):
    """Everything is down."""

    return_call: bool


class GiveUp(msgspec.Struct, frozen=True):
    """Back to the line; `asked_for_person` or `not_understood`."""

    reason: str


class Turn(msgspec.Struct, frozen=True):
    """What follows from an answer: `noted` is set where something new was taken down."""

    next: Ask | Finish | GiveUp
    noted: Notes | None = None


class Dialogue:
    """One dialogue with one customer."""

    def __init__(
        self,
        categories: Sequence[Category],
        own_number: str,
        known: Notes = Notes(),
        misses_max: int = 3,
        reads_back: bool = False,
    ) -> None:
        """Begin, or go on where an earlier dialogue with this customer was cut off.

        Args:
            categories: In the order of their keys, at most nine.
            own_number: Where the customer called from; "" where it is withheld.
            known: What was taken down before.
            misses_max: After so many answers to one question that were not understood, it gives up.
            reads_back: A number that was entered is to be confirmed; on a telephone nobody sees what they press.
        """
        assert 1 <= len(categories) <= 9, f"found {len(categories)} categories; expected one for each key"
        self._categories = tuple(categories)
        self._notes = known
        self._proposed = number_in(known.number or own_number) or ""
        self._misses_max = misses_max
        self._reads_back = reads_back
        self._misses = 0
        self._question = self._first_question()

    @property
    def notes(self) -> Notes:
        """What has been taken down so far."""
        return self._notes

    def begin(self) -> Turn:
        """Return the first question."""
        return Turn(self._ask())

    def hear(self, answer: Said | Spoken) -> Turn:
        """Take an answer to the last question."""
        if _asks_for_person(answer):
            return Turn(GiveUp("asked_for_person"))
        if self._question is Question.MATTER:
            return self._hear_matter(answer)
        text = answer.text.strip() if isinstance(answer, Said) else ""
        if self._question is Question.CATEGORY:
            return self._hear_category(text)
        if self._question is Question.NUMBER:
            return self._hear_confirmation(text)
        return self._hear_number(text)

    def _first_question(self) -> Question:
        if not (self._notes.words or self._notes.recording):
            return Question.MATTER
        return Question.CATEGORY if not self._notes.category else self._number_question()

    def _number_question(self) -> Question:
        return Question.NUMBER if self._proposed else Question.NUMBER_ENTRY

    def _hear_matter(self, answer: Said | Spoken) -> Turn:
        if isinstance(answer, Spoken):
            if not answer.recording:
                return self._miss()
            self._notes = msgspec.structs.replace(self._notes, recording=answer.recording)
        elif not self._add_words(answer.text):
            return self._miss()
        return self._go_on(Question.CATEGORY)

    def _hear_category(self, text: str) -> Turn:
        category = self._category_of(text)
        if category is not None:
            self._notes = msgspec.structs.replace(self._notes, category=category.value)
            return self._go_on(self._number_question())
        if not text.isdecimal() and self._add_words(text):
            # In a chat people go on telling; what they tell belongs to the matter.
            return self._miss(self._notes)
        return self._miss()

    def _hear_confirmation(self, text: str) -> Turn:
        if text.casefold() in ("1", "yes", "y", "是", "是的", "对", "好"):
            return self._take_number(self._proposed)
        if text.casefold() in ("2", "no", "n", "other", "否", "不是", "不对", "换"):
            return self._go_on(Question.NUMBER_ENTRY, noted=False)
        return self._hear_number(text)

    def _hear_number(self, text: str) -> Turn:
        if text.casefold() in ("skip", "none", "不用", "跳过"):
            return Turn(Finish(return_call=False))
        number = number_in(text)
        if number is None:
            return self._miss()
        if self._reads_back:
            self._proposed = number
            return self._go_on(Question.NUMBER, noted=False)
        return self._take_number(number)

    def _take_number(self, number: str) -> Turn:
        self._notes = msgspec.structs.replace(self._notes, number=number)
        return Turn(Finish(return_call=True), self._notes)

    def _add_words(self, text: str) -> bool:
        text = text.strip()
        if not text:
            return False
        words = f"{self._notes.words}\n{text}" if self._notes.words else text
        self._notes = msgspec.structs.replace(self._notes, words=words[:WORDS_CHARACTERS_MAX])
        return True

    def _category_of(self, text: str) -> Category | None:
        if text.isascii() and text.isdecimal():
            place = int(text) if len(text) == 1 else 0
            return self._categories[place - 1] if 1 <= place <= len(self._categories) else None
        said = text.casefold()
        names = ((each, (each.value, each.en, each.zh)) for each in self._categories)
        return next((each for each, known in names if said in (name.casefold() for name in known)), None)

    def _go_on(self, question: Question, noted: bool = True) -> Turn:
        self._question = question
        self._misses = 0
        return Turn(self._ask(), self._notes if noted else None)

    def _miss(self, noted: Notes | None = None) -> Turn:
        self._misses += 1
        if self._misses >= self._misses_max:
            return Turn(GiveUp("not_understood"), noted)
        return Turn(self._ask(), noted)

    def _ask(self) -> Ask:
        number = self._proposed if self._question is Question.NUMBER else ""
        return Ask(self._question, self._misses, number)


def _asks_for_person(answer: Said | Spoken) -> bool:
    return answer.key == "0" if isinstance(answer, Spoken) else wants_person(answer.text)
