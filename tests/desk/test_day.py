"""An agent's day over the real socket: presence, offers, talks, wrap-up, chats; in both encodings."""

from __future__ import annotations

import pytest

from acd.client import ActionRefused, Desk
from acd.routing import events as e
from acd.routing.model import Label, TeamId
from acd.routing.outputs import AssignmentDone, OfferEnded, PresenceSet
from tests.desk.house import House


def one(desk: Desk, table: str) -> dict | None:
    """Return the only row of a table, None while there is not exactly one."""
    rows = desk.rows(table)
    return rows[0] if len(rows) == 1 else None


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_a_call_from_offer_to_disposition(house: House, encoding: str) -> None:
    async with house.ready("ann", encoding=encoding) as ann:
        contact = house.arrive()
        offer = await ann.until(lambda desk: one(desk, "offers"))
        assert offer["contact"] == contact
        assert offer["display"] == "Mr Li"
        assert offer["queue"] == "sales"
        assert offer["language"] == "en"
        assert offer["entry"] == "4001"
        assert offer["identities"] == ["tel:+8613800138000"]
        assert offer["deadline_at_ms"] == house.now + 20_000
        assert offer["repeat"] is None
        assert offer["decision"]["eligible"] == 1

        await ann.act("accept_offer", offer=offer["offer"])
        talk = await ann.until(lambda desk: one(desk, "assignments"))
        assert talk["state"] == "talking"
        assert ann.rows("offers") == []
        assert one(ann, "me")["capacity"]["voice"] == {"limit": 1, "used": 1}

        house.pass_ms(30_000)
        await ann.act("hold_contact", offer=offer["offer"], is_held=True)
        await ann.until(lambda desk: one(desk, "assignments")["state"] == "held")
        await ann.act("hold_contact", offer=offer["offer"], is_held=False)
        await ann.act("end_talk", offer=offer["offer"])
        wrap_up = await ann.until(
            lambda desk: (row := one(desk, "assignments"))["state"] == "wrap_up" and row
        )
        assert wrap_up["deadline_at_ms"] == house.now + 30_000

        with pytest.raises(ActionRefused) as refused:
            await ann.act("finish_wrap_up", offer=offer["offer"], disposition="no/such")
        assert refused.value.code == "unknown_disposition"
        await ann.act("finish_wrap_up", offer=offer["offer"], disposition="order/late", notes="second time")
        await ann.until(lambda desk: not desk.rows("assignments"))
        figures = one(ann, "me")["figures"]
        assert (figures["offered"], figures["answered"], figures["done"]) == (1, 1, 1)
        assert figures["talk_ms"] == 30_000
        (done,) = house.facts(AssignmentDone)
        assert (done.disposition, done.notes) == ("order/late", "second time")
        assert ann.gaps == 0


async def test_a_second_visit_is_announced_with_the_first(house: House) -> None:
    async with house.ready("ann") as ann:
        house.arrive()
        first = await ann.until(lambda desk: one(desk, "offers"))
        await ann.act("accept_offer", offer=first["offer"])
        await ann.act("end_talk", offer=first["offer"])
        await ann.act("finish_wrap_up", offer=first["offer"], disposition="order/new")
        house.pass_ms(60_000)
        house.arrive()
        second = await ann.until(lambda desk: one(desk, "offers"))
        assert second["repeat"]["count"] == 1
        assert second["repeat"]["last_agent"] == "ann"
        assert second["repeat"]["last_agent_name"] == "Ann"
        assert second["repeat"]["last_disposition"] == "order/new"
        assert second["repeat"]["last_at_ms"] < house.now
        (visit,) = second["repeat"]["visits"]
        assert (visit["contact"], visit["agent_name"], visit["disposition"], visit["origin"]) == (
            first["contact"], "Ann", "order/new", "inbound",
        )  # fmt: skip
        assert visit["is_solved"] is second["repeat"]["is_recurring"]


async def test_declined_then_left(house: House) -> None:
    async with house.ready("ann") as ann:
        house.arrive()
        offer = await ann.until(lambda desk: one(desk, "offers"))
        await ann.act("decline_offer", offer=offer["offer"], reason="cough")
        await ann.until(lambda desk: not desk.rows("offers"))
        (ended,) = house.facts(OfferEnded)
        assert (ended.outcome, ended.reason) == ("declined", "cough")
        assert one(ann, "me")["figures"]["declined"] == 1


async def test_an_unanswered_offer_rests_the_agent_who_returns_by_one_click(house: House) -> None:
    async with house.ready("ann") as ann:
        house.arrive()
        await ann.until(lambda desk: one(desk, "offers"))
        house.pass_ms(20_000)
        me = await ann.until(lambda desk: (row := one(desk, "me"))["presence"] == "not_ready" and row)
        assert (me["reason"], me["is_system"]) == ("rona", True)
        assert ann.rows("offers") == []
        await ann.act("set_presence", presence="ready")
        await ann.until(lambda desk: one(desk, "me")["presence"] == "ready")


async def test_an_answer_to_an_offer_that_is_over_is_late(house: House) -> None:
    async with house.ready("ann") as ann:
        contact = house.arrive()
        offer = await ann.until(lambda desk: one(desk, "offers"))
        house.submit(e.CustomerLeft(contact))
        with pytest.raises(ActionRefused) as refused:
            await ann.act("accept_offer", offer=offer["offer"])
        assert refused.value.code == "late"


