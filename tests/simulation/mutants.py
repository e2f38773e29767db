"""Mutations of the engine's source, one at a time: each is a mistake that somebody could make.

The text of each must stand exactly once in its file; one that does not is an error, so that the table keeps up with
the engine.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """In `acd/routing/<file>`, `old` becomes `new`."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    # Choice.
    Mutant("choice_of_agent_upside_down", "matching.py",
           "return order_of(agent, requirement) < order_of(other, requirement)",
           "return order_of(agent, requirement) > order_of(other, requirement)"),
    Mutant("choice_round_robin_forgets", "folding/offers.py", "agent.last_offer = number", "agent.last_offer = 0"),
    Mutant("choice_least_skilled_is_most", "strategies.py",
           "return sum(agent.skills.values())", "return -sum(agent.skills.values())"),
    Mutant("choice_refusal_forgotten_by_agent", "matching.py",
           "contact.more.refusals.get(agent.id, 0) > now_ms", "contact.more.refusals.get(agent.id, 0) > now_ms + 60_000"),
    Mutant("choice_own_preference_ignored", "matching.py",
           "        preference = agent.queues.get(requirement.queue, 0) << NUMBER_BITS", "        preference = 0"),
    Mutant("choice_head_start_backwards", "line.py", "arrived_ms - head_start_ms", "arrived_ms + head_start_ms"),
    Mutant("choice_returned_before_others", "matching.py", "            if key >= first:", "            if key < first:"),
    # Capacity and presence.
    Mutant("capacity_one_more_call", "capacity.py", "if voices >= self.voices_max:", "if voices > self.voices_max:"),
    Mutant("capacity_one_chat_less", "capacity.py", "if chats >= self.chats_max:", "if chats + 1 >= self.chats_max > 1:"),
    Mutant("capacity_blend_ignored", "capacity.py", "bits &= self.chat_admits", "bits &= _BOTH"),
    Mutant("capacity_load_stays", "folding/offers.py",
           "    else:\n        agent.load -= LOADS[contact.channel]\n        if offer.connected_ms:",
           "    else:\n        if offer.connected_ms:"),
    Mutant("presence_next_still_gets_offers", "availability.py",
           "agent.wrapping or agent.consulting or agent.next_presence is not None", "agent.wrapping or agent.consulting"),
    Mutant("presence_link_down_unseen", "folding/agents.py", "        agent.links &= ~bit", "        agent.links |= bit"),
    Mutant("presence_grace_never_ends", "folding/agents.py",
           "            state.agent_alarms.set(agent.wake_ms, agent.rank)", "            pass"),
    # Timers.
    Mutant("timer_a_second_early", "timers.py",
           "        end = (now_ms - ORIGIN_MS + 1) << NUMBER_BITS\n        if self.next >= end or",
           "        end = (now_ms - ORIGIN_MS + 1_000) << NUMBER_BITS\n        if self.next >= end or"),
    Mutant("timer_of_ringing_not_set", "folding/offers.py",
           "    state.offer_alarms.set(fact.deadline_ms, agent.rank)", "    pass"),
    Mutant("timer_of_intake_twice_as_long", "waiting.py",
           "more.intake.since_ms + state.rules.intake_limit_ms", "more.intake.since_ms + 2 * state.rules.intake_limit_ms"),
    Mutant("timer_of_question_forgotten", "waiting.py",
           "return min(wake_ms, more.asked[1]) if wake_ms else more.asked[1]", "return wake_ms"),
    # Offers.
    Mutant("offer_missed_keeps_ringing", "handling/clock.py",
           "            fail_offer(answer, offer, _NO_ANSWER)", "            pass"),
    Mutant("offer_race_has_two_winners", "handling/offers.py",
           "    if contact.rung:\n        _end_race(answer, offer)", "    if not contact.rung:\n        _end_race(answer, offer)"),
    Mutant("offer_missed_contact_lost", "handling/leaving.py",
           "        answer.emit(ContactReturned(contact.id, why))\n", "        pass\n"),
    Mutant("offer_taken_keeps_deadline", "folding/offers.py",
           "    _set_deadline(state, offer, None)\n    contact = offer.contact", "    contact = offer.contact"),
    # Wrap-up.
    Mutant("wrap_up_does_not_block", "folding/offers.py",
           "        agent.wrapping += 1\n", "        agent.wrapping += 0\n"),
    Mutant("wrap_up_never_over", "folding/offers.py", "            agent.wrapping -= 1\n", "            pass\n"),
    Mutant("wrap_up_mandatory_has_limit", "handling/leaving.py",
           "deadline_ms = None if mode is _MANDATORY else", "deadline_ms = None if mode is _TIMED else"),
    # Owners and repeats.
    Mutant("owner_not_waited_for", "waiting.py",
           "contact.alone_until_ms = contact.since_ms + patience_ms", "contact.alone_until_ms = contact.since_ms"),
    Mutant("owner_waited_for_too_long", "waiting.py",
           "contact.alone_until_ms = contact.since_ms + patience_ms", "contact.alone_until_ms = contact.since_ms + 3 * patience_ms"),
    Mutant("repeat_patience_ignored", "waiting.py",
           "return rules.repeat.same_agent_patience_ms\n", "return 0\n"),
    Mutant("repeat_window_ignored", "visits.py",
           "from_ms = now_ms - rules.repeat_window_ms", "from_ms = now_ms - rules.repeat_window_ms // 100"),
    # Overflow and return calls.
    Mutant("overflow_too_early", "waiting.py",
           "from_ms = contact.since_ms + (rule.wait_ms or 0)", "from_ms = contact.since_ms + (rule.wait_ms or 0) // 2"),
    Mutant("overflow_loses_place", "folding/contacts.py",
           "    displace(state, contact)\n    contact.state = move(CONTACT_MOVES, contact.state, _INTAKE)",
           "    contact.state = move(CONTACT_MOVES, contact.state, _INTAKE)"),
    Mutant("overflow_repeats_to_bot", "overflow.py",
           "contact.repeat is not None and contact.plan.rules.repeat.never_to_bot", "contact.repeat is None and False"),
    Mutant("return_call_before_its_time", "waiting.py",
           "more.not_before_ms > now_ms:", "more.not_before_ms > now_ms + 60_000:"),
    Mutant("return_call_tried_for_ever", "handling/leaving.py", "if tries >= rules.tries_max:", "if tries > rules.tries_max:"),
    Mutant("return_call_number_stands_twice", "overflow.py", "    if known is not None:", "    if known is None and False:"),
    # Transfers.
    Mutant("transfer_straight_back", "folding/offers.py",
           "    else:\n        remember_refusal(contact, offer.agent, at_ms,", "    else:\n        remember_refusal(contact, offer.agent, at_ms, 0 *"),
    Mutant("transfer_keeps_old_needs", "folding/contacts.py",
           "contact.needs = join_needs(queue.plan.rules.needs, contact.own_needs) or queue.plan.rules.needs", "pass"),
    Mutant("transfer_keeps_old_head_start", "folding/contacts.py",
           "    contact.head_start_ms += queue.plan.rules.head_start_ms - old.head_start_ms\n", ""),
    # Relaxation, reserves, spill.
    Mutant("step_asks_for_more", "plans.py", "max(1, need.proficiency_min - less)", "max(1, need.proficiency_min + less)"),
    Mutant("step_comes_late", "waiting.py",
           "wake_ms = contact.arrived_ms + plan.after[contact.step + 1]",
           "wake_ms = contact.arrived_ms + plan.after[contact.step + 1] + 5_000"),
    Mutant("fence_is_open", "plans.py", "0 if rules.fence else WIDTHS[step.reach]", "WIDTHS[step.reach]"),
    Mutant("reserve_never_given_back", "reserves.py", "if worst_ms < reserve.release_ms:", "if worst_ms < 0:"),
    Mutant("reserve_always_lent", "matching.py",
           "if count and (cell.group is None or cell.group in state.queues[contact.queue].borrowed):", "if count:"),
    Mutant("spill_below_its_load", "reserves.py", "load >= spill.begin_percent", "load * 4 >= spill.begin_percent"),
    Mutant("spill_never_ends", "reserves.py", "load < spill.end_percent", "load < 0"),
    # Hours.
    Mutant("hours_gate_unseen", "overflow.py", "if queue is not None and not queue.gate_open:", "if queue is None:"),
    # Folding, recovery, snapshot.
    Mutant("fold_step_forgotten", "folding/contacts.py", "    contact.step = fact.step\n", "    contact.step = 0\n"),
    Mutant("snapshot_loses_refusals", "folding/index.py",
           "        contact.rank = None\n", "        contact.rank = None\n        if contact.more is not None:\n            contact.more.refusals = {}\n"),
    Mutant("snapshot_loses_wrapping", "snapshot.py", "        agent.wrapping,\n", "        0,\n"),
    Mutant("snapshot_loses_spent_ids", "snapshot.py",
           "Latest(state.ended_ids.limit, plain.ended_ids)", "Latest(state.ended_ids.limit, ())"),
    Mutant("recovery_forgets_durable", "orders.py", "state.durable.values()", "()"),
    Mutant("fold_end_not_remembered", "folding/contacts.py", "    _use_up(state, contact.id)\n", ""),
)  # fmt: skip
