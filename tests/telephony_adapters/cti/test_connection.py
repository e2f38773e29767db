"""A switch connects: events in over HTTP and websocket, orders out, and everything that can be wrong with them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets

from acd.routing import events as e
from acd.routing.model import AgentId, ContactId, MonitorMode, OfferId, PersonId
from acd.routing.outputs import (
    AssignmentConnected,
    ContactEnded,
    ContactEntered,
    HoldContact,
    OfferMade,
    SetMonitor,
)
from telephony_adapters.cti.settings import CtiSettings, SwitchSettings
from telephony_adapters.cti.wire import BATCH_MAX, build_order, parse_structured
from tests.telephony_adapters.cti.house import HEADERS, KEY, SOURCE, SWITCH, House, open_house, said

CORPUS = Path(__file__).parents[3].parent / "shared" / "data" / "json-test-suite" / "test_parsing"


async def connect(house: House) -> websockets.ClientConnection:
    return await websockets.connect(
        house.url.replace("http", "ws") + "/socket",
        additional_headers={"Authorization": f"Bearer {KEY}"},
        subprotocols=[websockets.Subprotocol("acd.cti.v1+json")],
    )


async def read(socket: websockets.ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def order(socket: websockets.ClientConnection, kind: str) -> Any:
    """The next order of a kind; results and other orders are passed over."""
    while True:
        frame = await read(socket)
        if frame.get("order", {}).get("type") == kind:
            return frame["order"]


async def test_a_whole_call_over_http_and_websocket() -> None:
    async with open_house() as house:
        socket = await connect(house)
        assert (await read(socket))["hello"]["stream"] == "s1"
        status, body = await house.post(
            said("acd.call.arrived", 1, "call-17", entry="400", **{"from": "+86 138-0013"})
        )
        assert (status, body) == (202, {"results": [{"id": "1", "outcome": "accepted"}]})
        offer = await order(socket, "acd.order.offer")
        assert (offer["subject"], offer["data"]["agent"]) == ("call-17", "ann")
        await house.submit(e.OfferAccepted(OfferId(offer["data"]["offer"])))
        connected = await order(socket, "acd.order.connect")
        await socket.send(json.dumps(said("acd.call.connected", 2, offer=connected["data"]["offer"])))
        while (frame := await read(socket)).get("result", {}).get("id") != "2":
            pass
        assert frame["result"]["outcome"] == "accepted"
        assert len(house.made(AssignmentConnected)) == 1
        await socket.send(json.dumps(said("acd.call.left", 3, "call-17")))
        assert (await order(socket, "acd.order.release"))["data"]["agent"] == "ann"
        assert house.made(ContactEnded)[0].outcome == "answered"
        assert house.made(ContactEntered)[0].identities == ("tel:+861380013",)
        await socket.close()


async def test_the_same_event_again_gets_the_same_answer_and_changes_nothing() -> None:
    async with open_house() as house:
        event = said("acd.call.arrived", 1, "a", entry="400")
        both = await asyncio.gather(house.post(event), house.post(event))
        assert sorted(body["results"][0].get("is_repeat", False) for _, body in both) == [False, True]
        assert {body["results"][0]["outcome"] for _, body in both} == {"accepted"}
        assert len(house.made(ContactEntered)) == 1


async def test_another_call_under_a_used_id_is_refused() -> None:
    async with open_house() as house:
        await house.post(said("acd.call.arrived", 1, "a", entry="400"))
        _, body = await house.post(said("acd.call.arrived", 2, "a", entry="400"))
        assert body["results"][0]["outcome"] in ("late", "refused")
        assert len(house.made(ContactEntered)) == 1


async def test_a_batch_is_answered_in_order_and_one_bad_event_refuses_it_whole() -> None:
    async with open_house() as house:
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        batch = [said("acd.call.arrived", n, f"c{n}", entry="400") for n in range(3)]
        status, body = await house.post(batch, **kind)
        assert (status, [result["id"] for result in body["results"]]) == (202, ["0", "1", "2"])
        bad = [
            said("acd.call.arrived", 8, "c8", entry="400"),
            {"specversion": "0.3", "id": "9", "source": "x", "type": "y"},
        ]
        status, body = await house.post(bad, **kind)
        assert (status, body["where"]) == (400, "event[1].specversion")
        assert len(house.made(ContactEntered)) == 3
        status, body = await house.post([said("x", 1)] * (BATCH_MAX + 1), **kind)
        assert (status, body["code"]) == (400, "too_many")


async def test_binary_mode() -> None:
    async with open_house() as house:
        headers = {
            "Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "7", "ce-source": SOURCE,
            "ce-type": "acd.call.arrived", "ce-subject": "b",
        }  # fmt: skip
        status, body = await house.post({"entry": "400"}, **headers)
        assert (status, body["results"][0]["outcome"]) == (202, "accepted")
        status, body = await house.post({"entry": "400"}, **{**headers, "ce-type": ""})
        assert (status, body["where"]) == (400, "event.type")


@pytest.mark.parametrize(
    ("event", "where", "found"),
    [
        (said("acd.call.exploded", 1, "a"), "event.type", "acd.call.exploded"),
        (said("acd.call.arrived", 1, "", entry="400"), "event.subject", "nothing"),
        (said("acd.call.arrived", 1, "a"), "event.data", "entry"),
        (said("acd.call.arrived", 1, "a", entry="400", priority=9), "event.data", "priority"),
        (said("acd.call.arrived", 1, "a", entry=400), "event.data", "int"),
        (
            said("acd.call.arrived", 1, "a", entry="400", head_start_s=10**12),
            "event.data.head_start_s",
            "1000000000000",
        ),
        (said("acd.offer.failed", 1, offer=1, outcome="accepted"), "event.data.outcome", "accepted"),
        (said("acd.call.left", 1, "a", sequence="-1"), "event.sequence", "-1"),
        (said("acd.call.left", 1, "a\n\n"), "event.subject", "unprintable"),
        (said("acd.call.left", "x" * 201, "a"), "event.id", "201"),
    ],
)
async def test_a_bad_event_is_refused_with_what_was_found_and_where(
    event: Any, where: str, found: str
) -> None:
    async with open_house() as house:
        status, body = await house.post(event)
        assert (status, body["where"]) == (400, where)
        assert found in body["found"]
        assert body["expected"]


async def test_an_unknown_entry_is_an_answer_and_not_an_error() -> None:
    async with open_house() as house:
        _, body = await house.post(said("acd.call.arrived", 1, "a", entry="999"))
        assert (body["results"][0]["outcome"], body["results"][0]["code"]) == ("refused", "unknown_entry")


async def test_keys_sources_types_sizes_and_a_full_house() -> None:
    async with open_house() as house:
        event = said("acd.call.arrived", 1, "a", entry="400")
        assert (await house.post(event, Authorization="Bearer wrong"))[0] == 401
        assert (await house.post(event, Authorization="Basic abc"))[0] == 401
        _, body = await house.post(event | {"source": "pbx-2"})
        assert body["results"][0]["code"] == "foreign_source"
        status, body = await house.post_raw(b"{}", **{"Content-Type": "text/plain"})
        assert (status, body["where"]) == (400, "header content-type")
        assert (await house.post_raw(b" " * (1 << 20) + b"{}"))[0] == 413
        house.is_full = True
        assert (await house.post(event))[0] == 503
        house.is_full = False
        assert (await house.post(event))[1]["results"][0] == {"id": "1", "outcome": "accepted"}


async def test_no_switch_acts_on_the_offer_of_another() -> None:
    other = SwitchSettings("pbx-2", hashlib.sha256(b"o" * 64).hexdigest())
    theirs = {"Authorization": f"Bearer {'o' * 64}"}
    async with open_house(CtiSettings((SWITCH, other))) as house:
        await house.post(said("acd.call.arrived", 1, "a", entry="400"))
        offer = house.made(OfferMade)[0].offer
        guess = said("acd.offer.accepted", 1, offer=offer) | {"source": "pbx-2"}
        _, body = await house.post(guess, **theirs)
        assert (body["results"][0]["outcome"], body["results"][0]["code"]) == ("refused", "foreign_offer")
        _, body = await house.post(said("acd.offer.accepted", 2, "a", offer=offer))
        assert body["results"][0]["outcome"] == "accepted"


async def test_too_many_events_a_second_are_refused() -> None:
    async with open_house(CtiSettings((SWITCH,), events_per_s_max=3)) as house:
        statuses = [(await house.post(said("acd.call.left", n, "a")))[0] for n in range(5)]
        assert statuses == [202, 202, 202, 429, 429]
        house.now_ms += 1_001
        assert (await house.post(said("acd.call.left", 9, "a")))[0] == 202


async def test_events_of_one_call_are_taken_in_their_sequence() -> None:
    async with open_house() as house:
        await house.post(said("acd.call.arrived", 1, "a", "1", entry="400"))
        offer = house.made(OfferMade)[0].offer
        late = asyncio.create_task(house.post(said("acd.call.left", 4, "a", "4")))
        connected = asyncio.create_task(house.post(said("acd.call.connected", 3, "a", "3", offer=offer)))
        await asyncio.sleep(0)  # both are under way
        _, body = await house.post(said("acd.offer.accepted", 2, "a", "2", offer=offer))
        assert body["results"][0]["outcome"] == "accepted"
        assert [(await each)[1]["results"][0]["outcome"] for each in (connected, late)] == [
            "accepted",
            "accepted",
        ]
        assert house.made(ContactEnded)[0].outcome == "answered"


async def test_what_is_said_of_a_call_before_its_arrival_waits_for_it() -> None:
    async with open_house() as house:
        left = asyncio.create_task(house.post(said("acd.call.left", 2, "a", "2")))
        await asyncio.sleep(0.05)  # it is there, and the call is not
        await house.post(said("acd.call.arrived", 1, "a", "1", entry="400"))
        assert (await left)[1]["results"][0]["outcome"] == "accepted"
        assert house.made(ContactEnded)[0].contact == house.made(ContactEntered)[0].contact


async def test_who_comes_back_gets_every_order_that_was_not_acknowledged() -> None:
    async with open_house() as house:
        first = await connect(house)
        await house.post(said("acd.call.arrived", 1, "a", entry="400"))
        await read(first)
        seen = [(await read(first))["order"] for _ in range(2)]
        await first.send(json.dumps({"ack": int(seen[0]["sequence"])}))
        await first.close()
        second = await connect(house)
        assert (await read(second))["hello"] == {"stream": "s1", "last": 2, "dropped": 0}
        assert (await read(second))["order"] == seen[1]
        third = await connect(house)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            while True:
                await read(second)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4409
        await third.close()


async def test_calls_that_the_switch_has_no_more_are_over() -> None:
    async with open_house() as house:
        for number in range(3):
            await house.post(said("acd.call.arrived", number, f"c{number}", entry="400"))
        await house.post(said("acd.calls.present", 9, calls=["c1"]))
        assert sorted(fact.contact for fact in house.made(ContactEnded)) == ["cti:pbx-1:c0", "cti:pbx-1:c2"]


async def test_a_socket_says_what_is_wrong_and_lives_on() -> None:
    async with open_house() as house:
        socket = await connect(house)
        await read(socket)
        for frame in ("{", "[]", '{"ack": "x"}', json.dumps(said("nonsense", 5))):
            await socket.send(frame)
            assert (await read(socket))["result"]["outcome"] == "refused"
        await socket.send(json.dumps(said("acd.call.arrived", 6, "a", entry="400")))
        while "result" not in (frame := await read(socket)):
            pass
        assert frame["result"]["outcome"] == "accepted"
        await socket.send(b"\x00")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            while True:
                await read(socket)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1003


async def test_a_socket_without_a_key_is_not_opened() -> None:
    async with open_house() as house:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await house.session.ws_connect(f"{house.url}/socket")
        assert refused.value.status == 401


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the JSON corpus is missing: {CORPUS}")
async def test_no_body_of_the_json_corpus_does_more_than_be_refused() -> None:
    async with open_house() as house:
        for file in sorted(CORPUS.glob("*.json")):
            status, body = await house.post_raw(file.read_bytes(), **HEADERS)
            assert status == 400, file.name
            assert body["code"] == "not_an_event", file.name
        status, _ = await house.post_raw(b"[" * 100_000, **HEADERS)
        assert status == 400


async def test_a_key_is_taken_as_user_and_password_but_only_under_its_own_source() -> None:
    async with open_house() as house:
        for user, status in ((SOURCE, 202), ("pbx-2", 401)):
            headers = {"Authorization": aiohttp.encode_basic_auth(user, KEY)}
            assert (await house.post(said("acd.call.arrived", user, user, entry="400"), **headers))[
                0
            ] == status
        assert (await house.post([], Authorization="Basic !!"))[0] == 401


async def test_a_switch_that_comes_back_with_everything_acknowledged_gets_only_what_is_new() -> None:
    async with open_house() as house:
        first = await connect(house)
        await house.post(said("acd.call.arrived", 1, "a", entry="400"))
        await order(first, "acd.order.offer")
        await first.send(json.dumps({"ack": house.adapter.orders[SOURCE].last}))
        await first.send(json.dumps(said("acd.call.changed", 2, "a", attributes={"x": "y"})))
        while (await read(first)).get("result", {}).get("id") != "2":  # so the acknowledgement was read, too
            pass
        await first.close()
        again = await connect(house)
        async with asyncio.timeout(5):
            assert (await read(again))["hello"]["last"] == house.adapter.orders[SOURCE].last
            await house.post(said("acd.call.left", 3, "a"))
            assert (await read(again))["order"]["type"] == "acd.order.withdraw"
        await again.close()


async def test_an_event_whose_asker_goes_away_keeps_the_answer_that_the_journal_gave() -> None:
    """The event is in the journal's hands; the asker of the first time is not needed for the answer."""
    async with open_house() as house:
        event = parse_structured(json.dumps(said("acd.call.arrived", 1, "a", entry="400")).encode())
        first = asyncio.create_task(house.adapter.take(SOURCE, event))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        again = await house.adapter.take(SOURCE, event)
        assert (again.outcome, again.is_repeat) == ("accepted", True)
        assert len(house.made(ContactEntered)) == 1


