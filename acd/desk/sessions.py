"""Open desks: one session for each websocket, what is written to it, and when it is dead.

Nothing here waits for a socket. What a socket cannot take stays in its stream as the difference between two
numbers (see `streams.py`); the bytes that were handed to the transport are counted, and a socket for which more
than the limit is held, or that takes nothing for too long, is cut.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Final

from acd.desk.frames import build_message_frame
from acd.desk.messages import AnyServerMessage, Close, PersonCard, Welcome
from acd.desk.people import DeskSettings, Person
from acd.desk.requests import Asker
from acd.desk.streams import Reader
from acd.desk.tokens import Claims
from acd.desk.views import AgentView, SupervisorView
from acd.routing.model import AgentId, Link

WRITE_AHEAD_BYTES: Final = 131_072
"""A socket with this much unsent gets no more of its view until it has taken some of it."""
FAREWELL_S: Final = 2.0
"""How long a closing handshake may take."""
BAD_MESSAGES_MAX: Final = 10


class Outbox:
    """What was written to sockets in this turn of the loop goes out at its end: one write for each socket.

    An answer and the change that it brought are two messages of one moment; a write costs more than both.
    """

    def __init__(self) -> None:
        self._sessions: list[Session] = []

    def add(self, session: Session) -> None:
        """Take a session that has something to be written."""
        if not self._sessions:
            asyncio.get_running_loop().call_soon(self.flush)
        self._sessions.append(session)

    def flush(self) -> None:
        """Write."""
        sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.flush()


class Session:
    """One websocket after its `hello`."""

    __slots__ = (
        "_allowance",
        "_allowance_at_ms",
        "_held_bytes",
        "_outbox",
        "_pending",
        "_pending_bytes",
        "_settings",
        "_stalled_since_ms",
        "_transport",
        "asker",
        "bad_messages",
        "claims",
        "close_code",
        "heard_at_ms",
        "id",
        "is_welcome",
        "links",
        "reader",
        "signed_in",
        "slot",
        "subprotocol",
        "view",
    )

    def __init__(
        self,
        session_id: str,
        asker: Asker,
        claims: Claims,
        view: AgentView | SupervisorView,
        reader: Reader,
        transport: asyncio.Transport,
        settings: DeskSettings,
        outbox: Outbox,
        now_ms: int,
    ) -> None:
        self.id = session_id
        self.asker = asker
        self.claims = claims
        self.view = view
        self.reader = reader
        self.subprotocol = reader.subprotocol
        self.heard_at_ms = now_ms
        self.bad_messages = 0
        self.close_code: Close | None = None
        self.links: set[Link] = set()
        """Links that this session has reported up, beside the desk itself."""
        self.is_welcome = False
        """Whether `welcome` was sent; before it nothing is."""
        self.signed_in = False
        """Whether the engine knows of this session."""
        self.slot = 0
        """Which of the desks' turns looks after this session."""
        self._transport = transport
        self._settings = settings
        self._outbox = outbox
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._allowance = float(settings.messages_burst)
        self._allowance_at_ms = now_ms
        self._held_bytes = 0
        self._stalled_since_ms: int | None = None

    @property
    def person(self) -> Person:
        """Whose desk it is."""
        return self.asker.person

    @property
    def agent(self) -> AgentId:
        """The agent that this person is."""
        return self.asker.agent

    def held_bytes(self) -> int:
        """Return how many bytes are held for this socket."""
        unsent = 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()
        return unsent + self._pending_bytes

    def open(self, welcome: Welcome) -> None:
        """Send `welcome`; from now on the view follows."""
        self.is_welcome = True
        self.send(welcome)

    # --- writing ------------------------------------------------------------------------------------

    def send(self, message: AnyServerMessage) -> None:
        """Send a message at once."""
        self.write(build_message_frame(message, self.subprotocol))

    def write(self, frame: bytes) -> None:
        """Write a frame, or cut the socket if too much is held for it already."""
        if self.close_code is not None or self._transport.is_closing():
            return
        if self.held_bytes() + len(frame) > self._settings.unsent_bytes_max:
            self.close(Close.TOO_SLOW)
            return
        self._pending.append(frame)
        self._pending_bytes += len(frame)
        if len(self._pending) == 1:
            self._outbox.add(self)

    def flush(self) -> None:
        """Hand what was written to the transport."""
        frames, self._pending, self._pending_bytes = self._pending, [], 0
        if frames and not self._transport.is_closing():
            self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))

    def pump(self, now_ms: int) -> bool:
        """Give the reader what it lacks, as far as the socket takes it. Return whether something is left."""
        if not self.is_welcome:
            return False
        while self.reader.is_behind() and self.close_code is None and not self._transport.is_closing():
            held = self.held_bytes()
            if held >= min(WRITE_AHEAD_BYTES, self._settings.unsent_bytes_max // 2):
                return self._note_stall(held, now_ms)
            self._stalled_since_ms = None
            piece = self.reader.next_piece(now_ms)
            if piece is not None:
                self.write(piece.frame)
        return False

    def _note_stall(self, held: int, now_ms: int) -> bool:
        if self._stalled_since_ms is None or held < self._held_bytes:
            self._stalled_since_ms = now_ms
        elif now_ms - self._stalled_since_ms >= self._settings.stalled_ms_max:
            self.close(Close.TOO_SLOW)
            return False
        self._held_bytes = held
        return True

    # --- closing ------------------------------------------------------------------------------------

    def close(self, code: Close) -> None:
        """Close the socket with a code; what the peer does not take within a moment is thrown away."""
        if self.close_code is not None:
            return
        self.flush()
        self.close_code = code
        close_transport(self._transport, code)

    # --- what comes in ------------------------------------------------------------------------------

    def take_allowance(self, now_ms: int) -> bool:
        """Count a message in. Return False if there were too many."""
        settings = self._settings
        gained = (now_ms - self._allowance_at_ms) * settings.messages_per_s_max / 1000
        self._allowance = min(self._allowance + gained, float(settings.messages_burst)) - 1.0
        self._allowance_at_ms = now_ms
        return self._allowance >= 0.0


def close_transport(transport: asyncio.Transport, code: int) -> None:
    """Write a close frame and let go. The peer's own close frame is read by the socket's handler."""
    if transport.is_closing():
        return
    transport.write(b"\x88\x02" + struct.pack("!H", code))
    asyncio.get_running_loop().call_later(FAREWELL_S, transport.abort)


def card_of(person: Person) -> PersonCard:
    """Return what a page is told of its person."""
    return PersonCard(person.person, person.name, person.role.value, person.teams, person.language)
