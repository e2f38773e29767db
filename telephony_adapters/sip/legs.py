"""One telephone connection of a call: its dialog, its open INVITEs and both session descriptions.

A leg is plain data with questions; `Signalling` moves it. What the adapter must know of it comes as one of
the happenings below. `pack_leg` and `unpack_leg` turn a leg into the opaque bytes that survive a crash.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from telephony_adapters.sip.dialogs import CSEQ_LEAP, Dialog
from telephony_adapters.sip.message import SipRequest, SipResponse
from telephony_adapters.sip.transactions import Peer, Transaction
from telephony_adapters.sip.wire import parse_message, serialize


class LegState(StrEnum):
    """From INVITE to BYE."""

    CALLING = "calling"
    """INVITE came or went, no final answer yet."""
    ANSWERED = "answered"
    """Our 2xx is out, the ACK is not here."""
    UP = "up"
    ENDED = "ended"


class Leg:
    """One leg. `owner` is whoever the adapter says; `name` is unique and used in logs and `LegStored`."""

    __slots__ = (
        "bye_wanted", "dialog", "forwards", "invite", "is_caller", "is_early", "local_sdp", "name", "owner", "peer",
        "reinvite_in", "reinvite_out", "remote_sdp", "retries", "sdp_id", "sdp_version", "state", "tag", "wanted_sdp",
    )  # fmt: skip

    def __init__(self, name: str, is_caller: bool, peer: Peer, sdp_id: int) -> None:
        self.name = name
        self.is_caller = is_caller
        """Whether the peer called us (we are the server of the first INVITE)."""
        self.peer = peer
        self.state = LegState.CALLING
        self.dialog: Dialog | None = None
        self.invite: Transaction | None = None
        self.reinvite_out: Transaction | None = None
        self.reinvite_in: Transaction | None = None
        self.wanted_sdp: bytes | None = None
        """What the next re-INVITE shall offer; the latest wish wins. Empty: ask the peer for an offer."""
        self.retries = 0
        self.local_sdp = b""
        self.remote_sdp = b""
        self.is_early = False
        """Whether `local_sdp` went out in a provisional response; the final one must then repeat it."""
        self.forwards = 70
        self.sdp_id = sdp_id
        self.sdp_version = 0
        self.tag = ""
        self.bye_wanted = False
        self.owner: object = None

    @property
    def is_up(self) -> bool:
        """Whether the dialog stands and the ACK has passed."""
        return self.state is LegState.UP

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will come of this leg."""
        return self.state is LegState.ENDED

    @property
    def is_negotiating(self) -> bool:
        """Whether an offer is under way, so that another must wait (RFC 3261 section 14.1)."""
        return self.reinvite_out is not None or self.reinvite_in is not None or not self.is_up

    def __repr__(self) -> str:
        return f"<Leg {self.name} {self.state}>"


class CallCame(msgspec.Struct, frozen=True):
    """A new INVITE; answer with `ring`, `answer` or `refuse`. The leg has no owner yet."""

    leg: Leg
    request: SipRequest


class LegRang(msgspec.Struct, frozen=True):
    """The called peer said 101 to 199."""

    leg: Leg
    status: int


class LegAnswered(msgspec.Struct, frozen=True):
    """The called peer answered; the ACK is out. `leg.remote_sdp` is theirs."""

    leg: Leg


class LegFailed(msgspec.Struct, frozen=True):
    """The called peer did not come: its final status, 408 for silence, 487 after our own cancel."""

    leg: Leg
    status: int


class LegAcknowledged(msgspec.Struct, frozen=True):
    """The calling peer has our answer; the leg is up."""

    leg: Leg


class LegEnded(msgspec.Struct, frozen=True):
    """The peer is gone: `bye`, `cancelled`, `lost` (no ACK, or it does not know the call any more)."""

    leg: Leg
    reason: str


class OfferCame(msgspec.Struct, frozen=True):
    """The peer's re-INVITE with a new description (`sdp`; empty: it asks for ours). Answer it."""

    leg: Leg
    sdp: bytes


class OfferAnswered(msgspec.Struct, frozen=True):
    """The peer accepted our re-INVITE; `leg.remote_sdp` is its answer."""

    leg: Leg


