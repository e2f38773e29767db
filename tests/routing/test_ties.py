"""The tie tables of NOTES.md, played row by row with events alone: who is chosen first, and who after them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from acd.routing import events as e
from acd.routing import strategies
from acd.routing.model import (
    AgentId,
    Blend,
    Channel,
    ContactId,
    EntryId,
    Needs,
    OfferId,
    Presence,
    QueueId,
    QueueRules,
    SkillId,
    SkillNeed,
    Strategy,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import OfferMade
from tests.routing.zone import START_MS, Zone, agent, of

NOTES = (Path(strategies.__file__).parent / "NOTES.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \| ([a-z] [^|]*) \| ([a-z ]+) \|", NOTES, re.MULTILINE)
NOW_MS = START_MS + 10_000_000
CHAT_OR_CALL = (Blend(Channel.CHAT, (Channel.CHAT, Channel.VOICE)),)


@dataclass
class Past:
    """What an agent of a row has done, in seconds before now."""

    name: str
    here: int = 1_000
    worked: int = 0
    times: int = 0
    idle: int = 0
    holds: int = 0
    weight: int = 1
    skills: dict[str, int] = field(default_factory=dict)


def read(text: str) -> Past:
    """An agent as the table writes it."""
    name, _, rest = text.strip().partition(" ")
    past = Past(name)
    for word in ("here", "idle", "holds", "weight"):
        found = re.search(rf"\b{word} (\d+)", rest)
        if found:
            setattr(past, word, int(found[1]))
    found = re.search(r"worked (\d+) in (\d+)", rest)
    if found:
        past.worked, past.times = int(found[1]), int(found[2])
    elif past.idle:
        past.worked, past.times = 1, 1
    past.skills = {skill: int(level) for skill, level in re.findall(r"\b([stx])(\d)\b", rest)}
    return past


def happenings(past: Past) -> list[tuple[int, Any]]:
    """Moments and events of an agent's past; contacts are given to them while they are not ready."""
    me = AgentId(past.name)
    told: list[tuple[int, Any]] = [(NOW_MS - past.here * 1_000, e.AgentSignedIn(me, f"s-{me}"))]
    end_ms = NOW_MS - past.idle * 1_000
    for number in range(past.times):
        each_ms = past.worked * 1_000 // past.times
        at_ms = end_ms - each_ms * (past.times - number)
        contact = ContactId(f"{me}{number}")
        # The last one ends at the moment of the last release exactly.
        over_ms = end_ms if number == past.times - 1 else at_ms + each_ms
        told += [(at_ms, ("take", me, contact)), (over_ms, ("end", me, contact))]
    told += [(NOW_MS, ("hold", me, ContactId(f"{me}-held{number}"))) for number in range(past.holds)]
    return told


def play(zone: Zone, pasts: list[Past]) -> None:
    """Let it all happen, in order of time, and everybody be ready in the end."""
    offers: dict[ContactId, OfferId] = {}
    told = [each for past in pasts for each in happenings(past)]
    for at_ms, what in sorted(
        told, key=lambda each: (each[0], each[1][0] != "end" if isinstance(each[1], tuple) else 0)
    ):
        wait_ms = at_ms - zone.now_ms
        if not isinstance(what, tuple):
            zone.do(what, wait_ms)
        elif what[0] == "end":
            zone.do(e.AgentLegEnded(offers[what[2]]), wait_ms)
        else:
            is_chat = what[0] == "hold"
            if is_chat:  # chats in hand now come to somebody who is ready; nobody else is yet
                zone.do(e.PresenceChosen(what[1], Presence.READY), wait_ms)
            channel = Channel.CHAT if is_chat else Channel.VOICE
            zone.do(e.ContactArrived(what[2], "sip", channel, EntryId("100")), 0 if is_chat else wait_ms)
            zone.do(e.ContactGiven(what[2], what[1], True))
            offers[what[2]] = OfferId(zone.offer().offer)
            assert zone.offer().agent == what[1]
            zone.do(e.OfferAccepted(offers[what[2]]))
            zone.do(e.ContactConnected(offers[what[2]]))
    zone.do(e.TimePassed(), NOW_MS - zone.now_ms)
    for past in pasts:
        zone.do(e.PresenceChosen(AgentId(past.name), Presence.READY))


@pytest.mark.parametrize(("strategy", "agents", "expected"), ROWS)
def test_every_row_of_the_notes_is_what_happens(strategy: str, agents: str, expected: str) -> None:
    pasts = [read(text) for text in agents.split(";")]
    rules = QueueRules(
        QueueId("q"),
        strategy=Strategy(strategy),
        wrap_up=WrapUp(WrapUpMode.NONE),
        offer_ms=600_000,
        announce_ms=0,
    )
    zone = Zone(
        rules,
        *(agent(past.name, skills=past.skills, weight=past.weight, blends=CHAT_OR_CALL) for past in pasts),
        twin=False,
    )
    zone.now_ms = START_MS
    play(zone, pasts)
    asked = Needs(
        preferred=tuple(SkillNeed(SkillId(skill)) for skill in "st" if any(skill in p.skills for p in pasts))
    )
    before = len(zone.facts)
    for number in range(1 if strategy == "ring_all" else len(pasts)):
        zone.arrive(f"x{number}", after_ms=0, needs=asked if strategy == "most_proficient" else None)
    chosen = [made.agent for made in of(zone.facts[before:], OfferMade)]
    assert chosen == expected.split()


def test_the_notes_have_a_row_for_every_strategy() -> None:
    assert {strategy for strategy, _, _ in ROWS} == set(Strategy)
