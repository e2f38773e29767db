"""What a desk is told of a customer who was here before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from acd.desk.board.build import build_repeat
from acd.desk.board.state import BoardState, ContactCard
from acd.routing.model import Channel, ContactId, Origin, Outcome, QueueId, Repeat, Visit


def visit(number: int, origin: Origin, channel: Channel) -> Visit:
    return Visit(ContactId(f"c{number}"), number, channel, QueueId("q"), Outcome.ANSWERED, origin=origin)


def last_of(*visits: Visit) -> tuple[int, Channel]:
    card = cast(ContactCard, SimpleNamespace(repeat=Repeat(1, visits)))
    mark = build_repeat(BoardState(), card)
    assert mark is not None
    assert [each.at_ms for each in mark.visits] == [each.at_ms for each in visits]
    return mark.last_at_ms, mark.last_channel


def test_a_return_call_is_no_visit_of_the_customer() -> None:
    ours = visit(2, Origin.RETURN_CALL, Channel.VOICE)
    theirs = visit(1, Origin.INBOUND, Channel.CHAT)
    assert last_of(ours, theirs) == (1, Channel.CHAT)
    assert last_of(theirs) == (1, Channel.CHAT)


def test_where_only_return_calls_are_kept_they_are_told_of() -> None:
    assert last_of(visit(2, Origin.RETURN_CALL, Channel.VOICE)) == (2, Channel.VOICE)
