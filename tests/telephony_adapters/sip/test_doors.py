"""Attacks S13 to S23 on the running adapter, from hosts that are nobody's trunk."""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest

from acd.routing import events as ev
from telephony_adapters.sip.digest import build_authorization
from telephony_adapters.sip.legs import CallCame, LegFailed
from telephony_adapters.sip.limits import Rates
from telephony_adapters.sip.message import SipRequest, SipResponse
from telephony_adapters.sip.wire import serialize
from tests.telephony_adapters.sip.house import running_house
from tests.telephony_adapters.sip.telephones import Telephone

STRANGER = "127.0.1.66"
TOOL_NAMES = (b"Server:", b"User-Agent:", b"acd/", b"python", b"Python")


def build(phone: Telephone, method: str, user: str, **headers: str) -> SipRequest:
    """A request outside all dialogs."""
    host = phone.server[0]
    fields = {
        "Via": [phone.signalling.identity.via()],
        "Max-Forwards": ["70"],
        "From": [f"<sip:{phone.number}@{host}>;tag={secrets.token_hex(4)}"],
        "To": [f"<sip:{user}@{host}>"],
        "Call-ID": [secrets.token_hex(8)],
        "CSeq": [f"1 {method}"],
        "Contact": [f"<sip:{phone.number}@{phone.address[0]}:{phone.address[1]}>"],
    }
    for name, value in headers.items():
        fields[name.replace("_", "-")] = [value]
    body = phone.sdp if method == "INVITE" else b""
    if body:
        fields.setdefault("Content-Type", ["application/sdp"])
    uri = f"sip:{host}" if method == "REGISTER" else f"sip:{user}@{host}"
    return SipRequest(method, uri, fields, body)


async def signed_register(phone: Telephone, password: str, **headers: str) -> SipResponse:
    """Register with a password, step by step."""
    first = await phone.ask(build(phone, "REGISTER", phone.number))
    assert first.status == 401
    request = build(phone, "REGISTER", headers.pop("to", phone.number), **headers)
    built = build_authorization(
        first.headers["WWW-Authenticate"][0], "REGISTER", request.uri, phone.number, password, "c"
    )
    assert built is not None
    request.headers["Authorization"] = [built]
    return await phone.ask(request)


async def test_strangers_hear_the_same_whatever_they_dial_and_no_name_of_ours() -> None:
    async with running_house() as house:
        phone = await house.telephone("2001", STRANGER)
        seen = []
        for method in ("INVITE", "REGISTER"):
            for user in ("4001", "2001", "9999", "+19005551234"):
                response = await phone.ask(build(phone, method, user))
                seen.append((response.status, sorted(response.headers)))
                assert not any(name in serialize(response) for name in TOOL_NAMES)
        assert {status for status, _ in seen} == {401}
        assert len({tuple(names) for _, names in seen}) == 1
        assert not house.stand_in.of(ev.ContactArrived)


async def test_a_stranger_who_only_asks_gets_no_answer_at_all() -> None:
    async with running_house() as house:
        phone = await house.telephone("x", STRANGER)
        phone._connection.send(serialize(build(phone, "OPTIONS", "100")), phone.server)
        assert (await phone.ask(build(phone, "REGISTER", "x"))).status == 401
        assert [response.cseq[1] for response in phone.responses] == ["REGISTER"]


async def test_existing_and_unknown_numbers_cannot_be_told_apart_by_a_wrong_password() -> None:
    async with running_house() as house:
        seen = []
        for number in ("2001", "2002", "7777"):
            phone = await house.telephone(number, STRANGER)
            response = await signed_register(phone, "wrong")
            seen.append((response.status, sorted(response.headers)))
        assert seen[0] == seen[1] == seen[2]
        assert seen[0][0] == 403


async def test_a_password_guesser_is_banned_and_registered_telephones_are_not() -> None:
    async with running_house() as house:
        good = await house.agent("2001")
        guesser = await house.telephone("2001", STRANGER)
        statuses = []
        for guess in range(10):
            statuses.append((await signed_register(guesser, f"guess{guess}")).status)
        assert set(statuses) == {403}
        guesser._connection.send(serialize(build(guesser, "REGISTER", "2001")), guesser.server)
        other = await house.telephone("2002", "127.0.1.67")
        assert (await signed_register(other, "secret")).status == 200
        assert guesser.responses[-1].status == 403
        assert house.adapter.limits.dropped > 0
        assert (await good.register()).status == 200


