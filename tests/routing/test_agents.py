"""Agents: sign-in, presence, links, skills by hand, capacity and blending."""

import pytest

from acd.routing.events import (
    AgentChanged,
    AgentSignedIn,
    AgentSignedOut,
    CustomerLeft,
    LinkChanged,
    NodeStarted,
    PresenceChosen,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    Blend,
    Channel,
    ContactId,
    Link,
    Needs,
    PersonId,
    Presence,
    QueueId,
    SkillId,
    SkillNeed,
)
from acd.routing.outputs import (
    AgentJoined,
    AgentSet,
    Late,
    LinkSet,
    NextPresenceSet,
    OfferMade,
    PresenceSet,
    Refused,
)
from tests.routing.zone import Zone, agent, names, of, only

ANN = AgentId("ann")


def test_a_sign_in_and_a_ready_presence_are_one_step() -> None:
    zone = Zone("q", agent("ann"))
    assert names(zone.do(AgentSignedIn(ANN, "s1", Presence.READY))) == ["AgentJoined", "PresenceSet"]
    assert only(zone.do(AgentSignedIn(ANN, "s1", Presence.READY)), Late)


def test_a_second_session_takes_over_and_keeps_presence_and_work() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    assert names(zone.do(AgentSignedIn(ANN, "s2"))) == ["AgentJoined"]
    assert zone.engine.state.agents[ANN].presence is Presence.READY
    zone.accept()
    zone.do(PresenceChosen(ANN, Presence.NOT_READY, "lunch"))
    assert names(zone.do(AgentSignedIn(ANN, "s3", Presence.READY))) == ["AgentJoined", "NextPresenceSet"]


def test_a_sign_in_cannot_sign_out() -> None:
    zone = Zone("q", agent("ann"))
    assert (
        only(zone.do(AgentSignedIn(ANN, "s", Presence.SIGNED_OUT)), PresenceSet).presence
        is Presence.NOT_READY
    )


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (AgentSignedIn(AgentId("x"), "s"), "unknown_agent"),
        (AgentSignedIn(ANN, "s" * 300), "senseless"),
        (AgentSignedOut(AgentId("x")), "unknown_agent"),
        (PresenceChosen(ANN, Presence.READY), "signed_out"),
        (LinkChanged(AgentId("x"), Link.DESK, True), "unknown_agent"),
        (LinkChanged(ANN, Link.DESK, True, "s" * 300), "senseless"),
        (AgentChanged(AgentId("x")), "unknown_agent"),
        (AgentChanged(ANN, {SkillId("de"): 6}), "senseless"),
        (AgentChanged(ANN, {SkillId(str(number)): 1 for number in range(65)}), "senseless"),
        (AgentChanged(ANN, {SkillId("fr"): 3}), "unknown_skill"),
        (AgentChanged(ANN, None, (QueueId("x"),)), "unknown_queue"),
        (AgentChanged(ANN, None, (QueueId("q"),) * 65), "limit"),
    ],
)
def test_what_cannot_be_is_refused(event: object, code: str) -> None:
    zone = Zone("q", agent("ann"), skills=(SkillId("de"),))
    assert only(zone.do(event), Refused).code == code  # type: ignore[arg-type]


def test_presence_chosen_during_work_is_the_next_presence_and_stops_new_contacts() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1", channel=Channel.CHAT)
    number = zone.accept()
    assert names(zone.do(PresenceChosen(ANN, Presence.NOT_READY, "lunch"))) == ["NextPresenceSet"]
    assert only(zone.do(PresenceChosen(ANN, Presence.NOT_READY, "lunch")), Late)
    assert not of(zone.arrive("c2", channel=Channel.CHAT), OfferMade)
    assert only(zone.do(PresenceChosen(ANN, Presence.READY)), NextPresenceSet).presence is None
    assert zone.offer().contact == "c2"
    zone.do(PresenceChosen(ANN, Presence.NOT_READY, "lunch"))
    zone.do(CustomerLeft(ContactId("c1")))
    out = zone.do(WrapUpFinished(number, ""))
    assert only(out, PresenceSet).reason == "lunch"


def test_the_presence_in_force_takes_a_choice_for_later_back() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.do(PresenceChosen(ANN, Presence.READY, "x"))
    zone.arrive("c1")
    zone.accept()
    assert only(zone.do(PresenceChosen(ANN, Presence.READY, "x")), Late)
    zone.do(AgentSignedOut(ANN))
    assert only(zone.do(PresenceChosen(ANN, Presence.READY, "x")), NextPresenceSet).presence is None
    zone.do(PresenceChosen(ANN, Presence.NOT_READY, "a"))
    assert only(zone.do(PresenceChosen(ANN, Presence.NOT_READY, "b")), NextPresenceSet).reason == "b"


def test_the_same_presence_again_is_late_and_another_reason_is_not() -> None:
    zone = Zone("q", agent("ann"))
    assert only(zone.do(AgentSignedOut(ANN)), Late)
    zone.do(AgentSignedIn(ANN, "s"))
    assert only(zone.do(PresenceChosen(ANN, Presence.NOT_READY, "signed_in")), Late)
    assert (
        only(zone.do(PresenceChosen(ANN, Presence.NOT_READY, "lunch", PersonId("boss"))), PresenceSet).by
        == "boss"
    )


# --- links ----------------------------------------------------------------------------------------------


