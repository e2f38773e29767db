"""Whole calls between two user agents over a wire in memory, good and bad."""

from __future__ import annotations

from telephony_adapters.sip.legs import (
    CallCame,
    Leg,
    LegAcknowledged,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegHappening,
)
from tests.telephony_adapters.sip.lossy import SDP, Party, Wire

A = ("192.0.2.10", 5060)
B = ("192.0.2.20", 5060)


def answer_at_once(party: Party, happening: LegHappening) -> None:
    """Ring and answer."""
    if isinstance(happening, CallCame):
        party.signalling.ring(happening.leg, 180, party.wire.now_ms)
        party.signalling.answer(happening.leg, SDP, party.wire.now_ms)


def place_call(party: Party, to: tuple[str, int]) -> Leg:
    """Call user 100 at a peer."""
    leg = party.signalling.new_leg("leg", to)
    headers = {"From": ["<sip:a@192.0.2.10>"], "To": [f"<sip:100@{to[0]}>"]}
    party.signalling.invite(leg, f"sip:100@{to[0]}", headers, SDP, party.wire.now_ms)
    party.flush()
    return leg


def test_two_hundred_calls_complete_over_a_wire_that_loses_ten_per_cent() -> None:
    for seed in range(3):
        wire = Wire(seed, loss=0.10, twice=0.05, delay_ms_max=80)
        caller, callee = Party(wire, A), Party(wire, B, answer_at_once)
        legs: list[Leg] = []

        def hang_up(leg: Leg, caller: Party = caller, wire: Wire = wire) -> None:
            assert leg.is_up, leg
            caller.signalling.hang_up(leg, wire.now_ms)
            caller.flush()

        for number in range(200):
            wire.later(number * 20, lambda caller=caller, legs=legs: legs.append(place_call(caller, B)))
        wire.run(40_000)
        for leg in legs:
            hang_up(leg)
        wire.run(80_000)
        assert len(callee.of(CallCame)) == 200
        assert len(caller.of(LegAnswered)) == 200
        assert len(callee.of(LegAcknowledged)) == 200
        assert len(callee.of(LegEnded)) == 200
        assert {happening.reason for happening in callee.of(LegEnded)} == {"bye"}
        assert not caller.of(LegFailed)
        assert wire.lost > 100
        assert len(caller.signalling.layer) == len(callee.signalling.layer) == 0