async def test_a_telephone_may_register_only_itself() -> None:
    async with running_house() as house:
        phone = await house.telephone("2001", STRANGER)
        assert (await signed_register(phone, "secret", to="2002")).status == 403
        assert (await signed_register(phone, "secret", Contact="<sip:2001@127.0.0.99>")).status == 403
        many = ", ".join(f"<sip:{n}@{STRANGER}>" for n in range(200))
        assert (await signed_register(phone, "secret", Contact=many)).status == 403
        assert not house.adapter.board.registrar.all()
        assert (await signed_register(phone, "secret")).status == 200


@pytest.mark.parametrize("number", ["+19005551234", "0019005551234", "8613800138000", "9011442079460000"])
async def test_a_registered_telephone_cannot_call_outside(number: str) -> None:
    async with running_house() as house:
        phone = await house.telephone("2001", STRANGER)
        assert (await phone.register()).status == 200
        first = await phone.ask(build(phone, "INVITE", number))
        request = build(phone, "INVITE", number)
        built = build_authorization(
            first.headers["WWW-Authenticate"][0], "INVITE", request.uri, "2001", "secret", "c"
        )
        request.headers["Authorization"] = [str(built)]
        assert (await phone.ask(request)).status == 403
        assert not house.stand_in.of(ev.ContactArrived)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Max_Forwards": "0"}, 483),
        ({"Max_Forwards": "70000"}, 400),
        ({"Require": "100rel, evil"}, 420),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Encoding": "gzip"}, 415),
        ({"Accept": "text/nobodyKnowsThis"}, 406),
        ({"Contact": "<tel:+8613800138000>"}, 400),
        ({"From": "<sip:x@127.0.0.1>"}, 400),
    ],
)
async def test_calls_that_cannot_be_served_are_refused_by_name(headers: dict[str, str], status: int) -> None:
    async with running_house() as house:
        phone = await house.telephone("138")
        assert (await phone.ask(build(phone, "INVITE", "4001", **headers))).status == status
        assert not house.stand_in.of(ev.ContactArrived)


async def test_a_request_that_has_been_here_is_a_loop_and_foreign_routes_lead_nowhere() -> None:
    async with running_house() as house:
        phone = await house.telephone("138")
        request = build(phone, "INVITE", "4001")
        request.headers["Via"].append(
            f"SIP/2.0/UDP {house.adapter.board.signalling.identity.sent_by};branch=z9hG4bKq"
        )
        phone._connection.send(serialize(request), phone.server)
        await phone.until(lambda: phone.raw)
        assert phone.raw[0].startswith(b"SIP/2.0 482 ")
        trap = await house.telephone("trap", "127.0.1.99")
        routed = build(phone, "INVITE", "9999", Route=f"<sip:{trap.address[0]}:{trap.address[1]};lr>")
        assert (await phone.ask(routed)).status == 404
        assert not trap.requests


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "REFER", "INVITE", "OPTIONS", "NOTIFY"])
async def test_nobody_else_can_act_in_a_call_with_or_without_its_tags(method: str) -> None:
    async with running_house() as house:
        await house.agent("2001")
        caller = await house.telephone("138")
        leg = caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        assert leg.dialog is not None
        for host in ("127.0.0.1", STRANGER):
            thief = await house.telephone("138", host)
            request = leg.dialog._request(
                method, 900, thief.signalling.identity, (("Refer-To", "<sip:4001@x>"),), b""
            )
            if host == "127.0.0.1":  # knows everything but our tag
                request.headers["To"] = [f"{request.headers['To'][0][:-4]}0000"]
            assert (await thief.ask(request)).status == 481
        assert leg.is_up and not house.stand_in.of(ev.CustomerLeft)


async def test_ids_that_we_make_cannot_be_guessed() -> None:
    async with running_house() as house:
        agent = await house.agent("2001")
        caller = await house.telephone("138")
        tags = set()
        for _ in range(3):
            leg = caller.call("4001")
            await caller.until(lambda leg=leg: leg.is_up)
            assert leg.dialog is not None
            tags.add(leg.dialog.id.remote_tag)
            caller.hang_up(leg)
            await house.stand_in.until(lambda: not house.adapter.board.sides)
        tags |= {request.call_id for request in agent.requests}
        assert all(len(tag) == 32 and int(tag, 16) >= 0 for tag in tags)
        assert len(tags) == 6