def test_a_contact_reaches_only_agents_whose_links_it_needs_are_alive() -> None:
    zone = Zone("q", agent("ann"), agent("bob"))
    zone.ready("ann", "bob")
    zone.do(LinkChanged(AgentId("bob"), Link.PHONE, True))
    zone.arrive("c1", links=(Link.PHONE,))
    assert zone.offer().agent == "bob"
    assert zone.offer().decision.removed == {"unreachable": 1}
    assert not of(zone.arrive("c2", links=(Link.DESK, Link.PHONE)), OfferMade)
    assert only(zone.do(LinkChanged(ANN, Link.DESK, True, "s1")), LinkSet)
    assert only(zone.do(LinkChanged(ANN, Link.PHONE, True)), OfferMade).contact == "c2"


def test_a_link_goes_down_only_by_the_session_that_it_came_up_with() -> None:
    zone = Zone("q", agent("ann"))
    zone.do(LinkChanged(ANN, Link.DESK, True, "new"))
    assert only(zone.do(LinkChanged(ANN, Link.DESK, False, "old")), Late)
    assert only(zone.do(LinkChanged(ANN, Link.DESK, True, "new")), Late)
    assert only(zone.do(LinkChanged(ANN, Link.DESK, False, "new")), LinkSet)
    assert only(zone.do(LinkChanged(ANN, Link.DESK, False, "new")), Late)


def test_a_lost_desk_has_its_grace_and_then_its_agent_is_not_ready() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann", links=(Link.DESK,))
    zone.do(LinkChanged(ANN, Link.DESK, False, "s-ann"))
    assert not zone.wait(29_000)
    zone.do(LinkChanged(ANN, Link.DESK, True, "s-ann"))
    assert not zone.wait(60_000)
    zone.do(LinkChanged(ANN, Link.DESK, False, "s-ann"))
    lost = only(zone.wait(30_000), PresenceSet)
    assert (lost.reason, lost.is_system) == ("connection_lost", True)
    zone.do(LinkChanged(ANN, Link.DESK, True, "s-ann"))
    zone.do(LinkChanged(ANN, Link.DESK, False, "s-ann"))
    assert not zone.wait(60_000), "not ready already"


def test_after_a_restart_all_links_are_down_and_desks_have_their_grace() -> None:
    zone = Zone("q", agent("ann"), agent("bob"))
    zone.ready("ann", "bob", links=(Link.DESK, Link.PHONE))
    zone.do(NodeStarted(1))
    assert only(zone.do(NodeStarted(1)), Refused).code == "senseless"
    assert not of(zone.arrive("c1", links=(Link.PHONE,)), OfferMade)
    zone.do(LinkChanged(ANN, Link.DESK, True, "again"))
    assert only(zone.wait(30_000), PresenceSet).agent == "bob"
    assert only(zone.do(LinkChanged(ANN, Link.PHONE, True)), OfferMade).contact == "c1"


# --- skills, capacity -----------------------------------------------------------------------------------


def test_skills_and_queues_by_hand_are_in_force_at_once() -> None:
    zone = Zone("q", "r", agent("ann", "r"))
    zone.ready("ann")
    zone.arrive("c1", needs=Needs(((SkillNeed(SkillId("de"), 2),),)))
    assert not of(zone.do(AgentChanged(ANN, {SkillId("de"): 3})), OfferMade)
    assert only(zone.do(AgentChanged(ANN, None, (QueueId("q"),))), OfferMade).contact == "c1"
    assert only(zone.do(AgentChanged(ANN, {SkillId("de"): 3}, (QueueId("q"),))), Late)
    zone.arrive("c2")
    zone.do(AgentChanged(ANN, {SkillId("de"): 1}, (QueueId("q"),)))
    assert zone.engine.state.agents[ANN].skills == {"de": 1}


def test_a_call_keeps_chats_away_and_may_interrupt_them_by_rule() -> None:
    blends = (Blend(Channel.CHAT, (Channel.CHAT, Channel.VOICE)),)
    zone = Zone("q", agent("ann", capacity={Channel.VOICE: 1, Channel.CHAT: 2}, blends=blends))
    zone.ready("ann")
    assert of(zone.arrive("c1", channel=Channel.CHAT), OfferMade)
    assert of(zone.arrive("c2", channel=Channel.VOICE), OfferMade)
    assert not of(zone.arrive("c3", channel=Channel.CHAT), OfferMade)
    assert not of(zone.arrive("c4", channel=Channel.VOICE), OfferMade)


def test_an_agent_without_capacity_for_a_channel_gets_none_of_it() -> None:
    zone = Zone("q", agent("ann", capacity={Channel.CHAT: 1}))
    zone.ready("ann")
    assert not of(zone.arrive("c1"), OfferMade)
    assert of(zone.arrive("c2", channel=Channel.CHAT), OfferMade)


def test_a_sign_out_while_talking_takes_effect_at_the_end() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    number = zone.accept()
    assert only(zone.do(AgentSignedOut(ANN)), NextPresenceSet).presence is Presence.SIGNED_OUT
    zone.do(CustomerLeft(ContactId("c1")))
    assert only(zone.do(WrapUpFinished(number, "")), PresenceSet).presence is Presence.SIGNED_OUT
    assert of(zone.do(AgentSignedIn(ANN, "next", Presence.READY)), AgentJoined)


def test_a_skill_of_the_rules_may_be_given_by_hand() -> None:
    zone = Zone("q", agent("ann"), skills=(SkillId("de"),))
    assert only(zone.do(AgentChanged(ANN, {SkillId("de"): 3})), AgentSet).skills == {"de": 3}
