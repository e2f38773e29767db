"""Recorded messages of the server, for looking at the pages where no server runs: rows as PROTOCOL.md has them.

Built with the row types of the desk itself, so that a row that no longer exists cannot be recorded here.
"""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from acd.desk.reporting import FiguresLine, FiguresPage
from acd.desk.rows import (
    AgentRow,
    AlertRow,
    AssignmentRow,
    CapacityCell,
    ContactRow,
    DayFigures,
    GroupRow,
    IntakeNote,
    LinkStates,
    OfferRow,
    QueueLabel,
    QueueRow,
    RegionCount,
    RepeatMark,
    ReturnCallRow,
    Tables,
    VisitMark,
    Work,
)
from acd.ports import ChatMessage, FiguresBy, Speaker, TicketCard
from acd.routing.model import (
    AgentId,
    AssignmentState,
    Channel,
    ContactId,
    ContactState,
    Decision,
    Disposition,
    EntryId,
    Identity,
    Label,
    OfferId,
    Origin,
    Presence,
    QueueId,
    RegionId,
    SkillId,
    Strategy,
    TeamId,
    TicketId,
)
from acd.statistics.counts import QueueCounts

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
QUEUES: Final = {
    "support": Label(en="Support", zh="售后支持"),
    "orders": Label(en="Orders", zh="订单"),
    "presales": Label(en="Sales", zh="售前咨询"),
    "vip": Label(en="Key customers", zh="重点客户"),
}
REGIONS: Final = {
    "north": Label(en="North", zh="北方"),
    "east": Label(en="East", zh="东方"),
    "south": Label(en="South", zh="南方"),
}
DISPOSITIONS: Final = (
    Disposition("delivery/late", Label(en="Late", zh="配送延迟")),
    Disposition("delivery/damaged", Label(en="Damaged", zh="运输损坏")),
    Disposition("repair/explained", Label(en="Explained by phone", zh="电话指导"), solves=True),
    Disposition("repair/visit", Label(en="Technician's visit", zh="上门维修")),
    Disposition("other", Label(en="Other", zh="其他")),
)
NAMES: Final = (
    "Ann Zhao",
    "Bob Li",
    "Chen Yu",
    "Dan Wu",
    "Eva Sun",
    "Fay Xu",
    "Gao Lin",
    "Han Mei",
    "Ivy Ma",
    "Jin Tao",
)
CUSTOMERS: Final = (
    "Li Wei",
    "Wang Fang",
    "王芳",
    "+86138****8000",
    "Maria Gomez",
    "陈晓东",
    "Tom Baker",
    "周敏",
)


def decision(eligible: int = 4) -> Decision:
    """Return why an agent was chosen, with every kind of reason in it."""
    return Decision(
        trigger="arrival", strategy=Strategy.LONGEST_IDLE, step=0, waited_ms=12_000, eligible=eligible,
        removed={"signed_out": 12, "not_ready": 5, "unreachable": 0, "no_capacity": 9, "needs": 3},
        rank=(1, 2), runner_up=AgentId("bob"), rules_version=3,
    )  # fmt: skip


def repeat(now: int) -> RepeatMark:
    """Return the mark of a customer who was here three times."""
    return RepeatMark(
        count=3, last_at_ms=now - 26 * 60 * MINUTE, last_channel=Channel.VOICE, last_queue=QueueId("support"),
        last_outcome="answered", last_agent=AgentId("chen"), last_agent_name="Chen Yu", last_disposition="delivery/late",
        is_recurring=True, visits=(
            VisitMark(ContactId("v-3"), now - 26 * 60 * MINUTE, Channel.VOICE, QueueId("support"), "answered", Origin.INBOUND,
                      AgentId("chen"), "Chen Yu", "delivery/late", is_solved=True, ticket=TicketId("T-10020")),
            VisitMark(ContactId("v-2"), now - 50 * 60 * MINUTE, Channel.CHAT, QueueId("orders"), "abandoned", Origin.INBOUND),
        ),
    )  # fmt: skip