@pytest.mark.parametrize(
    ("from_", "headers", "identities", "display"),
    [
        ("<sip:13800138000@x.example>", {}, ("tel:13800138000",), "13800138000"),
        ("<sip:+86-138-0013-8000@x.example>", {}, ("tel:+8613800138000",), "+8613800138000"),
        ("<tel:+8613800138000>", {}, ("tel:+8613800138000",), "+8613800138000"),
        ('"110" <sip:anonymous@anonymous.invalid>', {}, (), "110"),
        ('"Li\\"\\\\" <sip:li@x.example>', {}, ("sip:li@x.example",), 'Li"\\'),
        (
            "<sip:1@x.example>",
            {"P_Asserted_Identity": "<tel:+8613800138000>"},
            ("tel:+8613800138000",),
            "+8613800138000",
        ),
        ("<sip:13%0D%0AX-Evil@x.example>", {}, ("sip:13X-Evil@x.example",), ""),
        ('"' + "长" * 500 + '" <sip:1390@x.example>', {}, ("tel:1390",), "长" * 64),
    ],
)
async def test_who_calls_is_read_from_the_trunk_and_cleaned(
    from_: str, headers: dict[str, str], identities: tuple[str, ...], display: str
) -> None:
    async with running_house() as house:
        phone = await house.telephone("138")
        request = build(phone, "INVITE", "4001", From=f"{from_};tag=1", **headers)
        phone._connection.send(serialize(request), phone.server)
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactArrived))
        arrived = house.stand_in.of(ev.ContactArrived)[0]
        assert arrived.identities == identities
        assert arrived.display == display


async def test_a_stranger_with_a_password_is_who_the_password_says_not_what_a_header_says() -> None:
    async with running_house() as house:
        phone = await house.telephone("2001", STRANGER)
        first = await phone.ask(build(phone, "INVITE", "4001"))
        request = build(phone, "INVITE", "4001", P_Asserted_Identity="<tel:+8613800138000>")
        built = build_authorization(
            first.headers["WWW-Authenticate"][0], "INVITE", request.uri, "2001", "secret", "c"
        )
        request.headers["Authorization"] = [str(built)]
        phone._connection.send(serialize(request), phone.server)
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactArrived))
        assert house.stand_in.of(ev.ContactArrived)[0].identities == ("tel:2001",)


async def test_who_signs_as_another_than_who_calls_is_refused() -> None:
    async with running_house() as house:
        phone = await house.telephone("2002", STRANGER)
        first = await phone.ask(build(phone, "INVITE", "4001"))
        request = build(phone, "INVITE", "4001")
        built = build_authorization(
            first.headers["WWW-Authenticate"][0], "INVITE", request.uri, "2001", "secret", "c"
        )
        request.headers["Authorization"] = [str(built)]
        assert (await phone.ask(request)).status == 403
        assert not house.stand_in.of(ev.ContactArrived)


async def test_a_name_with_line_ends_reaches_the_agents_telephone_as_a_name() -> None:
    async with running_house() as house:
        agent = await house.agent("2001")
        house.stand_in.on_event = None
        caller = await house.telephone("138")
        caller.call("4001")
        await agent.until(lambda: agent.of(CallCame))
        assert agent.of(CallCame)[0].request.from_.display_name == "Customer"
        assert agent.of(CallCame)[0].request.from_.uri.user == "138"


async def test_a_flood_from_one_host_is_dropped_unread_and_calls_go_on() -> None:
    rates = Rates(stranger_per_s=50, stranger_burst=100)
    async with running_house(rates=rates) as house:
        await house.agent("2001")
        flooder = await house.telephone("x", STRANGER)
        flood = serialize(build(flooder, "OPTIONS", "100"))
        started = time.process_time()
        for _ in range(5_000):
            flooder._connection.send(flood, flooder.server)
            if _ % 100 == 0:
                await asyncio.sleep(0)
        caller = await house.telephone("138")
        leg = caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        assert house.adapter.limits.dropped > 50  # the kernel dropped what did not fit its buffer
        assert time.process_time() - started < 5
        caller.hang_up(leg)
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))


async def test_rubbish_changes_nothing() -> None:
    async with running_house() as house:
        await house.agent("2001")
        caller = await house.telephone("138")
        leg = caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        for damage in range(300):
            data = bytearray(serialize(build(caller, "INVITE", "4001")))
            for _ in range(4):
                data[secrets.randbelow(len(data))] = secrets.randbelow(256)
            caller._connection.send(bytes(data), caller.server)
            if damage % 50 == 0:
                await asyncio.sleep(0)
        assert (await caller.ask(build(caller, "INVITE", "9999"))).status == 404
        caller.hang_up(leg)
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))


async def test_a_full_house_says_503() -> None:
    async with running_house(calls_max=2) as house:
        caller = await house.telephone("138")
        for _ in range(3):
            caller.call("4001")
        await caller.until(lambda: caller.of(LegFailed))
        assert caller.of(LegFailed)[0].status == 503
        assert len(house.stand_in.of(ev.ContactArrived)) == 2
