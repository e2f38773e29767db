"""The mission by chat, whole: a busy queue, the bot declined and then accepted, ticket, return call, closure, repeat."""

import asyncio
from pathlib import Path

from acd.ports import Speaker
from acd.routing.events import AgentLegEnded, CustomerLeft, WrapUpFinished
from acd.routing.model import ContactId, Identity, Outcome
from acd.routing.outputs import (
    AssignmentConnected,
    AssignmentDone,
    ContactEnded,
    ContactEntered,
    ContactReturned,
    OfferMade,
    TicketDone,
    TicketLinked,
)
from tests.databases import on_both_databases
from tests.end_to_end.centre import ANN, Centre, open_centre, rules
from tests.telephony_adapters.web.page import Page, new_visitor

NUMBER = "13800138000"


async def leave_matter_with_bot(page: Page) -> str:
    """Decline the bot, accept it the second time, tell it everything; return the ticket."""
    first = await page.next("question")
    await page.send(type="choose", choice="decline", turn=first["turn"])
    assert (await page.next("question_over"))["turn"] == first["turn"]
    second = await page.next("question")
    assert second["turn"] > first["turn"] and second["action"] == "intake"
    await page.send(type="choose", choice="accept", turn=second["turn"])
    for key, text in (("m", "我的洗衣机漏水"), ("c", "产品故障"), ("n", "yes")):
        await page.line("bot")
        await page.say(key, text)
    ended = await page.next("ended")
    assert ended["why"] == "ticket"
    return str(ended["ticket"])


async def answer_return_call(centre: Centre, ticket: str) -> None:
    """Ann comes, takes the return call, solves the matter."""
    await centre.sign_in()
    offer = await centre.accept()
    await centre.witness.fact(AssignmentConnected)
    assert centre.telephones.dialled == [NUMBER]
    await centre.do(AgentLegEnded(offer.offer), WrapUpFinished(offer.offer, "solved", "new seal sent"))
    assert (await centre.witness.fact(TicketDone)).ticket == ticket


@on_both_databases
async def test_a_busy_queue_leads_by_the_bot_to_a_ticket_a_return_call_and_a_closed_matter(
    address: str, tmp_path: Path
) -> None:
    async with open_centre(tmp_path / "journal", address) as centre:
        visitor = new_visitor()
        page = await Page.visit(centre.port, visitor, name="李伟", phone="138 0013 8000")
        contact = ContactId((await page.next("welcome"))["contact"])
        await page.next("state", lambda state: state["position"] == 1)
        ticket = await leave_matter_with_bot(page)
        assert ticket == (await centre.witness.fact(TicketLinked)).ticket == "10001"
        call = await centre.witness.fact(ContactEntered, lambda fact: fact.of == contact)
        first = await centre.witness.fact(ContactEntered)
        assert call.arrived_ms == first.arrived_ms and call.number == NUMBER and call.adapter == "sip"
        await answer_return_call(centre, ticket)
        assert await centre.tickets.spool.drained(10) and await centre.customers.spool.drained(10)
        await check_ticket(centre, ticket, contact, call.contact)
        again = await Page.visit(centre.port, visitor)
        await again.next("welcome")
        repeat = (await centre.witness.fact(ContactEntered, count=3)).repeat
        assert repeat is not None and repeat.count == 1
        ours, first_visit = repeat.visits
        assert (ours.contact, ours.outcome, ours.is_solved) == (call.contact, Outcome.ANSWERED, True)
        assert (first_visit.contact, first_visit.outcome, first_visit.ticket) == (
            contact, Outcome.OVERFLOWED, ticket,
        )  # fmt: skip
        assert repeat.is_recurring, "the matter was closed as solved, and the customer comes again"
        await again.close()


async def check_ticket(centre: Centre, ticket: str, contact: ContactId, call: ContactId) -> None:
    thread = await centre.tickets.ticket(ticket)  # type: ignore[arg-type]
    assert thread is not None
    card = thread.card
    assert (card.state, card.category, card.words, card.number) == (
        "closed",
        "product",
        "我的洗衣机漏水",
        NUMBER,
    )
    assert (card.return_call, card.owner, card.disposition, card.notes) == (
        "done",
        ANN,
        "solved",
        "new seal sent",
    )
    assert thread.contacts == [contact, call] and card.customer == "李伟"
    customer = await centre.customers.customer_of([Identity(f"tel:{NUMBER}")], 10)
    assert customer is not None and customer.name == "李伟" and len(customer.identities) == 2
    outcomes = [(each.contact, each.outcome, each.agent) for each in customer.contacts]
    assert sorted(outcomes) == sorted([(call, Outcome.ANSWERED, ANN), (contact, Outcome.OVERFLOWED, None)])
    assert await centre.transcripts.spool.drained(10)
    lines = (await centre.transcripts.lines_of([contact]))[contact]
    assert [line.by for line, _ in lines].count(Speaker.BOT) == 3
    assert lines[-1][0].by is Speaker.HOUSE and ticket in lines[-1][0].text


