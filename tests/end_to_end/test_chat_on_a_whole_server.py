"""The mission by chat on a whole server that is killed in the middle: real page, real desk, real telephones."""

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from acd.client import Desk, sign_in
from tests.end_to_end.house import Server
from tests.telephony_adapters.sip.telephones import Telephone
from tests.telephony_adapters.web.page import Page, new_visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

NUMBER = "13800138000"


def write_centre(server: Server, trunk_port: int) -> None:
    """Let the line take chats, offer the bot soon and again, and call customers back over a trunk."""
    folder = server.folder / "config"
    label = {"en": "Line", "zh": "队列"}

    def change(name: str, **more: Any) -> None:
        path = folder / f"{name}.yaml"
        content = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(content | more, ensure_ascii=False))

    dispositions = [{"path": "solved", "label": label, "solves": True}, {"path": "open", "label": label}]
    busy = {"name": "busy", "action": "intake", "wait_s": 1, "again_s": 5, "answer_s": 30}
    change("dispositions", dispositions={"all": dispositions})
    change("overflow", overflow={"soon": [busy]})
    change("queues", queues={"line": {
        "label": label, "channels": ["voice", "chat"], "wrap_up": {"mode": "mandatory"}, "announce_s": 1,
        "dispositions": "all", "disposition_default": "open", "overflow": "soon",
    }})  # fmt: skip
    change(
        "entries",
        entries={"web-chat": {"channel": "chat", "queue": "line", "label": label, "language": "zh"}},
    )
    staff = json.loads((folder / "people.yaml").read_text())
    staff["people"]["agent0"]["capacity"] = {"voice": 1, "chat": 2}
    (folder / "people.yaml").write_text(json.dumps(staff))
    told = json.loads((folder / "server.yaml").read_text())
    told["sip"] |= {"trunk": {"host": "127.0.0.1", "port": trunk_port}, "allowed_numbers": ["138"]}
    (folder / "server.yaml").write_text(json.dumps(told))


async def open_agent(server: Server, stack: AsyncExitStack) -> tuple[Telephone, Desk]:
    phone = await Telephone(server.sip, "2000").open()
    stack.callback(phone.close)
    assert (await phone.register("phone-00")).status == 200
    signed_in = await sign_in(server.http, "agent0", "password-0")
    desk = await stack.enter_async_context(Desk(server.http, signed_in.token))
    await desk.act("set_presence", presence="ready")
    return phone, desk


async def leave_matter(page: Page, server: Server, visitor: str, contact: str, port: int) -> tuple[Page, str]:
    """Decline the bot, accept it, tell the matter, have the server killed, and go on; return the ticket."""
    for choice in ("decline", "accept"):
        question = await page.next("question")
        await page.send(type="choose", choice=choice, turn=question["turn"])
        await page.next("question_over")
    await page.line("bot")
    await page.say("m", "我的洗衣机漏水")
    asked = await page.line("bot")
    assert asked["choices"]
    await server.kill()
    await server.start()
    page = await Page.visit(port, visitor, contact=contact, after=0)
    welcome = await page.next("welcome")
    assert welcome["state"]["state"] == "bot" and "我的洗衣机漏水" in [
        each["text"] for each in welcome["lines"]
    ]
    await page.say("c", "other")
    await page.line("bot")
    await page.say("n", "yes")
    ended = await page.next("ended")
    return page, str(ended["ticket"])


async def test_a_chat_customer_is_called_back_although_the_server_is_killed_in_the_middle(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, agents=1)
    port = int(server.http.rsplit(":", 1)[1])
    async with AsyncExitStack() as stack:
        customer = await Telephone(server.sip, NUMBER).open()
        stack.callback(customer.close)
        write_centre(server, customer.address[1])
        await server.start()
        stack.push_async_callback(server.stop)
        visitor = new_visitor()
        page = await Page.visit(port, visitor, name="李伟", phone="138 0013 8000")
        contact = (await page.next("welcome"))["contact"]
        page, ticket = await leave_matter(page, server, visitor, contact, port)
        assert ticket == "10001"
        _phone, desk = await open_agent(server, stack)
        offer = await desk.until(lambda desk: desk.rows("offers") or desk.rows("assignments"), timeout_s=20)
        assert (offer[0]["origin"], offer[0]["ticket"], offer[0]["number"]) == ("return_call", ticket, NUMBER)
        [card] = await desk.until(lambda desk: desk.rows("tickets"), timeout_s=20)
        assert (card["ticket"], card["words"], card["customer"]) == (ticket, "我的洗衣机漏水", "李伟")
        work = await desk.until(
            lambda desk: [row for row in desk.rows("assignments") if row["state"] == "talking"], timeout_s=20
        )
        await desk.act("end_talk", offer=work[0]["offer"])
        await desk.act("finish_wrap_up", offer=work[0]["offer"], disposition="solved", notes="new seal sent")
        await desk.until(lambda desk: not desk.rows("tickets"), timeout_s=20)
        assert len(customer.legs) == 1, "the customer was called once"
        again = await Page.visit(port, visitor)
        second = (await again.next("welcome"))["contact"]
        [shown] = await desk.until(lambda desk: desk.rows("offers"), timeout_s=20)
        assert shown["contact"] == second and shown["repeat"]["count"] == 1
        assert shown["repeat"]["last_channel"] == "chat" and shown["display"] == ""
        visits = [(visit["origin"], visit["channel"]) for visit in shown["repeat"]["visits"]]
        assert visits == [("return_call", "voice"), ("inbound", "chat")]
        await desk.act("accept_offer", offer=shown["offer"])
        assert (await again.state("talking"))["agent"] == "Agent 0"
        await desk.act("send_chat", contact=second, text="密封圈收到了吗?")
        assert (await again.line("agent"))["text"] == "密封圈收到了吗?"
        await again.say("1", "收到了, 谢谢!")
        await again.line("customer")
        heard = await desk.until(
            lambda desk: [row for row in desk.rows("chat_messages") if row["by"] == "customer"], timeout_s=20
        )
        assert heard[0]["text"] == "收到了, 谢谢!"
        await again.send(type="leave")
        assert (await again.next("ended"))["why"] == "left"
