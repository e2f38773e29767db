"""Bindings: what a telephone may register, for how long, and when it counts as gone."""

from __future__ import annotations

import pytest

from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import SipRequest
from telephony_adapters.sip.registrar import CONTACTS_MAX, Registrar

PEER = ("192.0.2.2", 5060)
NOW = 1_000_000


def register(
    *contacts: str,
    to: str = "2001",
    number: int = 1,
    call_id: str = "c",
    expires: str = "",
    via: str = "192.0.2.2",
) -> SipRequest:
    """A REGISTER."""
    headers = {
        "Via": [f"SIP/2.0/UDP {via}:5060;branch=z9hG4bK1"],
        "From": [f"<sip:{to}@192.0.2.1>;tag=f"],
        "To": [f"<sip:{to}@192.0.2.1>"],
        "Call-ID": [call_id],
        "CSeq": [f"{number} REGISTER"],
        "Contact": list(contacts),
    }
    if expires:
        headers["Expires"] = [expires]
    return SipRequest("REGISTER", "sip:192.0.2.1", headers)


def status_of(registrar: Registrar, request: SipRequest, number: str = "2001") -> int:
    """200, or the status of the refusal."""
    try:
        registrar.register(request, PEER, number, NOW)
    except SipError as error:
        return error.status
    return 200


def test_a_binding_is_reached_where_the_register_came_from_until_it_expires() -> None:
    registrar = Registrar()
    headers = registrar.register(register("<sip:x@192.0.2.2:5099>", expires="60"), PEER, "2001", NOW)
    assert headers == [("Contact", "<sip:x@192.0.2.2:5099>;expires=60")]
    binding = registrar.reach("2001", NOW + 59_999)
    assert binding is not None and binding.peer == PEER and binding.uri == "sip:x@192.0.2.2:5099"
    assert registrar.reach("2001", NOW + 60_000) is None
    assert registrar.expire(NOW + 59_999) == []
    assert registrar.expire(NOW + 60_000) == ["2001"]
    assert not registrar.is_reachable("2001")


def test_the_parameter_counts_more_than_the_header_and_the_limit_more_than_both() -> None:
    registrar = Registrar(expires_s_max=300)
    assert registrar.register(register("<sip:x@192.0.2.2>;expires=100", expires="60"), PEER, "2001", NOW)[0][
        1
    ].endswith("=100")
    assert registrar.register(register("<sip:y@192.0.2.2>", expires="9999"), PEER, "2001", NOW)[1][
        1
    ].endswith("=300")
    assert status_of(registrar, register("<sip:z@192.0.2.2>", expires="5")) == 423
    assert status_of(registrar, register("<sip:z@192.0.2.2>", expires="99999999999")) == 400


def test_removal_by_zero_and_by_star() -> None:
    registrar = Registrar()
    assert status_of(registrar, register("<sip:x@192.0.2.2>")) == 200
    assert status_of(registrar, register("<sip:x@192.0.2.2>;expires=0", number=2)) == 200
    assert not registrar.is_reachable("2001")
    registrar.register(register("<sip:x@192.0.2.2>", "<sip:y@192.0.2.2>", number=3), PEER, "2001", NOW)
    assert status_of(registrar, register("*", expires="60", number=4)) == 400
    assert status_of(registrar, register("*", number=4)) == 400
    assert status_of(registrar, register("*", "<sip:x@192.0.2.2>", expires="0", number=4)) == 400
    assert registrar.is_reachable("2001")
    assert status_of(registrar, register("*", expires="0", number=5)) == 200
    assert not registrar.is_reachable("2001")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (register("<sip:x@192.0.2.2>", to="2002"), 403),
        (register("<sip:x@192.0.2.66>"), 403),
        (register("<sip:x@evil.example>"), 403),
        (register("<tel:+8613800138000>"), 403),
        (register("<sip:x@10.0.0.5>", via="10.0.0.5"), 200),
        (register("<sip:x@203.0.113.9>", via="203.0.113.9"), 200),
        (register("<sip:x@8.8.8.8>", via="8.8.8.8"), 403),
        (register("<sip:x@abc.invalid;transport=ws>"), 200),
        (register(*(f"<sip:x{n}@192.0.2.2>" for n in range(CONTACTS_MAX + 1))), 403),
        (register(*(f"<sip:x{n}@192.0.2.2>" for n in range(1_000))), 403),
    ],
)
def test_what_may_be_registered(request_: SipRequest, status: int) -> None:
    registrar = Registrar()
    assert status_of(registrar, request_) == status
    assert registrar.is_reachable("2001") == (status == 200)


def test_a_refused_register_changes_nothing() -> None:
    registrar = Registrar()
    assert status_of(registrar, register("<sip:x@192.0.2.2>")) == 200
    assert status_of(registrar, register("<sip:y@192.0.2.2>", "<sip:z@192.0.2.66>", number=2)) == 403
    assert [binding.uri for binding in registrar.all()] == ["sip:x@192.0.2.2"]


def test_an_old_register_is_refused() -> None:
    registrar = Registrar()
    assert status_of(registrar, register("<sip:x@192.0.2.2>", number=5)) == 200
    assert status_of(registrar, register("<sip:x@192.0.2.2>", number=5)) == 400
    assert status_of(registrar, register("<sip:x@192.0.2.2>", number=4)) == 400
    assert status_of(registrar, register("<sip:x@192.0.2.2>", number=1, call_id="d")) == 200


def test_a_question_without_contacts_lists_what_is_there() -> None:
    registrar = Registrar()
    status_of(registrar, register("<sip:x@192.0.2.2>"))
    assert registrar.register(register(number=2), PEER, "2001", NOW + 1_000) == [
        ("Contact", "<sip:x@192.0.2.2>;expires=3599")
    ]


def test_a_telephone_that_misses_two_probes_is_gone_and_one_answer_saves_it() -> None:
    registrar = Registrar(probe_ms=10_000)
    status_of(registrar, register("<sip:x@192.0.2.2>"))
    assert list(registrar.probe_due(NOW + 9_999)) == []
    (binding,) = registrar.probe_due(NOW + 10_000)
    assert not registrar.note_probe(binding, False)
    assert not registrar.note_probe(binding, True)
    assert not registrar.note_probe(binding, False)
    assert registrar.note_probe(binding, False)
    assert not registrar.is_reachable("2001")
    assert not registrar.note_probe(binding, False)


def test_kept_bindings_are_probed_at_once() -> None:
    registrar = Registrar()
    status_of(registrar, register("<sip:x@192.0.2.2>", expires="60"))
    other = Registrar()
    other.restore(registrar.all(), NOW + 1_000)
    assert [binding.uri for binding in other.probe_due(NOW + 1_000)] == ["sip:x@192.0.2.2"]
    late = Registrar()
    late.restore(registrar.all(), NOW + 61_000)
    assert late.all() == []