async def test_a_telephone_customer_is_recognised_in_the_chat(tmp_path: Path) -> None:
    async with open_centre(tmp_path / "journal", f"sqlite:///{tmp_path}/acd.sqlite") as centre:
        for _ in range(2):
            page = await Page.visit(centre.port, new_visitor(), phone="+86 138 0013 8000")
            contact = ContactId((await page.next("welcome"))["contact"])
            await page.send(type="leave")
            await centre.witness.fact(ContactEnded, lambda fact, whom=contact: fact.contact == whom)
            await page.close_code()
        second = await centre.witness.fact(ContactEntered, count=2)
        assert second.repeat is not None and second.repeat.count == 1
        assert second.repeat.visits[0].outcome is Outcome.ABANDONED


async def test_a_chat_is_answered_and_each_side_may_end_it(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/acd.sqlite"
    async with open_centre(tmp_path / "journal", address, rules(overflow_wait_ms=60_000)) as centre:
        await centre.sign_in()
        for count, is_agent in ((1, True), (2, False)):
            page = await Page.visit(centre.port, new_visitor(), name="Li")
            contact = ContactId((await page.next("welcome"))["contact"])
            offer = await centre.accept(count)
            assert (await page.state("talking"))["agent"] == "Ann Li"
            centre.web.say(contact, ANN, "您好", "a")
            assert (await page.line("agent"))["text"] == "您好"
            await page.say("1", "你好")
            await page.line("customer")
            if is_agent:
                await centre.do(AgentLegEnded(offer.offer))
            else:
                await page.send(type="leave")
            await page.next("ended")
            assert await page.close_code() == 1000
            await centre.do(WrapUpFinished(offer.offer, "solved"))
            await centre.witness.fact(AssignmentDone, count=count)
        ended = [fact for fact in centre.witness.facts if isinstance(fact, ContactEnded)]
        assert [fact.outcome for fact in ended] == [Outcome.ANSWERED, Outcome.ANSWERED]


async def test_who_asks_the_bot_for_a_person_keeps_the_place_before_a_later_customer(tmp_path: Path) -> None:
    async with open_centre(tmp_path / "journal", f"sqlite:///{tmp_path}/acd.sqlite") as centre:
        first = await Page.visit(centre.port, new_visitor())
        contact = ContactId((await first.next("welcome"))["contact"])
        question = await first.next("question")
        await first.send(type="choose", choice="accept", turn=question["turn"])
        await first.line("bot")
        second = await Page.visit(centre.port, new_visitor())
        await second.next("welcome")
        await first.say("1", "人工")
        await centre.witness.fact(ContactReturned)
        await centre.sign_in()
        assert (await centre.witness.fact(OfferMade)).contact == contact
        await asyncio.gather(first.close(), second.close())


async def test_a_restart_in_the_middle_of_the_bot_loses_nothing(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/acd.sqlite"
    visitor = new_visitor()
    async with open_centre(tmp_path / "journal", address) as centre:
        page = await Page.visit(centre.port, visitor, phone=NUMBER)
        contact = (await page.next("welcome"))["contact"]
        question = await page.next("question")
        await page.send(type="choose", choice="accept", turn=question["turn"])
        await page.line("bot")
        await page.say("m", "我的洗衣机漏水")
        await page.line("bot")
    assert await page.close_code() == 1001
    async with open_centre(tmp_path / "journal", address) as centre:
        again = await Page.visit(centre.port, visitor, contact=contact, after=0)
        welcome = await again.next("welcome")
        assert welcome["state"]["state"] == "bot" and not welcome["is_new"]
        assert "我的洗衣机漏水" in [line["text"] for line in welcome["lines"]]
        await again.say("c", "product")
        await again.line("bot")
        await again.say("n", "yes")
        ended = await again.next("ended")
        assert ended["ticket"] == "10001"
        assert await centre.tickets.spool.drained(10)
        cards = await centre.tickets.open_tickets(10)
        assert [(card.words, card.category, card.return_call) for card in cards] == [
            ("我的洗衣机漏水", "product", "waiting")
        ]


async def test_who_leaves_the_bot_after_telling_the_matter_has_a_ticket_all_the_same(tmp_path: Path) -> None:
    async with open_centre(tmp_path / "journal", f"sqlite:///{tmp_path}/acd.sqlite") as centre:
        page = await Page.visit(centre.port, new_visitor(), phone=NUMBER)
        contact = ContactId((await page.next("welcome"))["contact"])
        question = await page.next("question")
        await page.send(type="choose", choice="accept", turn=question["turn"])
        await page.line("bot")
        await page.say("m", "leaks")
        await page.line("bot")
        await page.send(type="leave")
        await centre.witness.fact(TicketLinked)
        assert await centre.tickets.spool.drained(10)
        thread = await centre.tickets.ticket((await centre.tickets.open_tickets(1))[0].ticket)
        assert thread is not None and thread.is_partial and thread.card.words == "leaks"
        assert thread.card.contact == contact and thread.card.return_call == "waiting"
        late = await centre.do(CustomerLeft(contact))
        assert type(late[0].facts[0]).__name__ == "Late"
