"""Every state that a contact, an offer or an agent can be in, reached by the events that lead there.

Each situation is a fresh zone in which contact `c1` (return calls: `c1` too) and offer 1 stand in the state of its
name, and so does agent `a`. Agents `b` (ready, cannot take `c1`) and `off` (signed out) stand by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from acd.routing import events as e
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    Disposition,
    EntryId,
    EntryRules,
    HoursId,
    Identity,
    MonitorMode,
    OfferId,
    OfferState,
    OverflowAction,
    OverflowRule,
    PersonId,
    Presence,
    QueueId,
    QueueRules,
    ReturnCallPolicy,
    TicketId,
    WrapUp,
    WrapUpMode,
)
from tests.routing.zone import Zone, agent, rules_of

C1: Final = ContactId("c1")
O1: Final = OfferId(1)
A: Final = AgentId("a")
B: Final = AgentId("b")
OFF: Final = AgentId("off")
BOSS: Final = PersonId("boss")
TEL: Final = Identity("tel:100200")
OFFICE: Final = HoursId("office")

_WAYS_OUT: Final = (
    OverflowRule("ask", OverflowAction.INTAKE, wait_ms=10_000),
    OverflowRule("key", OverflowAction.RETURN_CALL, wish=True, offered=False),
)


def queue(name: str, **more: object) -> QueueRules:
    """A queue with ways out and a timed wrap-up."""
    return QueueRules(
        QueueId(name),
        wrap_up=WrapUp(WrapUpMode.TIMED, 60_000),
        dispositions=(Disposition("ok", solves=True),),
        disposition_default="ok",
        overflow=_WAYS_OUT,
        refusal_memory_ms=600_000,
        hours=OFFICE,
        **more,  # type: ignore[arg-type]
    )


RULES: Final = (
    queue("q"),
    queue("r"),
    queue("first", return_calls=ReturnCallPolicy(customer_first=True)),
    QueueRules(QueueId("text"), channels=(Channel.CHAT,)),
    EntryRules(EntryId("100"), QueueId("q")),
    agent("a", "q", "first"),
    agent("b", "r"),
    agent("off", "r"),
)


def empty() -> Zone:
    """Rules and two agents, no contact."""
    zone = Zone(*RULES)
    zone.ready("b")
    return zone


def _waiting() -> Zone:
    zone = empty()
    zone.arrive("c1", identities=(TEL,))
    return zone


def _asked() -> Zone:
    zone = _waiting()
    zone.wait(11_000)
    return zone


def _offered() -> Zone:
    zone = _waiting()
    zone.ready("a")
    return zone


def _connecting() -> Zone:
    zone = _offered()
    zone.do(e.OfferAccepted(O1), 1_000)
    return zone


def _talking() -> Zone:
    zone = _offered()
    zone.accept(1)
    return zone


def _held() -> Zone:
    zone = _talking()
    zone.do(e.HoldChosen(O1, True), 1_000)
    return zone


def _consulting() -> Zone:
    zone = _talking()
    zone.do(e.ConsultAsked(O1, to_agent=B), 1_000)
    return zone


def _consulted() -> Zone:
    zone = _consulting()
    zone.do(e.ConsultConnected(O1), 1_000)
    return zone


def _conference() -> Zone:
    zone = _consulted()
    zone.do(e.ConsultCompleted(O1, conference=True), 1_000)
    return zone


def _monitored() -> Zone:
    zone = _talking()
    zone.do(e.MonitorAsked(O1, BOSS, MonitorMode.WHISPER), 1_000)
    return zone


def _leaving() -> Zone:
    zone = _talking()
    zone.do(e.TransferAsked(O1, to_number="999"), 1_000)
    return zone


def _left_behind() -> Zone:
    zone = _leaving()
    zone.do(e.AgentLegEnded(O1), 1_000)
    return zone


def _wrap_up() -> Zone:
    zone = _talking()
    zone.do(e.CustomerLeft(C1), 1_000)
    return zone


def _intake() -> Zone:
    zone = _asked()
    zone.do(e.CustomerChose(C1, "accept"), 1_000)
    zone.do(e.IntakeProgressed(C1, words="help"), 1_000)
    return zone


def _taken() -> Zone:
    zone = _intake()
    zone.do(e.IntakeFinished(C1), 1_000)
    return zone


def _ended() -> Zone:
    zone = _waiting()
    zone.do(e.CustomerLeft(C1), 1_000)
    return zone


def _call(queue_id: str = "q", later_ms: int = 0, *, ready: bool = False) -> Zone:
    zone = empty()
    if ready:
        zone.ready("a")
    moment = zone.now_ms + later_ms if later_ms else None
    zone.do(
        e.ReturnCallAsked(C1, QueueId(queue_id), "100200", "sip", not_before_ms=moment, ticket=TicketId("T1"))
    )
    return zone


def _dialling() -> Zone:
    zone = _call(ready=True)
    zone.do(e.OfferAccepted(O1), 1_000)
    return zone


def _reached() -> Zone:
    zone = _call("first", ready=True)
    zone.do(e.CustomerReached(O1), 1_000)
    return zone


CONTACTS: Final[dict[str, Callable[[], Zone]]] = {
    "none": empty,
    "waiting": _waiting,
    "asked": _asked,
    "offered": _offered,
    "connecting": _connecting,
    "talking": _talking,
    "held": _held,
    "monitored": _monitored,
    "consulting": _consulting,
    "consulted": _consulted,
    "conference": _conference,
    "leaving": _leaving,
    "left_behind": _left_behind,
    "wrap_up": _wrap_up,
    "intake": _intake,
    "taken": _taken,
    "ended": _ended,
    "call_later": lambda: _call(later_ms=60_000),
    "call_waiting": _call,
    "call_offered": lambda: _call(ready=True),
    "call_dialling": _dialling,
    "first_dialling": lambda: _call("first", ready=True),
    "first_reached": _reached,
}
"""States of a contact and its offer."""


def _signed_out() -> Zone:
    return empty()


def _not_ready() -> Zone:
    zone = empty()
    zone.do(e.AgentSignedIn(A, "s-a"), 1_000)
    return zone


def _ready() -> Zone:
    zone = empty()
    zone.ready("a")
    return zone


def _rested() -> Zone:
    zone = _offered()
    zone.do(e.OfferFailed(O1, OfferState.NO_ANSWER), 1_000)
    return zone


def _break_ahead() -> Zone:
    zone = _talking()
    zone.do(e.PresenceChosen(A, Presence.NOT_READY, "lunch"), 1_000)
    return zone


def _asked_for_advice() -> Zone:
    zone = empty()
    zone.ready("a")
    zone.do(e.ContactArrived(ContactId("c9"), "sip", Channel.VOICE, EntryId("100"), queue=QueueId("r")), 1)
    zone.accept(1)
    zone.do(e.ConsultAsked(O1, to_agent=A), 1_000)
    return zone


def _gone() -> Zone:
    """No longer in the rules, with work in hand."""
    zone = _talking()
    parts = [part for part in RULES if getattr(part, "agent", None) != A]
    zone.do(e.RulesLoaded(rules_of(*parts, version=2)), 1_000)
    return zone


def _forgotten() -> Zone:
    """No longer in the rules, and with nothing in hand."""
    zone = _gone()
    zone.do(e.CustomerLeft(C1), 1_000)
    zone.do(e.WrapUpFinished(O1, "ok"), 1_000)
    return zone


AGENTS: Final[dict[str, Callable[[], Zone]]] = {
    "signed_out": _signed_out,
    "not_ready": _not_ready,
    "ready": _ready,
    "ringing": _offered,
    "rested": _rested,
    "connecting": _connecting,
    "talking": _talking,
    "break_ahead": _break_ahead,
    "wrap_up": _wrap_up,
    "consulted": _asked_for_advice,
    "gone": _gone,
    "forgotten": _forgotten,
}
"""States of agent `a`."""