class OfferRefused(msgspec.Struct, frozen=True):
    """The peer refused our re-INVITE for good; the session stays as it was."""

    leg: Leg
    status: int


class DigitCame(msgspec.Struct, frozen=True):
    """A key pressed, by INFO."""

    leg: Leg
    digit: str


class ReferCame(msgspec.Struct, frozen=True):
    """The peer asks for a blind transfer; answer with `answer_refer`."""

    leg: Leg
    transaction: Transaction
    target: str


class ReplyCame(msgspec.Struct, frozen=True):
    """The answer to a request of ours outside dialogs, 408 for silence; `owner` as it was given."""

    owner: object
    status: int


class StrayAnswered(msgspec.Struct, frozen=True):
    """A telephone picked up a call that nobody here knows: an earlier process made it and is gone."""

    response: SipResponse
    peer: Peer


class StrangerCame(msgspec.Struct, frozen=True):
    """A request outside all dialogs other than INVITE: REGISTER or OPTIONS."""

    transaction: Transaction
    request: SipRequest
    peer: Peer


LegHappening = (
    CallCame
    | LegRang
    | LegAnswered
    | LegFailed
    | LegAcknowledged
    | LegEnded
    | OfferCame
    | OfferAnswered
    | OfferRefused
    | DigitCame
    | ReferCame
    | ReplyCame
    | StrangerCame
    | StrayAnswered
)


_KEPT_HEADERS: Final[tuple[str, ...]] = (
    "Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Record-Route", "Contact", "Supported",
)  # fmt: skip


class PackedLeg(msgspec.Struct, frozen=True, array_like=True):
    """The form of the resume bytes. Fields may be added at the end; `notes` are the adapter's own."""

    name: str
    is_caller: bool
    peer: tuple[str, int]
    state: str
    tag: str
    dialog: Dialog | None
    invite: bytes
    """The unanswered INVITE of a waiting caller: the headers that its answer needs."""
    local_sdp: bytes
    remote_sdp: bytes
    sdp_id: int
    sdp_version: int
    notes: dict[str, str]


def pack_leg(leg: Leg, notes: dict[str, str]) -> bytes:
    """Return the leg as bytes: they stand in the journal. Compressing them cost more than it saved."""
    invite = b""
    if leg.invite is not None and leg.is_caller and leg.state is LegState.CALLING:
        request = leg.invite.request
        headers = {name: request.headers[name] for name in _KEPT_HEADERS if name in request.headers}
        invite = serialize(SipRequest(request.method, request.uri, headers))
    packed = PackedLeg(
        leg.name, leg.is_caller, leg.peer, leg.state, leg.tag, leg.dialog, invite, leg.local_sdp, leg.remote_sdp,
        leg.sdp_id, leg.sdp_version, notes,
    )  # fmt: skip
    return msgspec.msgpack.encode(packed)


def unpack_leg(resume: bytes) -> tuple[Leg, SipRequest | None, dict[str, str]]:
    """Return the leg, its unanswered INVITE if there is one, and the notes.

    Raises:
        ValueError: The bytes are not ours.
    """
    try:
        packed = msgspec.msgpack.decode(resume, type=PackedLeg)
    except msgspec.MsgspecError as error:
        raise ValueError(f"resume bytes that are not a leg: {error}") from error
    leg = Leg(packed.name, packed.is_caller, packed.peer, packed.sdp_id)
    leg.tag = packed.tag
    leg.dialog = packed.dialog
    if leg.dialog is not None:
        leg.dialog.local_cseq += CSEQ_LEAP
    leg.state = LegState(packed.state)
    if leg.state is LegState.ANSWERED:
        leg.state = LegState.UP  # the ACK may have passed while we were away; a BYE tells if not
    leg.local_sdp, leg.remote_sdp = packed.local_sdp, packed.remote_sdp
    leg.sdp_version = packed.sdp_version
    invite = parse_message(packed.invite) if packed.invite else None
    if not isinstance(invite, SipRequest):
        return leg, None, packed.notes
    invite.body = leg.remote_sdp
    return leg, invite, packed.notes