async def test_an_action_sent_twice_is_done_once_and_answered_twice(house: House) -> None:
    async with house.ready("ann") as ann:
        house.arrive()
        offer = await ann.until(lambda desk: one(desk, "offers"))
        count = len(house.records)
        first = await ann.act("accept_offer", offer=offer["offer"], id="once")
        second = await ann.act("accept_offer", offer=offer["offer"], id="once")
        assert first == second == {"type": "done", "id": "once", "result": {}}
        accepted = [r for r in house.records[count:] if isinstance(r.event, e.OfferAccepted)]
        assert len(accepted) == 1


async def test_presence_and_its_reasons(house: House) -> None:
    async with house.ready("ann") as ann:
        with pytest.raises(ActionRefused) as refused:
            await ann.act("set_presence", presence="not_ready", reason="holiday")
        assert refused.value.code == "unknown_reason"
        await ann.act("set_presence", presence="not_ready", reason="lunch")
        me = await ann.until(lambda desk: (row := one(desk, "me"))["reason"] == "lunch" and row)
        assert me["is_system"] is False
        await ann.act("set_presence", presence="signed_out")
        await ann.until(lambda desk: one(desk, "me")["presence"] == "signed_out")
    assert house.facts(PresenceSet)[-1].by == "ann"


async def test_a_presence_chosen_while_talking_is_the_next(house: House) -> None:
    async with house.ready("ann") as ann:
        house.arrive()
        offer = await ann.until(lambda desk: one(desk, "offers"))
        await ann.act("accept_offer", offer=offer["offer"])
        await ann.act("set_presence", presence="not_ready", reason="break")
        me = await ann.until(lambda desk: (row := one(desk, "me"))["next_presence"] and row)
        assert (me["presence"], me["next_presence"], me["next_reason"]) == ("ready", "not_ready", "break")


async def test_a_chat_with_its_transcript(house: House) -> None:
    async with house.ready("ann") as ann:
        house.chats.customer_says("c-1", "hello?")
        contact = house.arrive("page", number="v-1")
        offer = await ann.until(lambda desk: one(desk, "offers"))
        line = await ann.until(lambda desk: one(desk, "chat_messages"))
        assert (line["by"], line["text"], line["number"]) == ("customer", "hello?", 1)
        with pytest.raises(ActionRefused) as refused:
            await ann.act("send_chat", contact=contact, text="too early")
        assert refused.value.code == "not_yours"
        await ann.act("accept_offer", offer=offer["offer"])
        await ann.act("send_chat", contact=contact, text="您好 <b>", id="say-1")
        await ann.act("send_chat", contact=contact, text="您好 <b>", id="say-1")
        house.chats.customer_says(contact, "thank you")
        await ann.until(lambda desk: len(desk.rows("chat_messages")) == 3)
        assert [row["text"] for row in ann.rows("chat_messages")] == ["hello?", "您好 <b>", "thank you"]
        await ann.act("end_talk", offer=offer["offer"])
        await ann.act("finish_wrap_up", offer=offer["offer"], disposition="other")
        await ann.until(lambda desk: not desk.rows("chat_messages"))


async def test_a_return_call_is_booked_once_and_listed(house: House) -> None:
    async with house.ready("bob") as bob:
        house.arrive("4002")
        offer = await bob.until(lambda desk: one(desk, "offers"))
        await bob.act("accept_offer", offer=offer["offer"])
        await bob.act("ask_return_call", offer=offer["offer"], not_before_at_ms=house.now + 3_600_000)
        row = await bob.until(lambda desk: one(desk, "return_calls"))
        assert (row["number"], row["queue"], row["state"]) == ("+8613800138000", "support", "waiting")


async def test_the_shared_rows_of_the_queues(house: House) -> None:
    async with await house.desk("ann") as ann:
        label = await ann.until(lambda desk: one(desk, "labels"))
        assert label["label"] == {"en": "Sales", "zh": "销售"}
        assert [d["path"] for d in label["dispositions"]] == ["order/new", "order/late", "other"]
        house.arrive()
        house.arrive()
        await ann.until(lambda desk: one(desk, "labels")["waiting"] == 2)


async def test_welcome_says_what_may_be_done(house: House) -> None:
    async with await house.desk("ann") as ann:
        assert ann.welcome["person"] == {
            "person": "ann", "name": "Ann", "role": "agent", "teams": ["red"], "language": "en",
        }  # fmt: skip
        assert "accept_offer" in ann.welcome["actions"]
        assert "force_presence" not in ann.welcome["actions"]
        assert ann.welcome["reasons"] == ["break", "lunch"]
        assert ann.welcome["resumed"] is False


async def test_a_link_that_the_page_reports(house: House) -> None:
    async with house.ready("ann") as ann:
        await ann.act("set_link", link="microphone", is_up=True)
        await ann.until(lambda desk: one(desk, "me")["links"]["microphone"])
        assert one(ann, "me")["links"]["desk"] is True
        with pytest.raises(ActionRefused) as refused:
            await ann.act("set_link", link="desk", is_up=False)
        assert refused.value.code == "senseless"


async def test_other_words_of_the_configuration_are_in_force_at_once(house: House) -> None:
    async with house.ready("ann") as ann, await house.desk("adi", view="supervisor") as adi:
        await adi.until(lambda desk: "red" in desk.tables.get("teams", {}))
        assert adi.tables["teams"]["red"]["label"] == {"en": "", "zh": ""}
        with pytest.raises(ActionRefused):
            await ann.act("set_presence", presence="not_ready", reason="flood")
        house.room.desks.replace_words(
            {"flood": Label("Flood", "水灾")}, {TeamId("red"): Label("The Reds", "红队")}
        )
        await adi.until(lambda desk: desk.tables["teams"]["red"]["label"] == {"en": "The Reds", "zh": "红队"})
        await ann.act("set_presence", presence="not_ready", reason="flood")
        await ann.until(lambda desk: one(desk, "me")["reason"] == "flood")
