"""What was answered to whom: an action that is sent again gets the answer of the first time and does nothing.

A person's last answers outlive the connection, so that an answer lost with the old socket is got by asking again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, TypeVar

from acd.desk.messages import Done, Refused

Waiter = TypeVar("Waiter")

KEPT_PER_PERSON: Final = 32
PERSONS_MAX: Final = 50_000


class Answer(Generic[Waiter]):
    """One action: who waits for its answer, and the answer once there is one."""

    __slots__ = ("given", "id", "waiters")

    def __init__(self, action_id: str, waiter: Waiter) -> None:
        self.id = action_id
        self.given: Done | Refused | None = None
        self.waiters: list[Waiter] = [waiter]

    def give(self, answer: Done | Refused) -> list[Waiter]:
        """Settle it and return who waited."""
        self.given = answer
        waiters, self.waiters = self.waiters, []
        return waiters


class Answers(Generic[Waiter]):
    """The last answers of everybody."""

    def __init__(self) -> None:
        self._by_person: OrderedDict[str, OrderedDict[str, Answer[Waiter]]] = OrderedDict()

    def find(self, person: str, action_id: str) -> Answer[Waiter] | None:
        """Return the earlier action of this id."""
        answers = self._by_person.get(person)
        return answers.get(action_id) if answers is not None else None

    def open(self, person: str, action_id: str, waiter: Waiter) -> Answer[Waiter]:
        """Begin a new action; the oldest one of the person is forgotten."""
        answers = self._by_person.get(person)
        if answers is None:
            answers = self._by_person[person] = OrderedDict()
            if len(self._by_person) > PERSONS_MAX:
                self._by_person.popitem(last=False)
        answer = answers[action_id] = Answer(action_id, waiter)
        if len(answers) > KEPT_PER_PERSON:
            answers.popitem(last=False)
        return answer
