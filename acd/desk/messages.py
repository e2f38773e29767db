"""The messages of the desk websocket, both ways, and their two encodings. Written down in `PROTOCOL.md`.

Pure: bytes to messages and back. What an action does is `desk_events.py`'s business, who may do it
`roles.py`'s. Malformed input is a `DeskError` with what was found and what was expected.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from acd.desk.actions import AnyAction, tag_of
from acd.desk.rows import Tables
from acd.routing.model import PersonId, TeamId

JSON_SUBPROTOCOL: Final = "acd.desk.v1+json"
MSGPACK_SUBPROTOCOL: Final = "acd.desk.v1+msgpack"
SUBPROTOCOLS: Final = (JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL)

TOKEN_LENGTH_MAX: Final = 2_048
"""Characters of a token; what is longer is none."""
FRAME_BYTES_MAX: Final = 65_536
"""Largest frame a desk may send; a larger one closes with 1009."""


class Close(IntEnum):
    """Close codes of the socket, beside those of RFC 6455."""

    GOING_AWAY = 1001
    """The node stops in order; connect again after a moment."""
    BAD_MESSAGE = 4400
    """Messages that are none, again and again, or a first message that is no `hello`."""
    UNAUTHORIZED = 4401
    """No token, or it is wrong, expired or revoked: sign in again."""
    FORBIDDEN = 4403
    """The role may not have this view."""
    TIMEOUT = 4408
    """No `hello` in time, or no sign of life."""
    REPLACED = 4409
    """A newer session of the same person took over; do not reconnect by yourself."""
    TOO_SLOW = 4413
    """Messages for this socket piled up past the limit; connect again and resume."""
    TOO_MANY = 4429
    """Too many messages, or too many sockets; wait before connecting again."""
    NOT_READY = 4503
    """The node cannot serve desks now; connect again after a moment."""


class DeskError(Exception):
    """The peer sent what is no message; `code` is stable. `about` is the `id` it bears, where one can be read."""

    def __init__(self, code: str, found: str, expected: str, about: str = "") -> None:
        super().__init__(f"{code}: found {found}, expected {expected}")
        self.about = about
        self.code = code
        self.found = found
        self.expected = expected


class ClientMessage(msgspec.Struct, frozen=True, tag_field="type", tag=tag_of, forbid_unknown_fields=True):
    """Base of what a client sends and that is no action."""


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a client's copy of a view stands."""

    stream: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class Hello(ClientMessage, frozen=True):
    """The first message: who I am, which view I want, and what I still have of it."""

    token: Annotated[str, Meta(max_length=TOKEN_LENGTH_MAX)]
    view: Annotated[str, Meta(pattern="^(agent|supervisor)$")] = "agent"
    resume: Resume | None = None


class RenewToken(ClientMessage, frozen=True):
    """A newer token of the same person, before the old one expires."""

    token: Annotated[str, Meta(max_length=TOKEN_LENGTH_MAX)]


class Heartbeat(msgspec.Struct, frozen=True, tag_field="type", tag=tag_of, forbid_unknown_fields=True):
    """Sign of life. The server sends it; the client answers at once with its own."""

    at_ms: int = 0


class ServerMessage(msgspec.Struct, frozen=True, tag_field="type", tag=tag_of):
    """Base of what the server sends."""


class PersonCard(msgspec.Struct, frozen=True):
    """Who has signed in."""

    person: PersonId
    name: str
    role: str
    teams: tuple[TeamId, ...] = ()
    language: str = "en"


class Welcome(ServerMessage, frozen=True):
    """The token is good. A `snapshot` follows, or the missing deltas if the view could be resumed."""

    session: str
    person: PersonCard
    view: str
    at_ms: int
    token_expires_at_ms: int
    heartbeat_ms: int
    """How often the server sends a heartbeat; a socket silent for `silence_ms` is dead, to both sides."""
    silence_ms: int
    reasons: tuple[str, ...]
    """Reasons for not_ready that an agent may choose."""
    actions: tuple[str, ...]
    """What this role may ask for."""
    cannot: dict[str, tuple[str, ...]]
    """By adapter (`adapter` of a row), what it is not able to do (`hold`, `consult`, ...): grey it out."""
    resumed: bool


class Snapshot(ServerMessage, frozen=True):
    """The whole view as of `seq` of `stream`."""

    stream: str
    seq: int
    at_ms: int
    tables: Tables


class Delta(ServerMessage, frozen=True):
    """What changed since `after`, which is the `seq` of the snapshot or delta before it."""

    after: int
    seq: int
    at_ms: int
    set: Tables = Tables()
    gone: dict[str, tuple[str, ...]] = {}
    """Keys of rows that are no more, by table; a number key is written in digits."""


class Done(ServerMessage, frozen=True):
    """The action with this id is done and durable."""

    id: str
    result: dict[str, str] = {}


class Refused(ServerMessage, frozen=True):
    """The action with this id was not done. `id` is empty if the message bears none that could be read."""

    id: str
    code: str
    found: str = ""
    expected: str = ""


AnyClientMessage = Hello | RenewToken | Heartbeat | AnyAction
AnyServerMessage = Welcome | Snapshot | Delta | Heartbeat | Done | Refused

_JSON_IN: Final[msgspec.json.Decoder[AnyClientMessage]] = msgspec.json.Decoder(AnyClientMessage)
_MSGPACK_IN: Final[msgspec.msgpack.Decoder[AnyClientMessage]] = msgspec.msgpack.Decoder(AnyClientMessage)
_JSON_OUT = msgspec.json.Encoder()
_MSGPACK_OUT = msgspec.msgpack.Encoder()


def parse_client_message(frame: bytes | str, subprotocol: str) -> AnyClientMessage:
    """Read one frame of a client.

    Raises:
        DeskError: `bad_message`; nothing of it was taken.
    """
    try:
        if subprotocol == JSON_SUBPROTOCOL:
            return _JSON_IN.decode(frame)
        if isinstance(frame, str):
            raise DeskError("bad_message", "a text frame", "a binary frame of MessagePack")
        return _MSGPACK_IN.decode(frame)
    except msgspec.ValidationError as error:
        about = _id_of(frame, subprotocol)
        raise DeskError("bad_message", str(error)[:300], "a message of PROTOCOL.md", about) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DeskError("bad_message", str(error)[:300] or type(error).__name__, subprotocol) from None


def encode_server_message(message: AnyServerMessage, subprotocol: str) -> bytes:
    """Write one message; JSON goes out as a text frame, MessagePack as a binary frame."""
    if subprotocol == JSON_SUBPROTOCOL:
        return _JSON_OUT.encode(message)
    return _MSGPACK_OUT.encode(message)


class _Numbered(msgspec.Struct):
    """Whatever bears an id."""

    id: Annotated[str, Meta(max_length=64)] = ""


def _id_of(frame: bytes | str, subprotocol: str) -> str:
    """Return the `id` of a message that is none of ours, so that whoever waits for its answer gets one."""
    try:
        if subprotocol == JSON_SUBPROTOCOL:
            return msgspec.json.decode(frame, type=_Numbered).id
        return msgspec.msgpack.decode(frame, type=_Numbered).id  # type: ignore[arg-type]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""
