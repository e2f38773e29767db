"""CloudEvents 1.0 in and out, and what they mean in our words. Bytes to messages; no socket, no clock.

A switch says what happened (`acd.call.arrived`, `acd.offer.accepted`, ...), we order what is to happen
(`acd.order.connect`, ...). The envelope is CloudEvents 1.0 in structured mode (single or batch) or binary mode;
`subject` is the switch's own id of the call, `sequence` (the extension of that name) its order within the
call. GUIDE.md lists every type with its data for the person who connects a switch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from acd.numbers import Numbers
from acd.routing import events as e
from acd.routing.events import AnyEvent
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    EntryId,
    Link,
    OfferId,
    OfferState,
    QueueId,
    RegionId,
)
from acd.routing.outputs import AnyCommand, SetMonitor

NAME = "cti"
BATCH_MAX = 500
ID_MAX = 200
TEXT_MAX = 2_000


HEAD_START_MAX_S = 30 * 24 * 3_600
"""As much as the routing core takes."""


class CtiError(Exception):
    """The switch said something that we cannot take; `code` is stable, `where` names the field."""

    def __init__(self, code: str, where: str, found: str, expected: str) -> None:
        super().__init__(f"{where}: found {found}, expected {expected}")
        self.code, self.where, self.found, self.expected = code, where, found[:TEXT_MAX], expected


class CloudEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The envelope. Attribute names are those of CloudEvents 1.0, section "Context Attributes"."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str = ""
    time: str = ""
    datacontenttype: str = ""
    sequence: str = ""
    data: dict[str, Any] = {}


class Arrived(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.call.arrived`."""

    entry: str
    caller: str = msgspec.field(name="from", default="")
    name: str = ""
    channel: Channel = Channel.VOICE
    region: str | None = None
    queue: str | None = None
    language: str | None = None
    owner: str | None = None
    head_start_s: int = 0
    attributes: dict[str, str] = {}
    verified: bool = True


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.call.left`."""

    reason: str = "hung_up"


class Choice(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.call.chose`."""

    choice: str


class Changed(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.call.changed`."""

    attributes: dict[str, str] = {}
    caller: str = msgspec.field(name="from", default="")


class OnOffer(msgspec.Struct, forbid_unknown_fields=True):
    """Data of everything that is said of an offer."""

    offer: int
    reason: str = ""


