"""Talks: hold, the end, wrap-up, and supervisors who take part."""

from __future__ import annotations

from acd.routing import orders
from acd.routing.core import Core
from acd.routing.events import AgentLegEnded, HoldChosen, MonitorAsked, WrapUpAsked, WrapUpFinished
from acd.routing.handling.leaving import end_contact, end_talk, fail_connecting, finish, start_wrap_up
from acd.routing.handling.offers import find_offer, may
from acd.routing.handling.transfers import end_open_consult, leave_conference, take_over
from acd.routing.model import AssignmentState, MonitorMode, Outcome, WrapUpMode
from acd.routing.outputs import AssignmentHeld, MonitorSet, TalkEnded, WrapUpExtended
from acd.routing.state import MONITORS_MAX, TEXT_MAX
from acd.routing.states import AssignmentTrigger


def on_hold(core: Core, event: HoldChosen) -> None:
    """The customer is put on hold or taken back."""
    offer = find_offer(core, event.offer)
    trigger = AssignmentTrigger.HOLD if event.is_held else AssignmentTrigger.RETRIEVE
    if offer is None or not may(core, offer, trigger):
        return
    if offer.consult is not None and not offer.consult.is_conference:
        core.refuse(offer.id, "consult_open")
        return
    core.emit(AssignmentHeld(offer.id, event.is_held))
    core.order(orders.hold(offer))


def on_agent_left(core: Core, event: AgentLegEnded) -> None:
    """The agent's side is over; the customer's with it, unless somebody else has them."""
    offer = find_offer(core, event.offer)
    if offer is None:
        return
    if offer.assignment is None:
        core.late(offer.id, "the offer was not accepted")
        return
    if not may(core, offer, AssignmentTrigger.END):
        return
    reason = event.reason[:200]
    contact = offer.contact
    if offer.assignment is AssignmentState.CONNECTING:
        fail_connecting(core, offer, reason)
        return
    if contact.more is not None and contact.more.leaving:
        # The number outside may still take the customer over: only the agent goes.
        end_talk(core, offer, "transferred")
        core.order(orders.release(offer, reason))
        return
    if offer.consult is not None and offer.consult.is_conference:
        leave_conference(core, offer)
        return
    end_open_consult(core, offer)
    core.emit(TalkEnded(offer.id, contact.id, offer.agent.id, "agent"))
    end_contact(core, contact, Outcome.ANSWERED, reason)
    core.order(orders.end(contact, "agent_left"))
    core.order(orders.release(offer, reason))
    start_wrap_up(core, offer)


def on_more(core: Core, event: WrapUpAsked) -> None:
    """Wrap-up wanted, or more of it."""
    offer = find_offer(core, event.offer)
    if offer is None or not may(core, offer, AssignmentTrigger.MORE):
        return
    rule = offer.plan.rules.wrap_up
    if offer.assignment is not AssignmentState.WRAP_UP:
        if rule.mode is not WrapUpMode.ON_REQUEST:
            core.refuse(offer.id, "wrap_up_spent", rule.mode.value, "on_request")
        elif offer.wrap_asked:
            core.late(offer.id, "asked before")
        else:
            core.emit(WrapUpExtended(offer.id, None))
    elif offer.wake_ms is None:
        core.late(offer.id, "has no limit anyway")
    elif offer.extensions >= rule.extensions_max:
        core.refuse(offer.id, "wrap_up_spent", offer.extensions, rule.extensions_max)
    else:
        core.emit(WrapUpExtended(offer.id, offer.wake_ms + rule.extend_ms))


def on_finished(core: Core, event: WrapUpFinished) -> None:
    """The agent gives a disposition: free again."""
    offer = find_offer(core, event.offer)
    if offer is None or not may(core, offer, AssignmentTrigger.FINISH):
        return
    rules = offer.plan.rules
    disposition = event.disposition
    if rules.dispositions and not any(known.path == disposition for known in rules.dispositions):
        core.refuse(offer.id, "unknown_disposition", disposition, "one of the queue's tree")
        return
    if len(disposition) > 200:
        core.refuse(offer.id, "senseless", "a long disposition", "200 characters")
        return
    finish(core, offer, disposition, event.notes[:TEXT_MAX])


def on_monitor(core: Core, event: MonitorAsked) -> None:
    """A supervisor takes part in a talk, otherwise than before, or no longer."""
    offer = find_offer(core, event.offer)
    if offer is None or not may(core, offer, AssignmentTrigger.ASK):
        return
    known = offer.monitors.get(event.by)
    if known is event.mode:
        core.late(offer.id, "set before")
    elif known is None and len(offer.monitors) >= MONITORS_MAX:
        core.refuse(offer.id, "limit", len(offer.monitors), f"{MONITORS_MAX} supervisors on one talk")
    elif event.mode is MonitorMode.TAKE_OVER:
        take_over(core, offer, event.by)
    else:
        core.emit(MonitorSet(offer.id, event.by, event.mode))
        core.order(orders.set_monitor(offer, event.by, event.mode))