def agent(index: int, now: int) -> AgentRow:
    """Return the row of one of sixty agents, with all presences among them."""
    region = list(REGIONS)[index % 3]
    state = (
        "ready",
        "talking",
        "talking",
        "wrap_up",
        "break",
        "rona",
        "talking",
        "ready",
        "signed_out",
        "held",
    )[index % 10]
    working = state in ("talking", "wrap_up", "held")
    work = Work(
        OfferId(1000 + index), ContactId(f"c-{index}"), Channel.CHAT if index % 4 == 2 else Channel.VOICE,
        QueueId("support"), state, now - (index * 17 % 400) * SECOND,
    )  # fmt: skip
    presence = {"signed_out": Presence.SIGNED_OUT, "break": Presence.NOT_READY, "rona": Presence.NOT_READY}
    name = (
        NAMES[index % 10] if index < 10 else f"{NAMES[index % 10].split()[0]} {NAMES[index // 10].split()[1]}"
    )
    return AgentRow(
        agent=AgentId("ann" if index == 0 else f"agent-{index}"), name=name, region=RegionId(region),
        team=TeamId(f"{region}-care"), presence=presence.get(state, Presence.READY),
        reason=state if state in ("break", "rona") else "", is_system=state == "rona",
        since_at_ms=now - (index * 37 % 1900) * SECOND, links=LinkStates(desk=state != "signed_out", phone=True),
        capacity={Channel.VOICE: CapacityCell(1, int(working)), Channel.CHAT: CapacityCell(3, 0)},
        work=(work,) if working else (), skills={SkillId("zh"): 5, SkillId("support"): 3},
        queues=(QueueId("support"), QueueId("orders")), signed_in_at_ms=now - 190 * MINUTE,
        next_presence=Presence.NOT_READY if index == 1 else None, next_reason="lunch" if index == 1 else "",
        figures=DayFigures(offered=20, answered=18, no_answer=index % 3, declined=1, done=17, talk_ms=3_000_000, wrap_up_ms=400_000),
    )  # fmt: skip


def contact(index: int, now: int) -> ContactRow:
    """Return the row of a contact; the first fourteen wait."""
    waits = index < 14
    queue = list(QUEUES)[index % 4]
    return ContactRow(
        contact=ContactId(f"w-{index}" if waits else f"c-{index}"), channel=Channel.CHAT if index % 3 == 1 else Channel.VOICE,
        adapter="web" if index % 3 == 1 else "sip", origin=Origin.RETURN_CALL if index == 6 else Origin.INBOUND, queue=QueueId(queue), entry=EntryId("4001"),
        language="zh" if index % 2 else "en", region=RegionId(list(REGIONS)[index % 3]), display=CUSTOMERS[index % 8],
        state=ContactState.INTAKE if index == 9 else ContactState.WAITING if waits else ContactState.ASSIGNED,
        since_at_ms=now - (index * 13 % 300) * SECOND, arrived_at_ms=now - (300 - index * 7) * SECOND,
        head_start_ms=180_000 if index in (0, 2) else 0, head_starts={"value": 60_000, "manual": 120_000} if index in (0, 2) else {}, step=index % 3, verified=True,
        repeat=repeat(now) if index % 5 == 0 else None, agent=None if waits else AgentId(f"agent-{index}"),
        offer=None if waits else OfferId(1000 + index), assignment=None if waits else AssignmentState.TALKING,
        position=index + 1 if waits else None, estimate_ms=(index + 1) * 40_000 if waits else None,
        refusals=1 if index == 3 else 0, decision=None if waits else decision(),
    )  # fmt: skip


def queue(name: str, now: int) -> QueueRow:
    """Return the row of a queue; orders is closed by hand."""
    index = list(QUEUES).index(name)
    return QueueRow(
        queue=QueueId(name), label=QUEUES[name], is_open=index != 1, gate_reason="stock-taking" if index == 1 else "",
        waiting=(9, 0, 3, 2)[index], offered=1, assigned=12 - index, intake=int(index == 0), return_calls=int(index == 2),
        longest_arrived_at_ms=now - (300 - index * 60) * SECOND if index != 1 else None, signed_in=40 - index,
        ready=(0, 5, 3, 2)[index], working=20 - index, wrap_up=4, entered=420, answered=380 - index * 60,
        answered_in_time=301 - index * 40, abandoned=21, abandoned_short=3, overflowed=7, refused=2, wait_ms_sum=9_000_000,
        wait_ms_max=400_000, service_level=750 + index * 42, threshold_ms=20_000,
        regions={RegionId(region): RegionCount(waiting=3, assigned=4, signed_in=13, ready=2) for region in REGIONS},
        borrowed=("back-office",) if index == 0 else (), spilled=(RegionId("north"),) if index == 0 else (),
        overflow_asked=8 if index == 0 else 0, overflow_declined=3 if index == 0 else 0, estimates=40, estimate_error_ms=35_000,
    )  # fmt: skip