async def test_a_call_that_the_full_house_refused_is_not_taken_for_a_live_one() -> None:
    async with open_house() as house:
        house.is_full = True
        assert (await house.post(said("acd.call.arrived", 1, "a", entry="400")))[0] == 503
        await house.post(said("acd.calls.present", 2, calls=[]))
        assert house.events[-1] == e.LegsCompared("cti", ())


async def test_who_is_refused_at_the_doors_hears_which_call_and_why() -> None:
    async with open_house() as house:
        house.is_full, house.full_code = True, "rate"
        socket = await connect(house)
        assert "hello" in await read(socket)
        await socket.send(json.dumps(said("acd.call.arrived", 7, "a", entry="400")))
        result = (await read(socket))["result"]
        assert (result["id"], result["outcome"], result["code"]) == ("7", "refused", "rate")
        status, problem = await house.post(said("acd.call.arrived", 8, "b", entry="400"))
        assert (status, problem["code"]) == (503, "rate")
        await socket.close()


async def test_sequences_of_calls_that_never_came_are_forgotten_at_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("telephony_adapters.cti.adapter.CALLS_MAX", 2)
    async with open_house() as house:
        for number in range(4):
            await house.post(said("acd.call.left", number, f"ghost{number}", "1"))
        await house.post(said("acd.call.arrived", 10, "a", "1", entry="400"))
        offer = house.made(OfferMade)[0].offer
        connected = asyncio.create_task(house.post(said("acd.call.connected", 12, "a", "3", offer=offer)))
        await asyncio.sleep(0)  # it is under way, and waits for those before it
        await house.post(said("acd.offer.accepted", 11, "a", "2", offer=offer))
        assert (await connected)[1]["results"][0]["outcome"] == "accepted"


