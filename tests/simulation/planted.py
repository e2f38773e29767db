"""The bugs that `mutations` plants: each the kind of slip that a tired person makes, one place each."""

from __future__ import annotations

from typing import Final

import msgspec

R: Final = "acd/routing/"


class Mutation(msgspec.Struct, frozen=True):
    """One change: `old` stands exactly once in `file`."""

    name: str
    file: str
    old: str
    new: str


def _in(file: str, *changes: tuple[str, str, str]) -> tuple[Mutation, ...]:
    return tuple(Mutation(name, R + file, old, new) for name, old, new in changes)


PLANTED: Final[tuple[Mutation, ...]] = (
    *_in(
        "capacity.py",
        ("a call admits anything beside it", "bits &= self.voice_admits", "bits &= _BOTH"),
        ("one call too many", "if voices >= self.voices_max:", "if voices > self.voices_max:"),
        ("one chat too many", "if chats >= self.chats_max:", "if chats > self.chats_max:"),
    ),
    *_in(
        "availability.py",
        (
            "offers before a break that was chosen",
            "if not (agent.wrapping or agent.consulting or agent.next_presence is not None):",
            "if not (agent.wrapping or agent.consulting):",
        ),
        (
            "offers during wrap-up",
            "if not (agent.wrapping or agent.consulting or agent.next_presence is not None):",
            "if not (agent.consulting or agent.next_presence is not None):",
        ),
        ("links are not asked for", "    mask = agent.links\n", "    mask = LINK_ALL\n"),
        (
            "idle clock is not set",
            "    agent.released_ms = at_ms\n    note_work(agent, at_ms)\n    if state.pools",
            "    note_work(agent, at_ms)\n    if state.pools",
        ),
        ("a freed agent looks for nobody", "            state.opened.append(agent)\n        if not was_free", "            pass\n        if not was_free"),
    ),
    *_in(
        "matching.py",
        ("the latest goes first", "loose.sort(key=_contact_key)", "loose.sort(key=_contact_key, reverse=True)"),
        (
            "who came back overtakes",
            "                if state.opened:\n                    _serve_who_stands_before",
            "                if not state:\n                    _serve_who_stands_before",
        ),
        (
            "a head start counts as waiting",
            "if need and age - (key >> NUMBER_BITS) - rank.head_start_ms < plan.after[need]:",
            "if need and age - (key >> NUMBER_BITS) < plan.after[need]:",
        ),
        (
            "no own order of queues",
            "best, best_key = contact, contact.key - preference",
            "best, best_key = contact, contact.key",
        ),
        ("the owner's line backwards", "for key in sorted(agent.alone):", "for key in sorted(agent.alone, reverse=True):"),
        (
            "refusals are not asked for",
            "                if refusals.get(agent.id, 0) > now_ms:\n",
            "                if refusals.get(agent.id, 0) < 0:\n",
        ),
    ),
    *_in(
        "folding/offers.py",
        (
            "ringing takes no capacity",
            "    agent.load += LOADS[contact.channel]\n    note_work(agent, at_ms)\n    state.set_deadline",
            "    note_work(agent, at_ms)\n    state.set_deadline",
        ),
        (
            "a failed offer keeps its capacity",
            "    agent.load -= LOADS[contact.channel]\n    note_work(agent, at_ms)\n    refresh(state, agent)\n",
            "    note_work(agent, at_ms)\n    refresh(state, agent)\n",
        ),
        ("only a decline is remembered", "if fact.outcome in _REFUSALS:", "if fact.outcome is OfferState.DECLINED:"),
        (
            "refusals are forgotten at once",
            "refusals[agent.id] = max(until_ms, refusals.get(agent.id, 0))",
            "refusals[agent.id] = at_ms",
        ),
        ("delays of failures are one", "until_ms = at_ms + (rules.refusal_memory_ms if delay_ms is None else delay_ms)", "until_ms = at_ms + rules.refusal_memory_ms"),
        (
            "wrap-up never lets go",
            "            agent.wrapping -= 1\n            release(state, agent, at_ms)\n",
            "            release(state, agent, at_ms)\n",
        ),
        (
            "a talk without wrap-up keeps its capacity",
            "        agent.load -= LOADS[contact.channel]\n        if offer.connected_ms:",
            "        if offer.connected_ms:",
        ),
        ("wrap-up keeps the capacity of the talk", "    agent.load -= LOADS[offer.contact.channel]\n", ""),
        (
            "transferred back to the same agent",
            "remember_refusal(contact, offer.agent, at_ms, at_ms + offer.plan.rules.refusal_memory_ms)",
            "pass",
        ),
        (
            "a failed connection is not remembered",
            "remember_refusal(contact, agent, at_ms, at_ms + offer.plan.rules.refusal_memory_ms)",
            "pass",
        ),
        ("an offer rings for ever", "    state.set_deadline(offer, fact.deadline_ms)\n    if contact.alarm", "    if contact.alarm"),
    ),
    *_in(
        "folding/contacts.py",
        ("no head start", "order_key(fact.arrived_ms, fact.head_start_ms, number)", "order_key(fact.arrived_ms, 0, number)"),
        (
            "the other queue's head start is not given",
            "    contact.head_start_ms += queue.plan.rules.head_start_ms - old.head_start_ms\n",
            "",
        ),
        (
            "the other queue's needs are not asked for",
            "contact.needs = join_needs(queue.plan.rules.needs, contact.own_needs) or queue.plan.rules.needs",
            "contact.needs = contact.needs",
        ),
        ("a step changes nothing", "    if _may_be_next(state, contact):\n        state.loose", "    if not state:\n        state.loose"),
        ("called again at once", "    contact.rare.not_before_ms = fact.not_before_ms\n", "    contact.rare.not_before_ms = None\n"),
        (
            "a number stands in line for ever",
            "            del state.return_numbers[more.number]\n",
            "            pass\n",
        ),
        ("ids are used again", "        _use_up(state, fact.contact)\n", "        pass\n"),
        (
            "returned without its owner",
            "    contact.offer = 0\n    if contact.owner is not None:\n        choose_company(state, contact, at_ms)\n    place(state, contact, at_ms)\n\n\ndef fold_ticket",
            "    contact.offer = 0\n    place(state, contact, at_ms)\n\n\ndef fold_ticket",
        ),
    ),
    *_in(
        "folding/agents.py",
        ("a lost link is not noticed", "        agent.links &= ~bit\n", "        pass\n"),
        ("a lost desk is waited for without end", "            agent.wake_ms = at_ms + state.rules.desk_grace_ms\n", "            agent.wake_ms = None\n            return refresh(state, agent)\n"),
    ),
    *_in(
        "folding/zone.py",
        ("links are believed after a crash", "        agent.links = 0\n        agent.link_sessions = None\n", ""),
        ("a reserve is never given back", "        queue.borrowed.pop(GroupId(fact.group), None)\n", "        pass\n"),
        ("a spill never ends", "        queue.spilled.pop(fact.region, None)\n", "        pass\n"),
        (
            "a lent agent looks for nobody",
            "            if agent.mask & CHANNEL_ALL:\n                state.opened.append(agent)\n    else:\n        queue.borrowed",
            "            pass\n    else:\n        queue.borrowed",
        ),
    ),
    *_in("reserves.py", ("no hysteresis", "if worst_ms < reserve.release_ms:", "if worst_ms < reserve.borrow_ms:")),
    *_in(
        "plans.py",
        ("no proficiency is let off", "less = max(less, step.proficiency_less)", "less = 0"),
        ("fences hold nobody", "width = max(width, 0 if rules.fence else WIDTHS[step.reach])", "width = max(width, WIDTHS[step.reach])"),
        ("a skill that one has not", "max(1, need.proficiency_min - less)", "need.proficiency_min - less"),
        ("steps come late", "bisect_right(self.after, wait_ms) - 1", "bisect_right(self.after, wait_ms - 1) - 1"),
    ),
    *_in(
        "waiting.py",
        ("steps count from the queue's entry", "wake_ms = contact.arrived_ms + plan.after[contact.step + 1]", "wake_ms = contact.since_ms + plan.after[contact.step + 1]"),
        ("a question stands for ever", "            return min(wake_ms, more.asked[1]) if wake_ms else more.asked[1]\n", "            return wake_ms\n"),
        ("who refused is not asked again", "            if at_ms > now_ms and (not wake_ms or at_ms < wake_ms):\n                wake_ms = at_ms\n        if more.asked", "            pass\n        if more.asked"),
    ),
    *_in(
        "handling/leaving.py",
        ("nobody rests after not answering", "    if rests and agent.presence is Presence.READY:\n", "    if not answer:\n"),
        (
            "a break begins in the middle of work",
            "if agent.next_presence is not None and not (agent.load or agent.wrapping or agent.consulting):",
            "if agent.next_presence is not None:",
        ),
        ("who hangs up on the bot is forgotten", "if not intake.is_taken and (intake.words or intake.recording):", "if not contact:"),
        ("wrap-up without an end", "deadline_ms = None if mode is _MANDATORY else answer.now_ms + rule.limit_ms", "deadline_ms = None"),
        ("one try too many", "    if tries >= rules.tries_max:\n", "    if tries > rules.tries_max:\n"),
        ("who hangs up while ringing was answered", "        end_contact(answer, contact, Outcome.ABANDONED, reason)\n\n\ndef _leave_intake", "        end_contact(answer, contact, Outcome.ANSWERED, reason)\n\n\ndef _leave_intake"),
        ("an offer that failed returns nobody", "    if not contact.rung:\n        answer.emit(ContactReturned(contact.id, why))", "    if not contact.rung and why != 'busy' and contact.offers_live < 0:\n        answer.emit(ContactReturned(contact.id, why))"),
    ),
    *_in(
        "handling/offers.py",
        ("two win the race", "    if contact.rung:\n        _end_race(answer, offer)\n", ""),
        ("every talk is the first", "offer.id, contact.id, offer.agent.id, not contact.answered_ms, waited_ms, estimate_ms", "offer.id, contact.id, offer.agent.id, True, waited_ms, estimate_ms"),
        ("accepted twice", "    if OFFER_MOVES[offer.state, _ACCEPT] is LATE:\n", "    if not offer:\n"),
    ),
    *_in(
        "handling/arrivals.py",
        ("an arrival said twice comes twice", "    if event.contact in state.contacts:\n", "    if not state:\n"),
        ("an id of the past comes again", "    if event.contact in state.ended_ids:\n        return \"id_used\"\n", ""),
        ("one more than the line holds", "if queue.line.length >= limits.length_max and", "if queue.line.length > limits.length_max and"),
        ("no bonus for repeat customers", "rules.repeat.head_start_ms if repeat is not None else 0", "0"),
    ),
    *_in("handling/talks.py", ("answered counts as abandoned", "    end_contact(answer, contact, Outcome.ANSWERED, reason)\n", "    end_contact(answer, contact, Outcome.ABANDONED, reason)\n")),
    *_in(
        "handling/clock.py",
        ("steps one after the other", "                _take_step(answer, contact)\n            if", "                _take_step(answer, contact)\n                settle(answer)\n            if"),
        ("connecting without end", "        fail_connecting(answer, offer, \"timeout\")\n", "        pass\n"),
    ),
    *_in(
        "overflow.py",
        ("one number in line twice", "    if known is not None:\n        answer.emit(ReturnCallMerged(call, known, ticket))\n        return\n", ""),
        ("repeat customers to the bot", "return not (contact.repeat is not None and contact.plan.rules.repeat.never_to_bot)", "return True"),
        ("a wait is not waited for", "    if from_ms is None or from_ms > now_ms:\n        return False\n", "    if from_ms is None:\n        return False\n"),
        ("the place is lost", "            arrived_ms=contact.arrived_ms,\n", "            arrived_ms=answer.now_ms,\n"),
    ),
    *_in("snapshot.py", ("a snapshot forgets wrap-ups", "        agent.wrapping,\n", "        0,\n"), ("a snapshot forgets biases", "        queue.bias,\n", "        0,\n")),
)  # fmt: skip
