"""Who may do what: the table cell by cell, and over the real socket that nobody reaches what is another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from acd.client import ActionRefused, Desk, HttpRefused
from acd.client.http import call
from acd.desk import actions as a
from acd.desk.board import BoardState
from acd.desk.people import Role
from acd.desk.requests import Asker, NotDone, build_event, check_right, sight_of
from acd.desk.roles import AUDITED, RIGHTS, Reach, reach_of, render_page, rights_of
from acd.routing import events as e
from acd.routing.model import Channel, Link, Presence
from tests.desk.house import House, person
from tests.desk.test_day import one

# agent, supervisor, admin, integrator, auditor: o own, t teams, a all, - denied. Written by hand, from what the
# roles are for; the code must agree with this and not the other way round.
EXPECTED = """
accept_offer        o o - - -
ask_return_call     o o - - -
ask_wrap_up         o o - - -
change_agent        - t a - -
complete_consult    o o - - -
decline_offer       o o - - -
drain               - - a - -
end_consult         o o - - -
end_contact         - t a - -
end_talk            o o - - -
finish_wrap_up      o o - - -
force_presence      - t a - -
give_contact        - t a - -
hold_contact        o o - - -
monitor_contact     - t a - -
move_contact        - t a - -
note_ticket         o o a - -
push_events         - - - o -
read_audit          - - a - a
read_board          - t a - -
read_colleagues     o o a - -
read_customer       o o a - -
read_figures        o t a - a
read_records        - - a o a
read_roles          - - a - a
read_self           o o o o o
read_ticket         o o a - -
reload_config       - - a - -
renew               o o o o o
revoke_person       - - a - -
send_chat           o o - - -
set_head_start      - t a - -
set_link            o o - - -
set_presence        o o - - -
sign_out            o o o o o
start_consult       o o - - -
transfer_contact    o o - - -
turn_queue          - t a - -
view_agent          o o - - -
view_supervisor     - t a - -
watch               - t a - -
"""
REACHES = {"o": Reach.OWN, "t": Reach.TEAMS, "a": Reach.ALL, "-": None}
CELLS = [
    (line.split()[0], role, REACHES[cell])
    for line in EXPECTED.strip().splitlines()
    for role, cell in zip(Role, line.split()[1:], strict=True)
]
OF_AGENTS: dict[str, dict[str, Any]] = {
    "accept_offer": {},
    "decline_offer": {},
    "end_talk": {},
    "hold_contact": {"is_held": True},
    "ask_wrap_up": {},
    "finish_wrap_up": {"disposition": "other"},
    "transfer_contact": {"to_queue": "support"},
    "start_consult": {"to_agent": "cho"},
    "end_consult": {},
    "complete_consult": {},
    "ask_return_call": {"number": "+8610"},
}


@pytest.mark.parametrize(("right", "role", "reach"), CELLS)
def test_every_cell_of_the_table(right: str, role: Role, reach: Reach | None) -> None:
    assert reach_of(role, right) is reach
    assert (right in rights_of(role)) is (reach is not None)


def test_the_table_has_no_other_rights_and_every_action_has_one() -> None:
    assert sorted(RIGHTS) == sorted({cell[0] for cell in CELLS})
    assert {action.__struct_config__.tag for action in get_args(a.AnyAction)} <= set(RIGHTS)
    assert set(AUDITED) <= set(RIGHTS)


def test_what_nobody_has_named_is_denied() -> None:
    for role in Role:
        assert reach_of(role, "drop_everything") is None


@pytest.mark.parametrize(("right", "role", "reach"), CELLS)
def test_no_action_becomes_an_event_for_a_role_that_may_not(
    right: str, role: Role, reach: Reach | None
) -> None:
    kinds = {str(kind.__struct_config__.tag): kind for kind in get_args(a.AnyAction)}
    if right not in kinds or right in ("watch", "send_chat"):
        return
    action = SAMPLES[right]
    asker = Asker(person("somebody", role), "s", sight_of(person("somebody", role)))
    with pytest.raises(NotDone) as refused:
        build_event(action, asker, BoardState(), {"x": 1})
    assert (refused.value.code == "forbidden") is (reach is None)
    if reach is not None:
        assert refused.value.code in ("not_yours", "unknown_reason", "senseless")


SAMPLES: dict[str, a.Action] = {
    str(sample.__struct_config__.tag): sample
    for sample in (
        a.SetPresence(id="1", presence=Presence.NOT_READY),
        a.SetLink(id="1", link=Link.DESK, is_up=True),
        a.AcceptOffer(id="1", offer=1),  # type: ignore[arg-type]
        a.DeclineOffer(id="1", offer=1),  # type: ignore[arg-type]
        a.EndTalk(id="1", offer=1),  # type: ignore[arg-type]
        a.HoldContact(id="1", offer=1, is_held=True),  # type: ignore[arg-type]
        a.AskWrapUp(id="1", offer=1),  # type: ignore[arg-type]
        a.FinishWrapUp(id="1", offer=1, disposition="x"),  # type: ignore[arg-type]
        a.TransferContact(id="1", offer=1),  # type: ignore[arg-type]
        a.StartConsult(id="1", offer=1),  # type: ignore[arg-type]
        a.EndConsult(id="1", offer=1),  # type: ignore[arg-type]
        a.CompleteConsult(id="1", offer=1),  # type: ignore[arg-type]
        a.AskReturnCall(id="1", offer=1),  # type: ignore[arg-type]
        a.ForcePresence(id="1", agent="x", presence="ready"),  # type: ignore[arg-type]
        a.ChangeAgent(id="1", agent="x"),  # type: ignore[arg-type]
        a.MoveContact(id="1", contact="x", queue="y"),  # type: ignore[arg-type]
        a.SetHeadStart(id="1", contact="x", head_start_ms=1),  # type: ignore[arg-type]
        a.GiveContact(id="1", contact="x", agent="y"),  # type: ignore[arg-type]
        a.EndContact(id="1", contact="x"),  # type: ignore[arg-type]
        a.TurnQueue(id="1", queue="x", is_open=False),  # type: ignore[arg-type]
        a.MonitorContact(id="1", offer=1, mode=None),  # type: ignore[arg-type]
    )
}


# --- over the socket ----------------------------------------------------------------------------------


async def denied(house: House, desk: Desk, kind: str, **fields: Any) -> str:
    """Ask for what must be refused; return the code. Nothing must have happened."""
    count, lines = len(house.records), house.room.desks.audit.path.read_bytes().count(b"\n")
    with pytest.raises(ActionRefused) as refused:
        await desk.act(kind, **fields)
    assert len(house.records) == count, "the engine was told"
    if refused.value.code in ("forbidden", "not_yours"):
        await desk.act("set_link", link="microphone", is_up=True)
        assert house.room.desks.audit.path.read_bytes().count(b"\n") == lines + 1, "not audited"
    return refused.value.code


@pytest.mark.parametrize("kind", OF_AGENTS)
async def test_agent_a_cannot_act_on_the_offer_or_talk_of_agent_b(house: House, kind: str) -> None:
    async with house.ready("bob") as bob, await house.desk("ann") as ann:
        house.arrive("4002")
        offer = (await bob.until(lambda desk: one(desk, "offers")))["offer"]
        assert await denied(house, ann, kind, offer=offer, **OF_AGENTS[kind]) == "not_yours"
        if kind not in ("accept_offer", "decline_offer"):
            await bob.act("accept_offer", offer=offer)
            await bob.until(lambda desk: one(desk, "assignments")["state"] == "talking")
            assert await denied(house, ann, kind, offer=offer, **OF_AGENTS[kind]) == "not_yours"
        # For what does not exist the answer is the same.
        assert await denied(house, ann, kind, offer=999, **OF_AGENTS[kind]) == "not_yours"


async def test_agent_a_cannot_write_into_the_chat_of_agent_b(house: House) -> None:
    async with house.ready("bob") as bob, await house.desk("ann") as ann:
        contact = house.arrive("page")
        offer = await bob.until(lambda desk: one(desk, "offers"))
        await bob.act("accept_offer", offer=offer["offer"])
        assert await denied(house, ann, "send_chat", contact=contact, text="hi") == "not_yours"
        assert await denied(house, ann, "send_chat", contact="c-999", text="hi") == "not_yours"
        assert house.chats.lines == {}


SUPERVISES: dict[str, dict[str, Any]] = {
    "force_presence": {"agent": "ann", "presence": "ready"},
    "change_agent": {"agent": "ann", "skills": {"english": 3}},
    "move_contact": {"contact": "c-1", "queue": "support"},
    "set_head_start": {"contact": "c-1", "head_start_ms": 1_000},
    "give_contact": {"contact": "c-1", "agent": "ann"},
    "end_contact": {"contact": "c-1"},
    "turn_queue": {"queue": "sales", "is_open": False},
    "monitor_contact": {"offer": 1, "mode": "monitor"},
    "watch": {},
}


@pytest.mark.parametrize("kind", SUPERVISES)
async def test_an_agent_cannot_do_what_is_a_supervisors(house: House, kind: str) -> None:
    async with await house.desk("ann") as ann:
        house.arrive()
        assert await denied(house, ann, kind, **SUPERVISES[kind]) == "forbidden"


@pytest.mark.parametrize("kind", [kind for kind in SUPERVISES if kind != "watch"])
async def test_a_supervisor_cannot_reach_another_team(house: House, kind: str) -> None:
    """Sue leads red: ann and bob, who serve sales and support. Cho of blue is not hers, nor the queue `spare`."""
    fields = SUPERVISES[kind] | {
        key: value
        for key, value in {"agent": "cho", "queue": "spare", "contact": "c-77"}.items()
        if key in SUPERVISES[kind]
    }
    async with house.ready("cho") as cho, await house.desk("sue", view="supervisor") as sue:
        house.submit(e.QueueGateTurned("sales", True))  # type: ignore[arg-type]
        house.arrive("4002")
        offer = await cho.until(lambda desk: one(desk, "offers"))
        if kind == "monitor_contact":
            await cho.act("accept_offer", offer=offer["offer"])
            fields = {"offer": offer["offer"], "mode": "monitor"}
        if kind == "give_contact":
            fields["contact"] = "c-1"
        assert await denied(house, sue, kind, **fields) == "not_yours"


async def test_a_supervisor_sees_own_teams_alone_and_an_admin_everybody(house: House) -> None:
    house.arrive("4001")
    async with (
        await house.desk("sue", view="supervisor") as sue,
        await house.desk("adi", view="supervisor") as adi,
    ):
        assert sorted(sue.tables["agents"]) == ["ann", "bob", "sue"]
        assert sorted(sue.tables["teams"]) == ["red"]
        assert sorted(adi.tables["agents"]) == ["ann", "bob", "cho", "sue"]
        assert sorted(adi.tables["teams"]) == ["blue", "red"]
        assert len(sue.rows("contacts")) == len(adi.rows("contacts")) == 1


async def test_each_act_of_a_supervisor_does_what_it_says(house: House) -> None:
    contact = house.arrive("4001")
    async with await house.desk("sue", view="supervisor") as sue, await house.desk("ann") as ann:
        await sue.act("set_head_start", contact=contact, head_start_ms=90_000)
        await sue.until(lambda desk: desk.tables["contacts"][contact]["head_start_ms"] == 90_000)
        await sue.act("move_contact", contact=contact, queue="support")
        await sue.until(lambda desk: desk.tables["contacts"][contact]["queue"] == "support")
        await sue.act("move_contact", contact=contact, queue="sales")
        await sue.act("force_presence", agent="ann", presence="ready")
        offer = await ann.until(lambda desk: one(desk, "offers"))
        assert one(ann, "me")["set_by"] == "sue"
        await ann.act("accept_offer", offer=offer["offer"])
        await sue.act("monitor_contact", offer=offer["offer"], mode="whisper")
        await ann.until(lambda desk: one(desk, "assignments")["monitors"] == ["whisper"])
        await sue.act("change_agent", agent="ann", skills={}, queues=["sales", "support"])
        await sue.until(lambda desk: desk.tables["agents"]["ann"]["queues"] == ["sales", "support"])
        await sue.act("turn_queue", queue="support", is_open=False, reason="flood")
        await sue.until(lambda desk: desk.tables["queues"]["support"]["is_open"] is False)
        assert sue.tables["queues"]["support"]["gate_reason"] == "flood"
        await sue.act("end_contact", contact=contact, reason="abuse")
        await sue.until(lambda desk: contact not in desk.tables["contacts"])


async def test_what_is_so_already_is_done_and_not_refused(house: House) -> None:
    contact = house.arrive("4001")
    async with await house.desk("sue", view="supervisor") as sue, house.ready("ann") as ann:
        offer = (await ann.until(lambda desk: one(desk, "offers")))["offer"]
        await ann.act("accept_offer", offer=offer)
        for _ in range(2):
            await sue.act("turn_queue", queue="sales", is_open=True)
            await sue.act("change_agent", agent="ann", queues=["sales"])
            await sue.act("monitor_contact", offer=offer, mode="whisper")
        await sue.act("end_contact", contact=contact)
        with pytest.raises(ActionRefused) as refused:
            await sue.act("set_head_start", contact=contact, head_start_ms=0)
        assert refused.value.code in ("late", "not_yours")


async def test_what_an_adapter_cannot_do_is_refused(house: House) -> None:
    house.room.desks.cannot = {"sim": ("hold", "consult", "conference", "transfer_out", "barge"), "other": ()}
    house.arrive("4001")
    async with await house.desk("sue", view="supervisor") as sue, house.ready("ann") as ann:
        offer = (await ann.until(lambda desk: one(desk, "offers")))["offer"]
        await ann.act("accept_offer", offer=offer)
        for desk, kind, fields, lacking in (
            (ann, "hold_contact", {"is_held": True}, "hold"),
            (ann, "start_consult", {"to_agent": "bob"}, "consult"),
            (ann, "complete_consult", {"conference": True}, "conference"),
            (ann, "transfer_contact", {"to_number": "123"}, "transfer_out"),
            (sue, "monitor_contact", {"mode": "barge"}, "barge"),
        ):
            with pytest.raises(ActionRefused) as refused:
                await desk.act(kind, offer=offer, **fields)
            assert (refused.value.code, refused.value.found) == ("cannot", lacking)
        await sue.act("monitor_contact", offer=offer, mode="whisper")
        await ann.act("transfer_contact", offer=offer, to_queue="support")


async def test_giving_a_contact_to_an_agent(house: House) -> None:
    contact = house.arrive("4001")
    async with await house.desk("sue", view="supervisor") as sue, await house.desk("ann") as ann:
        with pytest.raises(ActionRefused) as refused:
            await sue.act("give_contact", contact=contact, agent="ann")
        assert refused.value.code == "agent_not_ready"
        await sue.act("give_contact", contact=contact, agent="ann", force=True)
        assert (await ann.until(lambda desk: one(desk, "offers")))["contact"] == contact


async def test_watching_less(house: House) -> None:
    house.arrive("4001")
    house.arrive("4002")
    async with await house.desk("adi", view="supervisor") as adi:
        await adi.act("watch", tables=["contacts", "agents"], region="south")
        await adi.until(lambda desk: len(desk.rows("contacts")) == 1)
        assert sorted(adi.tables) == ["agents", "contacts"]
        assert [row["agent"] for row in adi.rows("agents")] == ["cho"]
        with pytest.raises(ActionRefused) as refused:
            await adi.act("watch", tables=["secrets"])
        assert refused.value.code == "senseless"
        await adi.act("watch", queue="sales")
        await adi.until(lambda desk: "queues" in desk.tables)
        assert [row["queue"] for row in adi.rows("queues")] == ["sales"]
        assert [row["channel"] for row in adi.rows("contacts")] == [Channel.VOICE]


# --- over HTTP ----------------------------------------------------------------------------------------

HTTP = {
    "read_self": ("GET", "/api/me"),
    "read_colleagues": ("GET", "/api/colleagues?search="),
    "read_board": ("GET", "/api/contacts/c-1"),
    "read_roles": ("GET", "/api/roles"),
    "read_audit": ("GET", "/api/audit"),
    "revoke_person": ("POST", "/api/people/cho/revoke"),
    "renew": ("POST", "/api/renew"),
    "sign_out": ("POST", "/api/sign-out"),
}
NAMES = {
    Role.AGENT: "ann",
    Role.SUPERVISOR: "sue",
    Role.ADMIN: "adi",
    Role.INTEGRATOR: "ina",
    Role.AUDITOR: "aud",
}


@pytest.mark.parametrize("right", HTTP)
async def test_http_by_role(house: House, right: str) -> None:
    house.arrive()
    method, path = HTTP[right]
    for role, name in NAMES.items():
        token = (await house.sign_in(name)).token
        if reach_of(role, right) is None:
            with pytest.raises(HttpRefused) as refused:
                await call(house.address, method, path, token=token)
            assert (refused.value.status, refused.value.code) == (403, "forbidden"), role
        else:
            await call(house.address, method, path, token=token)


@pytest.mark.parametrize("right", HTTP)
@pytest.mark.parametrize("token", ["", "a.b.c", "Bearer"])
async def test_http_without_a_good_token(house: House, right: str, token: str) -> None:
    method, path = HTTP[right]
    with pytest.raises(HttpRefused) as refused:
        await call(house.address, method, path, token=token)
    assert (refused.value.status, refused.value.problem) == (
        401,
        {"code": "unauthorized", "expected": "a valid token"},
    )


async def test_a_token_in_the_address_is_refused(house: House) -> None:
    token = (await house.sign_in("ann")).token
    with pytest.raises(HttpRefused) as refused:
        await call(house.address, "GET", f"/api/me?token={token}", token=token)
    assert refused.value.status == 401


async def test_tickets_and_contacts_of_others_do_not_exist(house: House) -> None:
    contact = house.arrive("4002")
    ann = (await house.sign_in("ann")).token
    for path in (f"/api/contacts/{contact}/tickets", "/api/contacts/c-99/tickets"):
        with pytest.raises(HttpRefused) as refused:
            await call(house.address, "GET", path, token=ann)
        assert refused.value.status == 404
    async with house.ready("bob") as bob:
        await bob.until(lambda desk: one(desk, "offers"))
        token = (await house.sign_in("bob")).token
        assert await call(house.address, "GET", f"/api/contacts/{contact}/tickets", token=token) == {
            "tickets": []
        }


def test_check_right_names_role_and_right() -> None:
    with pytest.raises(NotDone, match="auditor"):
        check_right(person("aud", Role.AUDITOR), "turn_queue")


def test_the_table_in_the_notes_is_the_table_in_force() -> None:
    notes = (Path(__file__).parents[2] / "acd/desk/ROLES.md").read_text()
    assert notes == render_page(), "write it anew from render_page()"


async def test_one_switch_closes_every_queue_for_whoever_sees_them_all(house: House) -> None:
    async with (
        await house.desk("sue", view="supervisor") as sue,
        await house.desk("adi", view="supervisor") as adi,
    ):
        for name in ("ann", "bob"):
            await adi.act("change_agent", agent=name, queues=["sales"])
        with pytest.raises(ActionRefused) as refused:
            await sue.act("turn_queue", queue="*", is_open=False)
        assert refused.value.code == "not_yours"
        await adi.act("turn_queue", queue="*", is_open=False, reason="fire")
        await adi.until(lambda desk: not any(row["is_open"] for row in desk.tables["queues"].values()))
        await adi.act("turn_queue", queue="*", is_open=True)
        await adi.until(lambda desk: all(row["is_open"] for row in desk.tables["queues"].values()))