async def test_who_repeats_an_event_that_was_not_taken_after_all_asks_afresh() -> None:
    async with open_house() as house:
        await house.post(said("acd.call.arrived", 1, "a", "1", entry="400"))
        early = parse_structured(json.dumps(said("acd.call.left", 3, "a", "3")).encode())
        first = asyncio.create_task(house.adapter.take(SOURCE, early))
        await asyncio.sleep(0)  # it waits for number 2
        again = asyncio.create_task(house.adapter.take(SOURCE, early))
        await asyncio.sleep(0)  # it waits for the first
        first.cancel()
        answer = await asyncio.wait_for(again, 5)
        assert (answer.outcome, answer.is_repeat) == ("accepted", False)
        assert len(house.made(ContactEnded)) == 1


async def test_a_packed_body_is_refused_whatever_is_in_it() -> None:
    async with open_house() as house:
        kind = {"Content-Type": "application/cloudevents+json", "Content-Encoding": "gzip"}
        status, body = await house.post(said("acd.call.arrived", 1, "a", entry="400"), **kind)
        assert (status, body["where"], body["found"]) == (400, "header content-encoding", "gzip")
        assert not house.made(ContactEntered)


async def test_a_batch_with_the_same_id_twice_and_events_in_turn_is_taken_in_its_order() -> None:
    async with open_house() as house:
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        batch = [
            said("acd.call.arrived", 1, "a", entry="400"),
            said("acd.call.arrived", 1, "a", entry="400"),
            said("acd.call.changed", 2, "a", sequence="1", attributes={"order": "7"}),
            said("acd.call.left", 3, "a"),
        ]
        status, body = await house.post(batch, **kind)
        assert status == 202
        assert [(each["id"], each["outcome"], each.get("is_repeat", False)) for each in body["results"]] == [
            ("1", "accepted", False), ("1", "accepted", True), ("2", "accepted", False), ("3", "accepted", False),
        ]  # fmt: skip
        assert len(house.made(ContactEntered)) == len(house.made(ContactEnded)) == 1


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (said("acd.call.arrived", 3, "c", entry="400", color="red"), "event[2].data"),
        (said("acd.call.arived", 3, "c", entry="400"), "event[2].type"),
        (said("acd.call.left", 3), "event[2].subject"),
        (said("acd.offer.failed", 3, offer=1, outcome="accepted"), "event[2].data.outcome"),
    ],
)
async def test_nothing_of_a_batch_is_taken_where_the_data_of_one_are_bad(bad: Any, where: str) -> None:
    async with open_house() as house:
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        good = [said("acd.call.arrived", n, f"c{n}", entry="400") for n in range(2)]
        status, body = await house.post([*good, bad], **kind)
        assert (status, body["where"]) == (400, where)
        assert not house.made(ContactEntered)
        status, body = await house.post(good, **kind)
        assert (status, [each.get("is_repeat", False) for each in body["results"]]) == (202, [False, False])


