"""One chat: its lines, where it stands, what it is being asked. No sockets, no clock, no SQL.

Lines are numbered from 1 without gaps. They are shown to the customer once stored, in order; agents see them at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from acd.ports import ChatChoice, ChatMessage, Speaker
from acd.routing.model import AgentId, ContactId, Identity
from telephony_adapters.web.settings import LINES_MAX, LINES_PER_WINDOW, WELCOME_LINES_MAX, WINDOW_S
from telephony_adapters.web.wire import Asked, AskedNoMore, Choice, Line, State, ToPage

WAITING: Final = "waiting"
BOT: Final = "bot"
CONNECTING: Final = "connecting"
TALKING: Final = "talking"
HELD: Final = "held"
ENDED: Final = "ended"


class KeptChat(msgspec.Struct, frozen=True):
    """What must be known of a chat to take it up again after a crash: the `resume` bytes of its leg."""

    identity: Identity
    language: str
    queue: str = ""
    name: str = ""
    state: str = WAITING
    agent: str = ""


class Chat:
    """One customer's visit."""

    def __init__(self, contact: ContactId, kept: KeptChat) -> None:
        self.contact = contact
        self.identity = kept.identity
        self.language = kept.language
        self.name = kept.name
        self.state = State(kept.state, agent=kept.agent, queue=kept.queue)
        self.question: Asked | None = None
        self.lines: list[ChatMessage] = []
        self.shown = 0
        """The number of the last line that the customer may see."""
        self.ticket = ""
        self.why = ""
        """Why it ended; "" while it has not, or nobody has said."""
        self.intake_key = ""
        """The last order that handed it to the bot."""
        self._choices: dict[int, Sequence[ChatChoice]] = {}
        self._keys: dict[tuple[Speaker, str], int] = {}
        self._key_of: dict[int, str] = {}
        self._recent: deque[float] = deque(maxlen=LINES_PER_WINDOW)

    @property
    def is_ended(self) -> bool:
        """Whether the visit is over."""
        return self.state.state == ENDED

    @property
    def is_full(self) -> bool:
        """Whether it holds as many lines as a visit may."""
        return len(self.lines) >= LINES_MAX

    def kept(self) -> KeptChat:
        """Return what must be known after a crash."""
        state = self.state
        return KeptChat(self.identity, self.language, state.queue, self.name, state.state, state.agent)

    def line_of(self, by: Speaker, key: str) -> ChatMessage | None:
        """Return the line that this speaker has said under this key."""
        number = self._keys.get((by, key)) if key else None
        return None if number is None else self.lines[number - 1]

    def is_too_fast(self, now_s: float) -> bool:
        """Count a line of the customer, and return whether it is one too many for the window."""
        if len(self._recent) == LINES_PER_WINDOW and now_s - self._recent[0] < WINDOW_S:
            return True
        self._recent.append(now_s)
        return False

    def add(
        self,
        by: Speaker,
        text: str,
        at_ms: int,
        *,
        key: str = "",
        name: str = "",
        agent: AgentId | None = None,
        choices: Sequence[ChatChoice] = (),
    ) -> ChatMessage:
        """Add a line."""
        line = ChatMessage(self.contact, len(self.lines) + 1, by, text, at_ms, name, agent)
        self._put(line, key)
        if choices:
            self._choices[line.number] = choices
        return line

    def drop_last(self) -> None:
        """Take the last line back: nobody has seen it, and the store would not have it."""
        line = self.lines.pop()
        key = self._key_of.pop(line.number, "")
        self._keys.pop((line.by, key), None)
        self._choices.pop(line.number, None)

    def restore(self, lines: Sequence[tuple[ChatMessage, str]]) -> None:
        """Put the stored lines back, and count them as seen fit to be shown."""
        for line, key in lines:
            if line.number == len(self.lines) + 1:
                self._put(line, key)
        self.shown = len(self.lines)

    def show(self, number: int) -> list[Line]:
        """Let the customer see lines up to `number`; return those that they see for the first time."""
        first, self.shown = self.shown, max(self.shown, min(number, len(self.lines)))
        return [self._line(line) for line in self.lines[first : self.shown]]

    def shown_after(self, number: int) -> list[Line]:
        """Return the lines after `number` that the customer may see, the newest of them if they are many."""
        return [self._line(line) for line in self.lines[max(0, number) : self.shown][-WELCOME_LINES_MAX:]]

    def turn_to(self, state: str, *, agent: str = "") -> list[ToPage]:
        """Change where the visit stands; return what the page is to be told."""
        new = State(state, agent=agent, queue=self.state.queue)
        over: list[ToPage] = [] if state == WAITING else self.ask_no_more()
        if new == self.state:
            return over
        self.state = new
        return [*over, new]

    def stand_in(self, queue: str) -> list[ToPage]:
        """Wait in this queue; the position is not known yet."""
        new = State(WAITING, queue=queue)
        if new == self.state:
            return []
        self.state = new
        return [new]

    def stand_at(self, position: int, estimate_ms: int | None) -> list[ToPage]:
        """Tell position and estimate, if the visit waits and they are news."""
        new = State(WAITING, position, estimate_ms, queue=self.state.queue)
        if self.state.state != WAITING or new == self.state or position <= 0:
            return []
        self.state = new
        return [new]

    def ask(self, question: Asked) -> list[ToPage]:
        """Ask, if the visit waits; a repeated turn is the same question."""
        if self.state.state != WAITING or self.question == question:
            return []
        self.question = question
        return [question]

    def ask_no_more(self) -> list[ToPage]:
        """Take the question away."""
        question, self.question = self.question, None
        return [] if question is None else [AskedNoMore(question.turn)]

    def _put(self, line: ChatMessage, key: str) -> None:
        self.lines.append(line)
        if key:
            self._keys[line.by, key] = line.number
            self._key_of[line.number] = key

    def _line(self, line: ChatMessage) -> Line:
        key = self._key_of.get(line.number, "") if line.by is Speaker.CUSTOMER else ""
        choices = [Choice(each.value, each.label) for each in self._choices.get(line.number, ())]
        name = line.name if line.by is Speaker.AGENT else ""
        return Line(line.number, line.by.value, line.text, line.at_ms, name, key, choices)
