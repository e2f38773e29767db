"""Facts in people's words, for `acd explain`. Pure: a fact in, lines out; unknown ones are shown as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from acd.routing.model import Decision, Needs, SkillNeed
from acd.routing.outputs import AnyFact, ContactEntered, OfferMade
from acd.runtime.logs import line, mask

FILTERS: Final = {
    "signed_out": "not signed in",
    "not_ready": "not ready",
    "unreachable": "without a live desk, phone or microphone",
    "no_capacity": "busy, with no free capacity",
    "queue": "not serving this queue",
    "needs": "without the skills asked for",
    "region": "outside the region of this step",
    "refused": "passed over after refusing this contact",
}
TRIGGERS: Final = {
    "arrival": "the contact arrived",
    "agent_free": "an agent became free",
    "step": "the wait reached the next step of relaxation",
    "offer_failed": "the offer before it failed",
    "moved": "the contact was moved",
    "rules": "new rules came into force",
}


def seconds(ms: int) -> str:
    """Return a span for people: `0.35 s`, `12.3 s`, `4 min 05 s`, `2 h 03 min`."""
    if ms < 1_000:
        return f"{ms / 1000:.3f} s"
    if ms < 120_000:
        return f"{ms / 1000:.1f} s"
    minutes, rest = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def needs(asked: Needs) -> str:
    """Return what is asked for: `(zh 1+ and support 3+) or en 4+; preferred: install 1+`."""
    alternatives = [" and ".join(map(_need, alternative)) for alternative in asked.required if alternative]
    wrapped = [f"({text})" if " and " in text and len(alternatives) > 1 else text for text in alternatives]
    text = " or ".join(wrapped) or "no skill"
    return text + (f"; preferred: {', '.join(map(_need, asked.preferred))}" if asked.preferred else "")


def decision(why: Decision) -> list[str]:
    """Return why an agent and a contact met, a line for each thing."""
    trigger = TRIGGERS.get(why.trigger, why.trigger)
    lines = [f"looked because {trigger}; waited {seconds(why.waited_ms)}; step {why.step} of relaxation"]
    lines.append(
        f"{_agents(why.eligible)} eligible; strategy {why.strategy.value}; rules version {why.rules_version}"
    )
    removed = [f"{count} {FILTERS.get(name, name)}" for name, count in why.removed.items() if count]
    if removed:
        lines.append("taken out: " + ", ".join(removed))
    if why.sticky:
        lines.append("preferred: the owner of this matter")
    if why.rank:
        lines.append(f"rank {_rank(why.rank)}" + _runner_up(why))
    if why.waiting:
        lines.append(f"{why.waiting} contacts waited in this agent's queues")
    lines.extend(
        f"passed over, though nearer: contact {other}: {reason}" for other, reason in why.passed_over
    )
    return lines


def said(fact: AnyFact) -> list[str]:
    """Return a fact as lines: what happened, then the details."""
    teller = _TELLERS.get(type(fact).__name__)
    return [line(fact)] if teller is None else teller(fact)


def _need(need: SkillNeed) -> str:
    return f"{need.skill} {need.proficiency_min}+"


def _agents(count: int) -> str:
    return "1 agent was" if count == 1 else f"{count} agents were"


def _rank(rank: Sequence[int | str]) -> str:
    return "(" + ", ".join(map(str, rank)) + ")"


def _runner_up(why: Decision) -> str:
    if why.runner_up is None:
        return "; nobody else was eligible" if why.eligible == 1 else ""
    return f"; next would have been {why.runner_up} with {_rank(why.runner_up_rank)}"


def _entered(fact: ContactEntered) -> list[str]:
    via = f"{fact.channel.value} by {fact.adapter}, entry {fact.entry or '-'}, language {fact.language}"
    where = f", region {fact.region}" if fact.region else ""
    names = ", ".join(mask(identity) for identity in fact.identities) or "withheld"
    lines = [
        f"entered queue {fact.queue} ({fact.origin.value.replace('_', ' ')}, {via}{where})",
        f"customer: {names}{'' if fact.verified else ' (not verified)'}",
        f"asks for: {needs(fact.needs)}; head start {seconds(fact.head_start_ms)}",
    ]
    if fact.owner:
        lines.append(f"owner of the matter: {fact.owner}")
    if fact.repeat is not None:
        lines.append(f"repeat customer: {fact.repeat.count} earlier visits in the window")
        lines.extend(
            f"  {visit.channel.value} in {visit.queue}: {visit.outcome.value}"
            + (f", agent {visit.agent}" if visit.agent else "")
            + (f", {visit.disposition}" if visit.disposition else "")
            for visit in fact.repeat.visits
        )
    if fact.of:
        lines.append(
            f"return call for contact {fact.of}" + (f", ticket {fact.ticket}" if fact.ticket else "")
        )
    return lines


def _offered(fact: OfferMade) -> list[str]:
    return [f"offered to {fact.agent} (offer {fact.offer}) for queue {fact.queue}", *decision(fact.decision)]


def _by(fact: Any) -> str:
    return f" by {fact.by}" if getattr(fact, "by", None) else ""


def _one(text: Callable[[Any], str]) -> Callable[[Any], list[str]]:
    return lambda fact: [text(fact)]


def _wrap_up_until(fact: Any) -> str:
    return "wrap-up begins" + ("" if fact.blocks else " (may be offered other contacts meanwhile)")


def _moved_on(fact: Any) -> str:
    return f"transferred to {fact.to_queue or fact.to_agent or mask(fact.to_number)}"


_TELLERS: Final[dict[str, Callable[[Any], list[str]]]] = {
    "ContactEntered": _entered,
    "OfferMade": _offered,
    "ContactTurnedAway": _one(lambda fact: f"turned away at the door: {fact.code}"),
    "ContactChanged": _one(lambda fact: f"more became known: {', '.join(fact.attributes) or 'identities'}"),
    "StepTaken": _one(lambda fact: f"asks for less from now on: step {fact.step} of relaxation"),
    "EstimateTold": _one(
        lambda fact: (
            f"told the customer: position {fact.position}"
            + ("" if fact.estimate_ms is None else f", about {seconds(fact.estimate_ms)}")
        )
    ),
    "HeadStartSet": _one(lambda fact: f"head start is now {seconds(fact.head_start_ms)}{_by(fact)}"),
    "ContactRequeued": _one(
        lambda fact: f"moved to queue {fact.queue} ({fact.why}){_by(fact)}; arrival kept"
    ),
    "OverflowOffered": _one(
        lambda fact: f"asked whether to leave the line: {fact.action.value} (rule {fact.rule})"
    ),
    "OverflowDeclined": _one(
        lambda fact: (
            f"stays in line, place kept ({'declined' if fact.answered else 'no answer'}, rule {fact.rule})"
        )
    ),
    "IntakeEntered": _one(lambda fact: f"with the intake bot (rule {fact.rule}); place in line kept"),
    "IntakeNoted": _one(lambda fact: f"bot noted: category {fact.category or '-'}"),
    "IntakeTaken": _one(
        lambda fact: (
            "matter taken down" + (", only in part" if fact.is_partial else "") + "; a ticket is wanted"
        )
    ),
    "ContactReturned": _one(lambda fact: f"back in line at the old place: {fact.why}"),
    "TicketLinked": _one(lambda fact: f"ticket {fact.ticket}"),
    "ReturnCallMerged": _one(lambda fact: f"merged into the return call {fact.into}"),
    "ReturnCallRescheduled": _one(
        lambda fact: f"customer not reached ({fact.outcome}); try {fact.tries} is over"
    ),
    "ContactEnded": _one(lambda fact: f"ended: {fact.outcome.value} ({fact.why}){_by(fact)}"),
    "OfferTaken": _one(lambda fact: f"offer {fact.offer} accepted; connecting"),
    "OfferEnded": _one(
        lambda fact: (
            f"offer {fact.offer} to {fact.agent} is over: {fact.outcome.value}"
            + (f" ({fact.reason})" if fact.reason else "")
        )
    ),
    "AssignmentConnected": _one(
        lambda fact: f"talking with {fact.agent}" + (" (answered)" if fact.is_first else "")
    ),
    "AssignmentHeld": _one(lambda fact: "on hold" if fact.is_held else "taken back from hold"),
    "TalkEnded": _one(lambda fact: f"talk with {fact.agent} is over: {fact.why}"),
    "WrapUpStarted": _one(_wrap_up_until),
    "WrapUpExtended": _one(lambda fact: "wrap-up lasts longer"),
    "AssignmentDone": _one(
        lambda fact: (
            f"{fact.agent} is done: disposition {fact.disposition or '-'}"
            + (" (the default)" if fact.is_default else "")
        )
    ),
    "TransferMade": _one(_moved_on),
    "TransferFailed": _one(lambda fact: f"the number outside was not reached: {fact.reason}"),
    "ConsultStarted": _one(
        lambda fact: f"consulting {fact.to_agent or mask(fact.to_number)}; customer on hold"
    ),
    "ConsultAnswered": _one(lambda fact: "the consulted side answered"),
    "ConsultOver": _one(lambda fact: f"consult over: {fact.why}"),
    "MonitorSet": _one(lambda fact: f"{fact.by}: {fact.mode.value if fact.mode else 'no longer listening'}"),
    "CustomerAnswered": _one(lambda fact: "the customer of the return call picked up"),
    "LegKept": lambda fact: [],
    "CommandFulfilled": lambda fact: [],
    "Late": _one(lambda fact: f"late, changed nothing: {fact.event} ({fact.why})"),
    "Refused": _one(lambda fact: f"refused: {fact.event}: {fact.code}"),
}