def test_a_supervisor_who_comes_again_is_an_order_of_its_own() -> None:
    barge = SetMonitor(
        "cti", OfferId(5), ContactId("cti:pbx-1:a"), AgentId("ann"), PersonId("lin"), MonitorMode.BARGE
    )
    at = "2026-11-24T10:00:00.000+00:00"
    first, again = (build_order(barge, SOURCE, "a", number, at) for number in (1, 3))
    assert first.id != again.id and first.data == again.data
    hold = HoldContact("cti", OfferId(5), ContactId("cti:pbx-1:a"), AgentId("ann"), True, 1)
    assert build_order(hold, SOURCE, "a", 1, at).id == build_order(hold, SOURCE, "a", 7, at).id


@pytest.mark.parametrize(
    ("event", "code", "found"),
    [
        (said("acd.call.arrived", 1, "a", entry="nowhere"), "unknown_entry", "nowhere"),
        (said("acd.call.arrived", 1, "a", entry="400", queue="nowhere"), "unknown_queue", "queue"),
    ],
)
async def test_a_call_that_is_turned_away_is_told_what_was_found_and_expected(
    event: Any, code: str, found: str
) -> None:
    async with open_house() as house:
        _, body = await house.post(event)
        (result,) = body["results"]
        assert (result["outcome"], result["code"], result["found"]) == ("refused", code, found)
        assert result["expected"]


async def test_binary_mode_without_an_id_names_the_header() -> None:
    async with open_house() as house:
        headers = {
            "Content-Type": "application/json",
            "ce-specversion": "1.0",
            "ce-source": SOURCE,
            "ce-type": "acd.call.left",
        }
        status, body = await house.post({}, **headers)
        assert (status, body["where"], body["found"]) == (400, "header ce-id", "nothing")
