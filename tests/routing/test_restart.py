"""What a node that takes over does with the time that ran out while nobody lived."""

from __future__ import annotations

from acd.routing.engine import Engine
from acd.routing.events import (
    AgentSignedIn,
    ContactArrived,
    LinkChanged,
    NodeStarted,
    RulesLoaded,
    TimePassed,
)
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    EntryId,
    EntryRules,
    Link,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Rules,
)
from acd.routing.outputs import NodeTookOver, OfferEnded, OfferMade

QUEUE = QueueId("line")
START_MS = 1_000_000_000_000


def test_an_offer_that_ran_out_while_no_node_lived_goes_to_nobody_before_links_are_known() -> None:
    engine = Engine()
    agents = (AgentId("ann"), AgentId("bob"))
    rules = Rules(
        1,
        queues=(QueueRules(QUEUE),),
        entries=(EntryRules(EntryId("400"), QUEUE),),
        agents=tuple(AgentRules(agent, queues=(QueueServed(QUEUE),)) for agent in agents),
    )
    engine.handle(RulesLoaded(rules), START_MS)
    for agent in agents:
        engine.handle(LinkChanged(agent, Link.PHONE, True), START_MS + 1)
        engine.handle(AgentSignedIn(agent, "s", Presence.READY), START_MS + 2)
    call = ContactArrived(ContactId("x"), "sip", Channel.VOICE, EntryId("400"), links=(Link.PHONE,))
    made = engine.handle(call, START_MS + 3)
    assert [fact.agent for fact in made.facts if isinstance(fact, OfferMade)] == ["ann"]

    taken_over = engine.handle(NodeStarted(2), START_MS + 60_000)
    assert [type(fact) for fact in taken_over.facts] == [NodeTookOver]
    due = engine.handle(TimePassed(), START_MS + 60_000)
    assert [fact.offer for fact in due.facts if isinstance(fact, OfferEnded)] == [1]
    assert not [fact for fact in due.facts if isinstance(fact, OfferMade)]
    back = engine.handle(LinkChanged(AgentId("bob"), Link.PHONE, True), START_MS + 61_000)
    assert [fact.agent for fact in back.facts if isinstance(fact, OfferMade)] == ["bob"]
