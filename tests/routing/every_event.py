"""Every kind of event, sensible and senseless, and what the engine makes of it in every situation.

`python -m tests.routing.every_event` writes the table anew after a rule was changed; read the difference before
you keep it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from acd.routing import events as e
from acd.routing.engine import Engine
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    EntryId,
    HoursId,
    Identity,
    LegId,
    Link,
    MonitorMode,
    OfferId,
    OfferState,
    PersonId,
    Presence,
    QueueId,
    RegionId,
    Rules,
    SkillId,
    TicketId,
)
from acd.routing.outputs import AnyFact, Late, Refused
from tests.routing import situations as s

TABLE: Final = Path(__file__).with_name("every_event.txt")
_NOBODY: Final = ContactId("nobody")
_Q, _R, _TEXT, _NO_Q = QueueId("q"), QueueId("r"), QueueId("text"), QueueId("none")

ABOUT_CONTACTS: Final[dict[str, Any]] = {
    "ContactArrived": e.ContactArrived(s.C1, "sip", Channel.VOICE, EntryId("100"), (s.TEL,)),
    "CustomerLeft": e.CustomerLeft(s.C1),
    "CustomerChose accept": e.CustomerChose(s.C1, "accept"),
    "CustomerChose decline": e.CustomerChose(s.C1, "decline"),
    "CustomerChose intake": e.CustomerChose(s.C1, "intake"),
    "CustomerChose return_call": e.CustomerChose(s.C1, "return_call"),
    "CustomerChose dance": e.CustomerChose(s.C1, "dance"),
    "LegStored": e.LegStored(s.C1, LegId("l"), b"resume"),
    "LegStored nothing": e.LegStored(s.C1, LegId("l"), b""),
    "LegsCompared": e.LegsCompared("sip", (s.C1, s.C1, _NOBODY)),
    "LegsCompared by another": e.LegsCompared("web", (s.C1,)),
    "AttributesChanged": e.AttributesChanged(s.C1, {"k": "v"}, (Identity("app:1"),)),
    "IntakeProgressed": e.IntakeProgressed(s.C1, words="more"),
    "IntakeFinished": e.IntakeFinished(s.C1),
    "IntakeGaveUp": e.IntakeGaveUp(s.C1, "person"),
    "TicketOpened": e.TicketOpened(s.C1, TicketId("T1")),
    "TicketClosed": e.TicketClosed(TicketId("T1")),
    "ReturnCallAsked": e.ReturnCallAsked(s.C1, _Q, "100200", "sip"),
    "ReturnCallAsked other id": e.ReturnCallAsked(ContactId("c2"), _Q, "100200", "sip"),
    "ContactMoved": e.ContactMoved(s.C1, _R, s.BOSS),
    "ContactMoved same queue": e.ContactMoved(s.C1, _Q, s.BOSS),
    "ContactMoved no queue": e.ContactMoved(s.C1, _NO_Q, s.BOSS),
    "ContactMoved other channel": e.ContactMoved(s.C1, _TEXT, s.BOSS),
    "HeadStartChanged": e.HeadStartChanged(s.C1, 60_000, s.BOSS),
    "ContactGiven": e.ContactGiven(s.C1, s.B, False, s.BOSS),
    "ContactGiven by force": e.ContactGiven(s.C1, s.B, True, s.BOSS),
    "ContactGiven signed out": e.ContactGiven(s.C1, s.OFF, True, s.BOSS),
    "ContactClosed": e.ContactClosed(s.C1, "spam", s.BOSS),
    "CommandDone": e.CommandDone("OpenTicket/c1"),
    "CustomerReached": e.CustomerReached(s.O1),
    "DialFailed": e.DialFailed(s.O1, "busy"),
    "OfferAccepted": e.OfferAccepted(s.O1),
    "OfferDeclined": e.OfferDeclined(s.O1),
    "OfferFailed busy": e.OfferFailed(s.O1, OfferState.BUSY),
    "OfferFailed accepted": e.OfferFailed(s.O1, OfferState.ACCEPTED),
    "ContactConnected": e.ContactConnected(s.O1),
    "ConnectFailed": e.ConnectFailed(s.O1, "no bridge"),
    "AgentLegEnded": e.AgentLegEnded(s.O1),
    "HoldChosen": e.HoldChosen(s.O1, True),
    "HoldChosen back": e.HoldChosen(s.O1, False),
    "WrapUpAsked": e.WrapUpAsked(s.O1),
    "WrapUpFinished": e.WrapUpFinished(s.O1, "ok"),
    "WrapUpFinished unknown": e.WrapUpFinished(s.O1, "never heard of"),
    "TransferAsked queue": e.TransferAsked(s.O1, to_queue=_R),
    "TransferAsked same queue": e.TransferAsked(s.O1, to_queue=_Q),
    "TransferAsked other channel": e.TransferAsked(s.O1, to_queue=_TEXT),
    "TransferAsked no queue": e.TransferAsked(s.O1, to_queue=_NO_Q),
    "TransferAsked agent": e.TransferAsked(s.O1, to_agent=s.B),
    "TransferAsked number": e.TransferAsked(s.O1, to_number="999"),
    "TransferAsked nobody": e.TransferAsked(s.O1),
    "ConsultAsked agent": e.ConsultAsked(s.O1, to_agent=s.B),
    "ConsultAsked number": e.ConsultAsked(s.O1, to_number="888"),
    "ConsultAsked signed out": e.ConsultAsked(s.O1, to_agent=s.OFF),
    "ConsultConnected": e.ConsultConnected(s.O1),
    "ConsultEnded": e.ConsultEnded(s.O1),
    "ConsultCompleted": e.ConsultCompleted(s.O1),
    "ConsultCompleted conference": e.ConsultCompleted(s.O1, True),
    "ParticipantLeft": e.ParticipantLeft(s.O1, "b"),
    "ParticipantLeft stranger": e.ParticipantLeft(s.O1, "stranger"),
    "MonitorAsked": e.MonitorAsked(s.O1, s.BOSS, MonitorMode.MONITOR),
    "MonitorAsked take over": e.MonitorAsked(s.O1, PersonId("b"), MonitorMode.TAKE_OVER),
    "MonitorAsked end": e.MonitorAsked(s.O1, s.BOSS, None),
}
"""What can be told of contact `c1` and of offer 1."""

ABOUT_AGENTS: Final[dict[str, Any]] = {
    "AgentSignedIn": e.AgentSignedIn(s.A, "s-new", Presence.READY),
    "AgentSignedIn again": e.AgentSignedIn(s.A, "s-a"),
    "AgentSignedOut": e.AgentSignedOut(s.A),
    "AgentSignedOut by boss": e.AgentSignedOut(s.A, s.BOSS),
    "PresenceChosen ready": e.PresenceChosen(s.A, Presence.READY),
    "PresenceChosen lunch": e.PresenceChosen(s.A, Presence.NOT_READY, "lunch"),
    "PresenceChosen by boss": e.PresenceChosen(s.A, Presence.NOT_READY, "forced", s.BOSS),
    "LinkChanged up": e.LinkChanged(s.A, Link.DESK, True, "s-a"),
    "LinkChanged down": e.LinkChanged(s.A, Link.DESK, False, "s-a"),
    "AgentChanged skills": e.AgentChanged(s.A, {SkillId("x"): 3}),
    "AgentChanged queues": e.AgentChanged(s.A, None, (_R,)),
    "AgentChanged unknown queue": e.AgentChanged(s.A, None, (_NO_Q,)),
    "AgentChanged senseless": e.AgentChanged(s.A, {SkillId("x"): 9}),
}
"""What can be told of agent `a`."""

ABOUT_THE_ZONE: Final[dict[str, Any]] = {
    "TimePassed": e.TimePassed(),
    "NodeStarted": e.NodeStarted(7),
    "NodeStarted again": e.NodeStarted(0),
    "RulesLoaded nonsense": e.RulesLoaded(Rules(9, (s.queue("q"), s.queue("q")))),
    "HoursTurned": e.HoursTurned(s.OFFICE, False),
    "HoursTurned unknown": e.HoursTurned(HoursId("moon"), False),
    "QueueGateTurned": e.QueueGateTurned(_Q, False, s.BOSS, "fire"),
    "QueueGateTurned unknown": e.QueueGateTurned(_NO_Q, False, s.BOSS),
}
"""What concerns everybody."""

_LONG: Final = "x" * 30_000
_FAR: Final = 2**62
GARBAGE: Final[tuple[Any, ...]] = (
    e.NodeStarted(-_FAR),
    e.CommandDone(_LONG),
    e.ContactArrived(ContactId(""), "", Channel.VOICE, EntryId("")),
    e.ContactArrived(ContactId(_LONG), _LONG, Channel.CHAT, EntryId(_LONG), (Identity(_LONG),) * 99),
    e.ContactArrived(ContactId("c9"), "sip", Channel.VOICE, EntryId("100"), head_start_ms=-_FAR),
    e.ContactArrived(ContactId("c9"), _LONG, Channel.VOICE, EntryId("100")),
    e.ContactArrived(ContactId("c9"), "sip", Channel.VOICE, EntryId("100"), region=RegionId(_LONG)),
    e.ContactArrived(ContactId("c9"), "sip", Channel.VOICE, EntryId("100"), language=_LONG),
    e.ContactArrived(ContactId("c9"), "sip", Channel.VOICE, EntryId("100"), owner=AgentId(_LONG)),
    e.ContactArrived(ContactId("c9"), "sip", Channel.VOICE, EntryId("100"), return_adapter=_LONG),
    e.CustomerLeft(_NOBODY, _LONG),
    e.CustomerLeft(s.C1, _LONG),
    e.CustomerChose(s.C1, _LONG),
    e.LegStored(s.C1, LegId(_LONG), b"x"),
    e.LegStored(s.C1, LegId("l"), b"x" * 99_999),
    e.AttributesChanged(s.C1, {_LONG: _LONG}),
    e.AttributesChanged(s.C1, {str(number): "" for number in range(999)}),
    e.AttributesChanged(s.C1, {}, tuple(Identity(f"tel:{number}") for number in range(99))),
    e.IntakeProgressed(s.C1, _LONG, _LONG * 9, _LONG, _LONG),
    e.TicketOpened(s.C1, TicketId(_LONG)),
    e.ReturnCallAsked(ContactId("c9"), _Q, _LONG, "sip"),
    e.ReturnCallAsked(ContactId("c9"), _Q, "5", _LONG),
    e.ReturnCallAsked(ContactId("c9"), _Q, "5", "sip", language=_LONG),
    e.ReturnCallAsked(ContactId("c9"), _Q, "5", "sip", ticket=TicketId(_LONG)),
    e.ReturnCallAsked(ContactId("c9"), _Q, "5", "sip", not_before_ms=-_FAR),
    e.ReturnCallAsked(ContactId("c9"), _Q, "5", "sip", not_before_ms=_FAR),
    e.ReturnCallAsked(ContactId("c9"), _Q, "5", "sip", (Identity(_LONG),)),
    e.OfferAccepted(OfferId(0)),
    e.OfferAccepted(OfferId(-1)),
    e.OfferAccepted(OfferId(_FAR)),
    e.OfferDeclined(s.O1, _LONG),
    e.ConnectFailed(s.O1, _LONG),
    e.DialFailed(s.O1, _LONG),
    e.AgentLegEnded(s.O1, _LONG),
    e.WrapUpFinished(s.O1, _LONG, _LONG * 9),
    e.TransferAsked(s.O1, to_number=_LONG),
    e.TransferAsked(s.O1, to_agent=AgentId(_LONG)),
    e.TransferAsked(s.O1, _R, s.B, "999"),
    e.ConsultAsked(s.O1, to_number=_LONG),
    e.ConsultAsked(s.O1, s.B, "888"),
    e.ConsultEnded(s.O1, _LONG),
    e.ParticipantLeft(s.O1, _LONG),
    e.MonitorAsked(s.O1, PersonId(_LONG), MonitorMode.BARGE),
    e.AgentSignedIn(AgentId(_LONG), _LONG),
    e.AgentSignedIn(s.A, _LONG),
    e.AgentSignedIn(s.A, "s", Presence.SIGNED_OUT, _LONG),
    e.PresenceChosen(s.A, Presence.NOT_READY, _LONG),
    e.LinkChanged(s.A, Link.PHONE, True, _LONG),
    e.AgentChanged(s.A, {SkillId(_LONG): 3}),
    e.AgentChanged(s.A, {SkillId(str(number)): 3 for number in range(999)}),
    e.AgentChanged(s.A, None, (_Q,) * 999),
    e.ContactMoved(s.C1, QueueId(_LONG)),
    e.HeadStartChanged(s.C1, _FAR),
    e.HeadStartChanged(s.C1, -_FAR),
    e.ContactGiven(s.C1, AgentId(_LONG), True),
    e.ContactClosed(s.C1, _LONG),
    e.HoursTurned(HoursId(_LONG), False, -_FAR),
    e.QueueGateTurned(_Q, False, None, _LONG),
)
"""Well-typed nonsense: too long, too many, too far, never heard of."""

GROUPS: Final = (
    (ABOUT_CONTACTS, s.CONTACTS),
    (ABOUT_AGENTS, s.AGENTS),
    (ABOUT_THE_ZONE, s.CONTACTS),
)


def verdict(facts: list[AnyFact]) -> str:
    """In a few words what the engine made of an event: `late`, `no CODE`, `nothing`, or the facts."""
    if not facts:
        return "nothing"
    words = []
    for fact in facts:
        if isinstance(fact, Late):
            words.append("late")
        elif isinstance(fact, Refused):
            words.append(f"no {fact.code}")
        else:
            words.append(type(fact).__name__)
    return " ".join(words)


def write_table() -> str:
    """The whole table: for each event the verdicts, and the situations in which they fall."""
    parts = []
    for tellings, places in GROUPS:
        snapshots = {name: make().engine.snapshot() for name, make in places.items()}
        moments = {name: make().now_ms for name, make in places.items()}
        for title, event in tellings.items():
            found: dict[str, list[str]] = {}
            for name, data in snapshots.items():
                engine = Engine()
                engine.restore(data)
                found.setdefault(verdict(engine.handle(event, moments[name] + 1).facts), []).append(name)
            lines = [f"  {words}: {' '.join(names)}" for words, names in found.items()]
            parts.append("\n".join([title, *lines]))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    TABLE.write_text(write_table(), encoding="utf-8")