class OfferOutcome(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.offer.failed`: `busy`, `no_answer` or `unreachable`."""

    offer: int
    outcome: OfferState


class DialOutcome(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.dial.failed`."""

    offer: int
    outcome: str


class Held(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.hold.changed`."""

    offer: int
    is_held: bool


class Target(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.transfer.asked` and `acd.consult.asked`: exactly one target."""

    offer: int
    to_queue: str | None = None
    to_agent: str | None = None
    to_number: str = ""


class Completed(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.consult.completed`."""

    offer: int
    conference: bool = False


class Participant(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.participant.left`: a consulted agent or number, or a supervisor, as the order named them."""

    offer: int
    who: str


class Phone(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.agent.phone`: whether the agent's telephone at the switch can ring."""

    agent: str
    is_up: bool


class Present(msgspec.Struct, forbid_unknown_fields=True):
    """Data of `acd.calls.present`: every call that the switch has now, by its own ids."""

    calls: list[str]


def parse_structured(body: bytes) -> CloudEvent:
    """Read one event in structured mode.

    Raises:
        CtiError: Not JSON, or not a CloudEvent; the field is named.
    """
    return _checked(_decoded(body, CloudEvent), "event")


def parse_batch(body: bytes) -> list[CloudEvent]:
    """Read a batch (JSON array); one bad event refuses the batch, so that nothing is half taken.

    Raises:
        CtiError: As `parse_structured`, with the index of the event.
    """
    batch: list[CloudEvent] = _decoded(body, list[CloudEvent])
    if len(batch) > BATCH_MAX:
        raise CtiError("too_many", "batch", f"{len(batch)} events", f"at most {BATCH_MAX}")
    return [_checked(event, f"event[{number}]") for number, event in enumerate(batch)]


def check_batch(batch: Sequence[CloudEvent]) -> None:
    """Look at what every event of a batch means before the first is taken: one that cannot be refuses them all.

    Raises:
        CtiError: As `translate`, with the index of the event.
    """
    for number, event in enumerate(batch):
        try:
            translate(event)
        except CtiError as error:
            where = error.where.replace("event", f"event[{number}]", 1)
            raise CtiError(error.code, where, error.found, error.expected) from None


def parse_binary(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """Read one event in binary mode: attributes in `ce-` headers, data in the body.

    Raises:
        CtiError: As `parse_structured`.
    """
    known = {"specversion", "id", "source", "type", "subject", "time", "sequence"}
    attributes = {
        name[3:].lower(): value for name, value in headers.items() if name.lower().startswith("ce-")
    }
    missing = sorted({"specversion", "id", "source", "type"} - attributes.keys())
    if missing:
        raise CtiError("not_an_event", f"header ce-{missing[0]}", "nothing", "a value")
    data: dict[str, Any] = _decoded(body, dict[str, Any]) if body else {}
    fields = {name: value for name, value in attributes.items() if name in known}
    return _checked(CloudEvent(data=data, **fields), "event")


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:  # ValidationError is a DecodeError
        raise CtiError("not_an_event", "body", str(error), "CloudEvents 1.0 in JSON") from error
    except UnicodeDecodeError as error:
        raise CtiError("not_an_event", "body", "bytes that are not UTF-8", "JSON in UTF-8") from error


def _checked(event: CloudEvent, where: str) -> CloudEvent:
    if event.specversion != "1.0":
        raise CtiError("not_an_event", f"{where}.specversion", repr(event.specversion), "1.0")
    for name in ("id", "source", "type"):
        value = getattr(event, name)
        if not 0 < len(value) <= ID_MAX:
            raise CtiError("not_an_event", f"{where}.{name}", f"{len(value)} characters", f"1 to {ID_MAX}")
    if len(event.subject) > ID_MAX or any(ord(letter) < 32 for letter in event.subject):
        raise CtiError(
            "not_an_event", f"{where}.subject", "too long or unprintable", f"at most {ID_MAX} characters"
        )
    if event.sequence and not (
        event.sequence.isascii() and event.sequence.isdigit() and len(event.sequence) < 16
    ):
        raise CtiError("not_an_event", f"{where}.sequence", repr(event.sequence), "a whole number as text")
    return event


def contact_of(source: str, call: str) -> ContactId:
    """Return the id of a call of a switch in our house; `call_of` is the way back."""
    return ContactId(f"{NAME}:{source}:{call}")


def call_of(contact: ContactId) -> tuple[str, str] | None:
    """Return (source, call) of one of our contacts, or None if it came another way. Sources hold no colon."""
    name, _, rest = contact.partition(":")
    source, colon, call = rest.partition(":")
    return (source, call) if name == NAME and colon else None


def translate(
    event: CloudEvent, known: frozenset[ContactId] = frozenset(), numbers: Numbers = Numbers()
) -> AnyEvent:
    """Say in our words what a switch has told us. `known` are the contacts of this source that are live.

    Raises:
        CtiError: The type is unknown, or its data are not as GUIDE.md says; the field is named.
    """
    reader = _READERS.get(event.type)
    if reader is None:
        raise CtiError(
            "unknown_type", "event.type", repr(event.type), f"one of {', '.join(sorted(_READERS))}"
        )
    kind, build, needs_call = reader
    if needs_call and not event.subject:
        raise CtiError("not_an_event", "event.subject", "nothing", "the id of the call at the switch")
    try:
        data = msgspec.convert(event.data, type=kind)
    except msgspec.ValidationError as error:
        raise CtiError(
            "bad_data", "event.data", str(error), f"the data of {event.type}, see the guide"
        ) from error
    contact = contact_of(event.source, event.subject)
    if kind is Present:
        kept = {contact_of(event.source, call) for call in data.calls}
        return e.LegsCompared(NAME, tuple(sorted(known - kept)))
    said = build(data, contact)
    if isinstance(data, Arrived | Changed):
        said = msgspec.structs.replace(said, identities=numbers.identities(data.caller))
    return said  # type: ignore[no-any-return]


def _arrived(data: Arrived, contact: ContactId) -> AnyEvent:
    if abs(data.head_start_s) > HEAD_START_MAX_S:
        expected = f"-{HEAD_START_MAX_S} to {HEAD_START_MAX_S}"
        raise CtiError("bad_data", "event.data.head_start_s", str(data.head_start_s), expected)
    if len(data.attributes) > 50 or any(len(k) + len(v) > TEXT_MAX for k, v in data.attributes.items()):
        raise CtiError(
            "bad_data", "event.data.attributes", "too many or too long", "at most 50 of 2000 characters"
        )
    return e.ContactArrived(
        contact=contact,
        adapter=NAME,
        channel=data.channel,
        entry=EntryId(data.entry),
        display=data.name[:100],
        region=None if data.region is None else RegionId(data.region),
        queue=None if data.queue is None else QueueId(data.queue),
        language=data.language,
        owner=None if data.owner is None else AgentId(data.owner),
        head_start_ms=1000 * data.head_start_s,
        links=(Link.DESK,),
        attributes=data.attributes,
        verified=data.verified,
    )


def _failed(data: OfferOutcome, contact: ContactId) -> AnyEvent:
    if data.outcome not in (OfferState.BUSY, OfferState.NO_ANSWER, OfferState.UNREACHABLE):
        raise CtiError("bad_data", "event.data.outcome", data.outcome, "busy, no_answer or unreachable")
    return e.OfferFailed(OfferId(data.offer), data.outcome)


def _transfer(data: Target, contact: ContactId) -> AnyEvent:
    queue = None if data.to_queue is None else QueueId(data.to_queue)
    agent = None if data.to_agent is None else AgentId(data.to_agent)
    return e.TransferAsked(OfferId(data.offer), queue, agent, data.to_number)


def _consult(data: Target, contact: ContactId) -> AnyEvent:
    if data.to_queue is not None:
        raise CtiError("bad_data", "event.data.to_queue", data.to_queue, "to_agent or to_number")
    agent = None if data.to_agent is None else AgentId(data.to_agent)
    return e.ConsultAsked(OfferId(data.offer), agent, data.to_number)


_READERS: dict[str, tuple[Any, Any, bool]] = {
    "acd.call.arrived": (Arrived, _arrived, True),
    "acd.call.left": (Reason, lambda d, contact: e.CustomerLeft(contact, d.reason[:100]), True),
    "acd.call.chose": (Choice, lambda d, contact: e.CustomerChose(contact, d.choice), True),
    "acd.call.changed": (
        Changed,
        lambda d, contact: e.AttributesChanged(contact, d.attributes),
        True,
    ),
    "acd.offer.accepted": (OnOffer, lambda d, _: e.OfferAccepted(OfferId(d.offer)), False),
    "acd.offer.declined": (OnOffer, lambda d, _: e.OfferDeclined(OfferId(d.offer), d.reason[:100]), False),
    "acd.offer.failed": (OfferOutcome, _failed, False),
    "acd.call.connected": (OnOffer, lambda d, _: e.ContactConnected(OfferId(d.offer)), False),
    "acd.connect.failed": (OnOffer, lambda d, _: e.ConnectFailed(OfferId(d.offer), d.reason[:100]), False),
    "acd.agent.left": (
        OnOffer,
        lambda d, _: e.AgentLegEnded(OfferId(d.offer), d.reason[:100] or "hung_up"),
        False,
    ),
    "acd.hold.changed": (Held, lambda d, _: e.HoldChosen(OfferId(d.offer), d.is_held), False),
    "acd.dial.failed": (DialOutcome, lambda d, _: e.DialFailed(OfferId(d.offer), d.outcome[:100]), False),
    "acd.dial.reached": (OnOffer, lambda d, _: e.CustomerReached(OfferId(d.offer)), False),
    "acd.transfer.asked": (Target, _transfer, False),
    "acd.consult.asked": (Target, _consult, False),
    "acd.consult.connected": (OnOffer, lambda d, _: e.ConsultConnected(OfferId(d.offer)), False),
    "acd.consult.completed": (
        Completed,
        lambda d, _: e.ConsultCompleted(OfferId(d.offer), d.conference),
        False,
    ),
    "acd.consult.ended": (
        OnOffer,
        lambda d, _: e.ConsultEnded(OfferId(d.offer), d.reason[:100] or "left"),
        False,
    ),
    "acd.participant.left": (
        Participant,
        lambda d, _: e.ParticipantLeft(OfferId(d.offer), d.who[:ID_MAX]),
        False,
    ),
    "acd.agent.phone": (Phone, lambda d, _: e.LinkChanged(AgentId(d.agent), Link.PHONE, d.is_up), False),
    "acd.calls.present": (Present, None, False),
}
EVENT_TYPES = tuple(_READERS)


def data_of_event(kind: str) -> type:
    """Return the struct of the data of one of `EVENT_TYPES`."""
    return _READERS[kind][0]  # type: ignore[no-any-return]


def needs_call(kind: str) -> bool:
    """Return whether an event of this type must bear the id of a call as `subject`."""
    return _READERS[kind][2]


ORDER_TYPES: dict[str, str] = {
    "TurnAway": "acd.order.turn_away",
    "PlayTreatment": "acd.order.treatment",
    "TellTicket": "acd.order.tell_ticket",
    "EndContact": "acd.order.end",
    "PresentOffer": "acd.order.offer",
    "WithdrawOffer": "acd.order.withdraw",
    "ConnectContact": "acd.order.connect",
    "DialCustomer": "acd.order.dial",
    "HoldContact": "acd.order.hold",
    "ReleaseAgent": "acd.order.release",
    "TransferOut": "acd.order.transfer",
    "StartConsult": "acd.order.consult",
    "EndConsult": "acd.order.consult_end",
    "SetMonitor": "acd.order.monitor",
}


_OUTSIDE = {"deadline_ms": "deadline_at_ms"}
"""Moments are called so outside the house; `_ms` alone is a duration there."""


def name_outside(field: str) -> str:
    """Return what a field of a command is called in the data of an order."""
    return _OUTSIDE.get(field, field)


def build_order(command: AnyCommand, source: str, call: str, number: int, at: str) -> CloudEvent:
    """Say an order as a CloudEvent. Its `id` is the key of the command: the same order is the same id.

    A supervisor may come, go and come again in the same way: each of these is an order of its own.

    Args:
        number: Its place in the stream of orders to this switch, from 1 without gaps.
        at: The moment, RFC 3339.
    """
    fields = msgspec.to_builtins(command)
    is_again_new = isinstance(command, SetMonitor)
    data = {
        name_outside(name): value
        for name, value in fields.items()
        if name not in ("type", "adapter", "contact", "holder")
    }
    return CloudEvent(
        specversion="1.0",
        id=f"{command.key}/{number}/{at}" if is_again_new else command.key,
        source="acd",
        type=ORDER_TYPES[type(command).__name__],
        subject=call,
        time=at,
        datacontenttype="application/json",
        sequence=str(number),
        data=data,
    )