def supervisor_tables(now: int) -> Tables:
    """Return a centre of sixty agents in the middle of a busy hour."""
    groups = tuple(GroupRow(name, label, 20, 18, 4, 3, 9, 2, 5) for name, label in REGIONS.items())
    teams = tuple(
        GroupRow(f"{name}-care", Label(f"{label.en} care", f"{label.zh}客服"), 20, 18, 4, 3, 9, 2)
        for name, label in REGIONS.items()
    )
    return Tables(
        queues=tuple(queue(name, now) for name in QUEUES), agents=tuple(agent(index, now) for index in range(60)),
        contacts=tuple(contact(index, now) for index in range(40)), regions=groups, teams=teams,
        alerts=(
            AlertRow("a1", "nobody_ready", "queues", "support", now - 40 * SECOND, level="critical"),
            AlertRow("a2", "queue_wait", "queues", "support", now - 90 * SECOND, found="300000", expected="120000"),
        ),
    )  # fmt: skip


def offer(now: int) -> OfferRow:
    """Return an offer to look at: a call of a customer who was here before."""
    return OfferRow(
        offer=OfferId(51), contact=ContactId("sip-51"), channel=Channel.VOICE, adapter="sip", origin=Origin.INBOUND, queue=QueueId("support"),
        entry=EntryId("4001"), language="zh", display="王芳", identities=(Identity("tel:+86138****8000"),), verified=True,
        arrived_at_ms=now - 72 * SECOND, offered_at_ms=now - 2 * SECOND, deadline_at_ms=now + 18 * SECOND,
        region=RegionId("north"), repeat=repeat(now), decision=decision(),
    )  # fmt: skip


def assignment(number: int, state: AssignmentState, now: int, **more: Any) -> AssignmentRow:
    """Return something in hand: a chat, unless `more` says otherwise."""
    fields: dict[str, Any] = {
        "offer": OfferId(number), "contact": ContactId(f"web-{number}"), "channel": Channel.CHAT, "adapter": "web", "origin": Origin.INBOUND,
        "queue": QueueId("support"), "entry": EntryId("help"), "language": "en", "display": "Maria Gomez",
        "identities": (Identity("chat:v81c2"),), "verified": False, "state": state, "since_at_ms": now - 190 * SECOND,
        "arrived_at_ms": now - 260 * SECOND, "connected_at_ms": now - 190 * SECOND, "region": RegionId("east"),
    }  # fmt: skip
    return AssignmentRow(**{**fields, **more})


def chat(number: int, now: int) -> tuple[ChatMessage, ...]:
    """Return a talk that began with the bot and goes on with an agent."""
    said = (
        (Speaker.HOUSE, "You are number 2 in line.", ""),
        (Speaker.CUSTOMER, "My washing machine leaks from below, and I have a family dinner tomorrow.", ""),
        (
            Speaker.AGENT,
            "Hello Maria, I am sorry to hear that. Which model is it? It stands on the door's inside.",
            "Ann",
        ),
        (Speaker.CUSTOMER, "WM-7400, bought in May", ""),
    )
    return tuple(
        ChatMessage(ContactId(f"web-{number}"), index + 1, by, text, now - (150 - index * 12) * SECOND, name, AgentId("ann") if name else None)
        for index, (by, text, name) in enumerate(said)
    )  # fmt: skip


