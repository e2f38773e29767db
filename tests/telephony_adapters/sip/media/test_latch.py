"""Whose packets are believed."""

from __future__ import annotations

from telephony_adapters.sip.media.latch import PROBATION, SILENT_TICKS, Address, SourceLatch

DESCRIBED: Address = ("192.0.2.1", 4000)
BEHIND_NAT: Address = ("198.51.100.7", 61_000)
STRANGER: Address = ("203.0.113.66", 4000)


class Talk:
    """Packets of several sources at one latch."""

    def __init__(self) -> None:
        self.latch = SourceLatch(DESCRIBED)
        self.tick = 0
        self.sequences: dict[Address, int] = {}

    def hear(self, source: Address, count: int = 1, ssrc: int = 1, step: int = 1) -> list[bool]:
        believed = []
        for _ in range(count):
            self.sequences[source] = (self.sequences.get(source, 65_530) + step) & 0xFFFF
            believed.append(self.latch.accepts(source, self.tick, ssrc, self.sequences[source]))
        return believed


def test_the_described_address_is_believed_at_once() -> None:
    talk = Talk()
    assert talk.hear(DESCRIBED) == [True]
    assert talk.latch.destination == DESCRIBED


def test_another_source_must_show_itself_first() -> None:
    talk = Talk()
    assert talk.hear(BEHIND_NAT, PROBATION + 2) == [False] * (PROBATION - 1) + [True] * 3
    assert talk.latch.destination == BEHIND_NAT
    assert talk.latch.strangers == PROBATION - 1


def test_packets_out_of_sequence_or_of_changing_streams_show_nothing() -> None:
    talk = Talk()
    assert not any(talk.hear(STRANGER, 20, step=2))
    assert not any(talk.hear(BEHIND_NAT, 1, ssrc=at)[0] for at in range(20))
    assert talk.latch.destination == DESCRIBED


def test_who_is_believed_is_not_replaced_by_a_stranger_even_after_silence() -> None:
    talk = Talk()
    talk.hear(DESCRIBED)
    assert not any(talk.hear(STRANGER, 50))
    talk.tick = 10 * SILENT_TICKS
    assert not any(talk.hear(STRANGER, 50))
    assert talk.latch.destination == DESCRIBED


def test_the_same_host_may_come_back_from_another_port_after_silence() -> None:
    talk = Talk()
    talk.hear(BEHIND_NAT, PROBATION)
    moved = (BEHIND_NAT[0], 61_001)
    assert not any(talk.hear(moved, 10))
    talk.tick = SILENT_TICKS + 1
    assert talk.hear(moved, PROBATION)[-1]
    assert talk.latch.destination == moved


def test_the_described_address_takes_over_from_one_that_was_only_learned() -> None:
    talk = Talk()
    talk.hear(STRANGER, PROBATION)
    assert talk.latch.destination == STRANGER
    assert talk.hear(DESCRIBED) == [True]
    assert talk.latch.destination == DESCRIBED
    assert not any(talk.hear(STRANGER, 20))


def test_a_new_description_of_the_same_address_keeps_what_was_learned() -> None:
    talk = Talk()
    talk.hear(BEHIND_NAT, PROBATION)
    talk.latch.begin_anew(DESCRIBED)
    assert talk.latch.destination == BEHIND_NAT
    talk.latch.begin_anew(("192.0.2.1", 4002))
    assert talk.latch.destination == ("192.0.2.1", 4002)
