"""The fold: each kind of fact and the one function that lets it change the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from acd.routing.folding import agents, contacts, offers, zone
from acd.routing.outputs import facts
from acd.routing.state import State

FOLDS: Final[Mapping[type[facts.Fact], Callable[[State, Any, int], None]]] = {
    facts.RulesInForce: zone.fold_rules,
    facts.NodeTookOver: zone.fold_node,
    facts.HoursInForce: zone.fold_hours,
    facts.QueueGateSet: zone.fold_gate,
    facts.ReserveSet: zone.fold_reserve,
    facts.SpillSet: zone.fold_spill,
    facts.Late: zone.fold_nothing,
    facts.Refused: zone.fold_nothing,
    facts.ContactTurnedAway: contacts.fold_turned_away,
    facts.ArrivalsTurnedAway: zone.fold_nothing,
    facts.CommandFulfilled: zone.fold_fulfilled,
    facts.TicketDone: zone.fold_ticket_done,
    facts.AgentJoined: agents.fold_joined,
    facts.PresenceSet: agents.fold_presence,
    facts.NextPresenceSet: agents.fold_next_presence,
    facts.LinkSet: agents.fold_link,
    facts.AgentSet: agents.fold_agent,
    facts.ContactEntered: contacts.fold_entered,
    facts.ContactChanged: contacts.fold_changed,
    facts.StepTaken: contacts.fold_step,
    facts.EstimateTold: contacts.fold_told,
    facts.HeadStartSet: contacts.fold_head_start,
    facts.ContactRequeued: contacts.fold_requeued,
    facts.OverflowOffered: contacts.fold_overflow_offered,
    facts.OverflowDeclined: contacts.fold_overflow_declined,
    facts.IntakeEntered: contacts.fold_intake_entered,
    facts.IntakeNoted: contacts.fold_intake_noted,
    facts.IntakeTaken: contacts.fold_intake_taken,
    facts.ContactReturned: contacts.fold_returned,
    facts.TicketLinked: contacts.fold_ticket_linked,
    facts.ReturnCallMerged: contacts.fold_merged,
    facts.ReturnCallRescheduled: contacts.fold_rescheduled,
    facts.ContactEnded: contacts.fold_ended,
    facts.LegKept: contacts.fold_leg,
    facts.OfferMade: offers.fold_made,
    facts.CustomerAnswered: offers.fold_customer_answered,
    facts.OfferTaken: offers.fold_taken,
    facts.OfferEnded: offers.fold_offer_ended,
    facts.AssignmentConnected: offers.fold_connected,
    facts.AssignmentHeld: offers.fold_held,
    facts.TalkEnded: offers.fold_talk_ended,
    facts.WrapUpStarted: offers.fold_wrap_up,
    facts.WrapUpExtended: offers.fold_wrap_up_extended,
    facts.AssignmentDone: offers.fold_done,
    facts.TransferMade: offers.fold_transfer,
    facts.TransferFailed: offers.fold_transfer_failed,
    facts.ConsultStarted: offers.fold_consult,
    facts.ConsultAnswered: offers.fold_consult_answered,
    facts.ConsultOver: offers.fold_consult_over,
    facts.ParticipantGone: offers.fold_participant,
    facts.MonitorSet: offers.fold_monitor,
}