def agent_tables(
    now: int, *, with_offer: bool = True, state: AssignmentState = AssignmentState.TALKING
) -> Tables:
    """Return an agent's desk with two chats in hand (the first in `state`), tickets, and perhaps an offer."""
    me = msgspec.structs.replace(
        agent(0, now), presence=Presence.READY, queues=(QueueId("support"), QueueId("vip")),
        work=(Work(OfferId(41), ContactId("web-41"), Channel.CHAT, QueueId("support"), state, now - 190 * SECOND),),
    )  # fmt: skip
    deadline = now + 24 * SECOND if state is AssignmentState.WRAP_UP else None
    first = assignment(
        41, state, now, repeat=repeat(now), deadline_at_ms=deadline, ended_why="customer" if deadline else ""
    )
    intake = IntakeNote("installation", "The fitter did not come on Friday morning", "", "+86 139****1122")
    return Tables(
        me=(me,),
        labels=tuple(
            QueueLabel(QueueId(name), label, DISPOSITIONS, "other", waiting=index * 2) for index, (name, label) in enumerate(QUEUES.items())
        ),
        offers=(offer(now),) if with_offer else (),
        assignments=(first, assignment(42, AssignmentState.TALKING, now, display="陈晓东", language="zh", intake=intake)),
        chat_messages=(*chat(41, now), *chat(42, now)[:2]),
        tickets=(
            TicketCard(TicketId("T-10023"), "open", now - 40 * MINUTE, "support", "installation", intake.words, "", intake.number,
                       "陈晓东", return_call="waiting", due_at_ms=now - MINUTE),
            TicketCard(TicketId("T-10021"), "open", now - 300 * MINUTE, "vip", "delivery", "Parcel lost", "", "+86 137****0001"),
        ),
        return_calls=(
            ReturnCallRow(ContactId("rc-1"), QueueId("support"), "+86 139****1122", "陈晓东", ContactState.WAITING, now - 40 * MINUTE,
                          ticket=TicketId("T-10023")),
        ),
    )  # fmt: skip


def welcome(view: str, now: int) -> dict[str, Any]:
    """Return the server's answer to `hello`."""
    mine = ["set_presence", "set_link", "accept_offer", "decline_offer", "end_talk", "hold_contact", "ask_wrap_up",
            "finish_wrap_up", "transfer_contact", "start_consult", "end_consult", "complete_consult", "send_chat",
            "ask_return_call"]  # fmt: skip
    theirs = ["force_presence", "change_agent", "move_contact", "set_head_start", "give_contact", "end_contact", "turn_queue",
              "monitor_contact", "watch"]  # fmt: skip
    return {
        "type": "welcome", "session": "d-1", "view": view, "at_ms": now, "person": person(view), "token_expires_at_ms": now + 900_000,
        "heartbeat_ms": 4000, "silence_ms": 60_000, "reasons": ["break", "lunch", "training", "meeting", "paperwork"],
        "actions": mine if view == "agent" else theirs, "cannot": {"web": ["hold", "consult", "transfer_out"]}, "resumed": False,
    }  # fmt: skip


def person(view: str) -> dict[str, Any]:
    """Return who has signed in."""
    if view == "agent":
        return {
            "person": "ann",
            "name": "Ann Zhao",
            "role": "agent",
            "teams": ["north-care"],
            "language": "en",
        }
    return {
        "person": "sue",
        "name": "Sue Qian",
        "role": "supervisor",
        "teams": ["north-care"],
        "language": "en",
    }


def snapshot(tables: Tables, now: int) -> dict[str, Any]:
    """Return a whole view as the message that the page gets."""
    return {
        "type": "snapshot",
        "stream": "s1",
        "seq": 40,
        "at_ms": now,
        "tables": msgspec.to_builtins(tables),
    }


def figures(now: int) -> dict[str, Any]:
    """Return eight hours of two queues by quarter of an hour, as `GET /api/figures` answers; two quarters are empty."""
    quarter = 15 * MINUTE
    begin = now - now % quarter - 31 * quarter
    lines = [
        FiguresLine(
            moment(begin + index * quarter), moment(begin + (index + 1) * quarter), name,
            QueueCounts(entered=20 + index % 7 * 3, answered=18 + index % 5 * 3, answered_in_time=15 + index % 4, abandoned=1 + index % 3),
        )
        for index in range(32) if index not in (3, 4)
        for name in ("support", "presales")
    ]  # fmt: skip
    page = FiguresPage(
        FiguresBy.QUEUE, "15", "UTC", moment(begin), moment(begin + 32 * quarter), moment(now), tuple(lines)
    )
    return dict(msgspec.to_builtins(page))


def moment(at_ms: int) -> datetime:
    """Return a moment as the server writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
