"""Commands bear keys: the same order, the same key; different orders, different keys."""

from typing import get_args

import msgspec
import pytest

from acd.routing.model import AgentId, Channel, ContactId, MonitorMode, OfferId, PersonId, QueueId, TicketId
from acd.routing.outputs import (
    AnyCommand,
    CloseTicket,
    Command,
    EndConsult,
    HoldContact,
    OfferCommand,
    PlayTreatment,
    SetMonitor,
    StartConsult,
    StartIntake,
    TurnAway,
    WithdrawOffer,
)

C, A, O1 = ContactId("c"), AgentId("a"), OfferId(1)
ORDERS = [
    TurnAway("x", C, "full"),
    PlayTreatment("x", C, 1, "queued", "en"),
    PlayTreatment("x", C, 2, "position", "en"),
    StartIntake("x", C, 1, Channel.VOICE, "en"),
    StartIntake("x", C, 2, Channel.VOICE, "en"),
    WithdrawOffer("", O1, C, A, "x"),
    HoldContact("x", O1, C, A, True, 1),
    HoldContact("x", O1, C, A, False, 2),
    StartConsult("x", O1, C, A, 1),
    EndConsult("x", O1, C, A, 1, "retrieve"),
    SetMonitor("x", O1, C, A, PersonId("p"), MonitorMode.BARGE),
    SetMonitor("x", O1, C, A, PersonId("p"), None),
    CloseTicket("", TicketId("T"), C, A, "ok"),
]


def test_different_orders_have_different_keys() -> None:
    assert len({order.key for order in ORDERS}) == len(ORDERS)
    assert all(order.key.startswith(type(order).__name__) for order in ORDERS)
    assert isinstance(QueueId("q"), str) and issubclass(WithdrawOffer, OfferCommand)


def test_every_kind_of_command_survives_the_wire() -> None:
    decoder = msgspec.msgpack.Decoder(AnyCommand)
    for order in ORDERS:
        assert decoder.decode(msgspec.msgpack.encode(order)) == order
    assert {kind.__name__ for kind in get_args(AnyCommand)} >= {type(order).__name__ for order in ORDERS}


def test_a_command_without_a_key_is_a_defect() -> None:
    with pytest.raises(NotImplementedError, match="Command has no key"):
        assert Command("x").key
