"""Each kind of event and the one function that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from acd.routing import events
from acd.routing.answer import Answer
from acd.routing.handling import agents, arrivals, clock, intake, offers, talks, transfers, zone

HANDLERS: Final[Mapping[type[events.Event], Callable[[Answer, Any], None]]] = {
    events.TimePassed: clock.on_time,
    events.NodeStarted: zone.on_node,
    events.RulesLoaded: zone.on_rules,
    events.HoursTurned: zone.on_hours,
    events.QueueGateTurned: zone.on_gate,
    events.CommandDone: zone.on_command_done,
    events.ContactArrived: arrivals.on_arrived,
    events.ArrivalsRefused: arrivals.on_refused,
    events.CustomerLeft: arrivals.on_left,
    events.CustomerChose: arrivals.on_chose,
    events.LegStored: arrivals.on_leg,
    events.LegsCompared: arrivals.on_compared,
    events.AttributesChanged: arrivals.on_attributes,
    events.IntakeProgressed: intake.on_progressed,
    events.IntakeFinished: intake.on_finished,
    events.IntakeGaveUp: intake.on_gave_up,
    events.TicketOpened: intake.on_ticket_opened,
    events.TicketClosed: intake.on_ticket_closed,
    events.ReturnCallAsked: intake.on_return_call,
    events.CustomerReached: offers.on_reached,
    events.DialFailed: offers.on_dial_failed,
    events.OfferAccepted: offers.on_accepted,
    events.OfferDeclined: offers.on_declined,
    events.OfferFailed: offers.on_failed,
    events.ContactConnected: offers.on_connected,
    events.ConnectFailed: offers.on_connect_failed,
    events.AgentLegEnded: talks.on_agent_left,
    events.HoldChosen: talks.on_hold,
    events.WrapUpAsked: talks.on_more,
    events.WrapUpFinished: talks.on_finished,
    events.MonitorAsked: talks.on_monitor,
    events.TransferAsked: transfers.on_transfer,
    events.ConsultAsked: transfers.on_consult,
    events.ConsultConnected: transfers.on_consult_connected,
    events.ConsultEnded: transfers.on_consult_ended,
    events.ConsultCompleted: transfers.on_consult_completed,
    events.ParticipantLeft: transfers.on_participant,
    events.AgentSignedIn: agents.on_signed_in,
    events.AgentSignedOut: agents.on_signed_out,
    events.PresenceChosen: agents.on_presence,
    events.LinkChanged: agents.on_link,
    events.AgentChanged: agents.on_changed,
    events.ContactMoved: zone.on_moved,
    events.HeadStartChanged: zone.on_head_start,
    events.ContactGiven: zone.on_given,
    events.ContactClosed: zone.on_closed,
}
