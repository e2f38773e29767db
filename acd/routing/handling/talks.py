"""Talks: hold, the end, wrap-up, and supervisors who take part."""

from __future__ import annotations

from acd.routing import orders
from acd.routing.answer import Answer
from acd.routing.events import AgentLegEnded, HoldChosen, MonitorAsked, WrapUpAsked, WrapUpFinished
from acd.routing.handling.arrivals import ID_MAX
from acd.routing.handling.leaving import end_contact, end_talk, fail_connecting, finish, start_wrap_up
from acd.routing.handling.offers import find_offer, is_leaving, may
from acd.routing.handling.transfers import end_open_consult, leave_conference, take_over
from acd.routing.model import AssignmentState, MonitorMode, Outcome, WrapUpMode
from acd.routing.outputs import AssignmentHeld, MonitorSet, TalkEnded, WrapUpExtended
from acd.routing.state import MONITORS_MAX, TEXT_MAX
from acd.routing.states import AssignmentTrigger


def on_hold(answer: Answer, event: HoldChosen) -> None:
    """The customer is put on hold or taken back."""
    offer = find_offer(answer, event.offer)
    trigger = AssignmentTrigger.HOLD if event.is_held else AssignmentTrigger.RETRIEVE
    if offer is None or not may(answer, offer, trigger):
        return
    if offer.consult is not None and not offer.consult.is_conference:
        answer.refuse(offer.id, "consult_open")
        return
    answer.emit(AssignmentHeld(offer.id, event.is_held))
    answer.order(orders.hold(offer))


def on_agent_left(answer: Answer, event: AgentLegEnded) -> None:
    """The agent's side is over; the customer's with it, unless somebody else has them."""
    offer = find_offer(answer, event.offer)
    if offer is None:
        return
    if offer.assignment is None:
        answer.late(offer.id, "the offer was not accepted")
        return
    if not may(answer, offer, AssignmentTrigger.END):
        return
    reason = event.reason[:200]
    contact = offer.contact
    if offer.assignment is AssignmentState.CONNECTING:
        fail_connecting(answer, offer, reason)
        return
    if contact.more is not None and contact.more.leaving:
        # The number outside may still take the customer over: only the agent goes.
        end_talk(answer, offer, "transferred")
        answer.order(orders.release(offer, reason))
        return
    if offer.consult is not None and offer.consult.is_conference:
        leave_conference(answer, offer)
        return
    end_open_consult(answer, offer)
    answer.emit(TalkEnded(offer.id, contact.id, offer.agent.id, "agent"))
    end_contact(answer, contact, Outcome.ANSWERED, reason)
    answer.order(orders.end(contact, "agent_left"))
    answer.order(orders.release(offer, reason))
    start_wrap_up(answer, offer)


def on_more(answer: Answer, event: WrapUpAsked) -> None:
    """Wrap-up wanted, or more of it."""
    offer = find_offer(answer, event.offer)
    if offer is None or not may(answer, offer, AssignmentTrigger.MORE):
        return
    rule = offer.plan.rules.wrap_up
    if offer.assignment is not AssignmentState.WRAP_UP:
        if rule.mode is not WrapUpMode.ON_REQUEST:
            answer.refuse(offer.id, "wrap_up_spent", rule.mode.value, "on_request")
        elif offer.wrap_asked:
            answer.late(offer.id, "asked before")
        else:
            answer.emit(WrapUpExtended(offer.id, None))
    elif offer.wake_ms is None:
        answer.late(offer.id, "has no limit anyway")
    elif offer.extensions >= rule.extensions_max:
        answer.refuse(offer.id, "wrap_up_spent", offer.extensions, rule.extensions_max)
    else:
        answer.emit(WrapUpExtended(offer.id, offer.wake_ms + rule.extend_ms))


def on_finished(answer: Answer, event: WrapUpFinished) -> None:
    """The agent gives a disposition: free again."""
    offer = find_offer(answer, event.offer)
    if offer is None or not may(answer, offer, AssignmentTrigger.FINISH):
        return
    rules = offer.plan.rules
    disposition = event.disposition
    if rules.dispositions and not any(known.path == disposition for known in rules.dispositions):
        answer.refuse(offer.id, "unknown_disposition", disposition, "one of the queue's tree")
        return
    if len(disposition) > 200:
        answer.refuse(offer.id, "senseless", "a long disposition", "200 characters")
        return
    finish(answer, offer, disposition, event.notes[:TEXT_MAX])


def on_monitor(answer: Answer, event: MonitorAsked) -> None:
    """A supervisor takes part in a talk, otherwise than before, or no longer."""
    offer = find_offer(answer, event.offer)
    if offer is None or not may(answer, offer, AssignmentTrigger.ASK):
        return
    known = offer.monitors.get(event.by)
    if known is event.mode:
        answer.late(offer.id, "set before")
    elif known is None and len(offer.monitors) >= MONITORS_MAX:
        answer.refuse(offer.id, "limit", len(offer.monitors), f"{MONITORS_MAX} supervisors on one talk")
    elif len(event.by) > ID_MAX:
        answer.refuse(offer.id, "senseless", "a long name", f"{ID_MAX} characters")
    elif event.mode is MonitorMode.TAKE_OVER and is_leaving(offer.contact):
        answer.refuse(offer.id, "not_allowed", "a customer who is being transferred", "one who stays")
    elif event.mode is MonitorMode.TAKE_OVER:
        take_over(answer, offer, event.by)
    else:
        answer.emit(MonitorSet(offer.id, event.by, event.mode))
        answer.order(orders.set_monitor(offer, event.by, event.mode))
