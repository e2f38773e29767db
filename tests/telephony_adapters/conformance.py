"""The conformance suite of adapters (DESIGN 5): what every adapter must do, whatever it speaks.

Each test drives the far side through a `Driver`, the desks by events, and asks both the engine and the far side what
came of it. What an adapter declares that it cannot do must be refused cleanly: the engine hears of it, and the talk
goes on. `test_conformance.py` runs the suite over every adapter.
"""

from __future__ import annotations

import pytest

from acd.ports import Ability
from acd.routing import events as e
from acd.routing.model import ContactId, MonitorMode, OfferState, Outcome, PersonId
from acd.routing.outputs import facts as f
from tests.telephony_adapters.driver import Driver
from tests.telephony_adapters.zone import ANN, BACK, BEN, NUMBER, SERVICE

SUE = PersonId("supervisor")
MOMENTS = (
    "waiting", "ringing", "picking up", "talking", "held", "consult rings", "consulting", "transferred to a queue",
    "offered again",
)  # fmt: skip
LISTENING = ((Ability.MONITOR, MonitorMode.MONITOR), (Ability.WHISPER, MonitorMode.WHISPER),
             (Ability.BARGE, MonitorMode.BARGE))  # fmt: skip


class AdapterContract:
    """Subclassed where the fixture `far` is; every test leaves the house empty or says why not."""

    # --- declared abilities ---------------------------------------------------------------------------

    async def test_what_it_cannot_do_is_said_in_the_words_of_the_house(self, far: Driver) -> None:
        assert far.adapter.cannot <= set(Ability)

    # --- arrival, offer, answer, bridge, end ----------------------------------------------------------

    async def test_a_customer_arrives_waits_and_is_treated(self, far: Driver) -> None:
        contact = await far.waiting()
        entered = await far.zone.fact(f.ContactEntered, contact=contact)
        assert (entered.adapter, entered.queue, entered.channel) == (far.adapter.name, SERVICE, far.channel)
        await far.leave(contact)
        await far.over(contact)
        assert far.zone.of(f.ContactEnded)[0].outcome is Outcome.ABANDONED

    async def test_an_offer_rings_and_an_answer_connects(self, far: Driver) -> None:
        contact, offer = await far.talking()
        assert not far.rings(ANN)
        assert not far.is_held(contact)
        assert far.zone.of(f.AssignmentConnected, offer=offer)[0].is_first

    async def test_the_customer_ends_the_talk(self, far: Driver) -> None:
        contact, _ = await far.talking()
        await far.leave(contact)
        await far.over(contact)
        assert far.zone.of(f.ContactEnded)[0].outcome is Outcome.ANSWERED
        assert far.zone.of(f.TalkEnded)[0].why == "customer"

    async def test_the_agent_ends_the_talk_and_the_customers_leg_with_it(self, far: Driver) -> None:
        contact, offer = await far.talking()
        await far.ring_off(offer, ANN)
        await far.over(contact)
        assert far.zone.of(f.TalkEnded)[0].why == "agent"

    async def test_the_house_ends_a_contact(self, far: Driver) -> None:
        contact, _ = await far.talking()
        await far.zone.tell(e.ContactClosed(contact, "closed by a supervisor"))
        await far.over(contact)

    async def test_an_agent_is_free_for_the_next_customer(self, far: Driver) -> None:
        first, _ = await far.talking()
        await far.leave(first)
        await far.over(first)
        second = await far.arrive()
        made = await far.offered(second)
        await far.until(lambda: far.rings(ANN), "it rings again")
        await far.pick_up(made.offer, ANN)
        await far.until(lambda: far.talks_to(second) == {ANN}, "the next customer talks with Ann")

    async def test_an_agent_who_refuses_leaves_the_customer_in_place_for_the_next(self, far: Driver) -> None:
        contact, offer = await far.ringing()
        await far.seat(BEN)
        await far.refuse(offer, ANN)
        ended = await far.zone.fact(f.OfferEnded, offer=offer)
        assert ended.outcome in (OfferState.DECLINED, OfferState.BUSY)
        made = await far.offered(contact, 2)
        assert made.agent == BEN
        await far.until(lambda: far.agent_is_free(ANN), "Ann's telephone is quiet")
        await far.pick_up(made.offer, BEN)
        await far.until(lambda: far.talks_to(contact) == {BEN}, "the customer talks with Ben")
        assert far.zone.of(f.ContactEntered)[0].arrived_ms == far.engine_arrival(contact)

    async def test_an_offer_that_is_taken_back_rings_no_more(self, far: Driver) -> None:
        contact, offer = await far.ringing()
        await far.seat(BEN)
        await far.zone.sign_out(ANN)
        await far.zone.fact(f.OfferEnded, offer=offer)
        await far.until(lambda: far.agent_is_free(ANN), "Ann's telephone is quiet")
        await far.taken_by(contact, BEN, 2)

    # --- hold -----------------------------------------------------------------------------------------

    async def test_hold_parks_the_customer_and_retrieve_brings_the_talk_back(self, far: Driver) -> None:
        contact, offer = await far.talking()
        for _ in range(2):
            await far.zone.tell(e.HoldChosen(offer, True))
            if not far.can(Ability.HOLD):
                await far.zone.fact(f.AssignmentHeld, offer=offer, is_held=False)
                assert far.talks_to(contact) == {ANN}
                return
            await far.until(lambda: far.is_held(contact), "the customer is held")
            assert far.talks_to(contact) == frozenset()
            await far.zone.tell(e.HoldChosen(offer, False))
            await far.until(lambda: far.talks_to(contact) == {ANN}, "the talk is back")
            assert not far.is_held(contact)
        await far.leave(contact)
        await far.over(contact)

    # --- blind transfer -------------------------------------------------------------------------------

    async def test_a_blind_transfer_to_a_queue_puts_the_customer_in_line_there(self, far: Driver) -> None:
        contact, offer = await far.talking()
        await far.zone.sign_out(ANN)
        await far.zone.tell(e.TransferAsked(offer, to_queue=BACK))
        await far.until(lambda: far.agent_is_free(ANN), "Ann is free")
        await far.until(lambda: far.is_treated(contact), "the customer waits again")
        await far.seat(BEN)
        await far.taken_by(contact, BEN, 2)

    async def test_a_blind_transfer_to_an_agent_rings_there(self, far: Driver) -> None:
        contact, offer = await far.talking()
        await far.seat(BEN)
        await far.zone.tell(e.TransferAsked(offer, to_agent=BEN))
        await far.until(lambda: far.agent_is_free(ANN), "Ann is free")
        await far.taken_by(contact, BEN, 2)

    async def test_a_transfer_to_a_number_outside_takes_the_customer_there(self, far: Driver) -> None:
        contact, offer = await far.talking()
        await far.zone.tell(e.TransferAsked(offer, to_number=NUMBER))
        if not far.can(Ability.TRANSFER_OUT):
            assert (await far.zone.fact(f.TransferFailed, offer=offer)).reason == "cannot"
            await far.still_talking(contact)
            return
        await far.target_answers(NUMBER)
        await far.until(lambda: far.talks_to(contact) == {NUMBER}, "the customer talks with the number")
        await far.zone.fact(f.ContactEnded, contact=contact)
        await far.until(lambda: far.agent_is_free(ANN), "Ann is free")

    # --- consult, attended transfer, conference -------------------------------------------------------

    @pytest.mark.parametrize("target", [BEN, NUMBER])
    async def test_a_consult_holds_the_customer_and_gives_them_back(self, far: Driver, target: str) -> None:
        if not far.can(Ability.CONSULT):
            contact, offer = await far.talking()
            await far.seat(BEN)
            ask = e.ConsultAsked(offer, BEN) if target == BEN else e.ConsultAsked(offer, to_number=target)
            await far.zone.tell(ask)
            assert (await far.zone.fact(f.ConsultOver, offer=offer)).why == "cannot"
            await far.still_talking(contact)
            return
        contact, offer = await far.consulting(target)
        await far.zone.tell(e.ConsultEnded(offer, "retrieved"))
        await far.until(lambda: far.talks_to(contact) == {ANN}, "the customer is back with Ann")
        await far.until(lambda: far.agent_is_free(BEN), "whoever was asked is free")
        await far.leave(contact)
        await far.over(contact)

    @pytest.mark.parametrize("target", [BEN, NUMBER])
    async def test_an_attended_transfer_joins_customer_and_target(self, far: Driver, target: str) -> None:
        if not far.can(Ability.CONSULT):
            pytest.skip("declared: no consult")
        contact, offer = await far.consulting(target)
        await far.zone.tell(e.ConsultCompleted(offer))
        await far.until(lambda: far.talks_to(contact) == {target}, "the customer talks with the target")
        await far.until(lambda: far.agent_is_free(ANN), "Ann is free")
        if target == BEN:
            assert far.zone.of(f.AssignmentConnected, agent=BEN)
            await far.leave(contact)
            await far.over(contact)
        else:
            await far.zone.fact(f.ContactEnded, contact=contact)

    async def test_a_conference_joins_all_three(self, far: Driver) -> None:
        if not far.can(Ability.CONSULT):
            pytest.skip("declared: no consult")
        contact, offer = await far.consulting(BEN)
        await far.zone.tell(e.ConsultCompleted(offer, conference=True))
        if not far.can(Ability.CONFERENCE):
            await far.zone.fact(f.ParticipantGone, offer=offer, who=BEN)
            await far.still_talking(contact)
            await far.until(lambda: far.agent_is_free(BEN), "Ben is free")
            return
        await far.until(lambda: far.talks_to(contact) == {ANN, BEN}, "all three talk")
        await far.leave(contact)
        await far.over(contact)

    # --- supervisors ----------------------------------------------------------------------------------

    @pytest.mark.parametrize(("ability", "mode"), LISTENING)
    async def test_a_supervisor_takes_part_and_leaves(
        self, far: Driver, ability: Ability, mode: MonitorMode
    ) -> None:
        contact, offer = await far.talking()
        await far.zone.tell(e.MonitorAsked(offer, SUE, mode))
        if not far.can(ability):
            await far.zone.fact(f.MonitorSet, offer=offer, by=SUE, mode=None)
            assert far.listeners(contact) == {}
            await far.still_talking(contact)
            return
        await far.until(lambda: far.listeners(contact) == {SUE: mode.value}, f"a supervisor does {mode}")
        await far.zone.tell(e.MonitorAsked(offer, SUE, None))
        await far.until(lambda: far.listeners(contact) == {}, "nobody listens")
        await far.still_talking(contact)

    # --- the bot --------------------------------------------------------------------------------------

    async def test_without_a_bot_the_customer_goes_back_to_the_line(self, far: Driver) -> None:
        contact = await far.arrive("4002")
        await far.zone.fact(f.IntakeEntered, contact=contact)
        if far.can(Ability.INTAKE):
            pytest.skip("has a bot of its own")
        await far.zone.fact(f.ContactReturned, contact=contact)
        assert far.zone.is_live(contact)
        await far.leave(contact)
        await far.over(contact)

    # --- abandon at every moment ----------------------------------------------------------------------

    @pytest.mark.parametrize("moment", MOMENTS)
    async def test_a_customer_may_go_at_any_moment(self, far: Driver, moment: str) -> None:
        contact = await self._at(far, moment)
        if contact is None:
            pytest.skip("declared: no consult")
        await far.leave(contact)
        await far.over(contact)
        ended = far.zone.of(f.ContactEnded, contact=contact)
        if moment != "picking up":  # both orders are right
            # Whoever waits again after a talk was transferred abandons the second line.
            is_in_talk = moment in ("talking", "held") or moment.startswith("consult")
            assert ended[0].outcome is (Outcome.ANSWERED if is_in_talk else Outcome.ABANDONED)

    async def _at(self, far: Driver, moment: str) -> ContactId | None:
        """Bring a customer to a moment of a call's life; None: this adapter has no such moment."""
        if moment == "waiting":
            return await far.waiting()
        if moment in ("ringing", "picking up"):
            contact, offer = await far.ringing()
            if moment == "picking up":
                await far.pick_up(offer, ANN)
            return contact
        if moment.startswith("consult"):
            if not far.can(Ability.CONSULT):
                return None
            return await self._consulting(far, is_answered=moment == "consulting")
        contact, offer = await far.talking()
        if moment == "held" and far.can(Ability.HOLD):
            await far.zone.tell(e.HoldChosen(offer, True))
            await far.until(lambda: far.is_held(contact), "the customer is held")
        elif moment == "transferred to a queue":
            await far.zone.sign_out(ANN)
            await far.zone.tell(e.TransferAsked(offer, to_queue=BACK))
            await far.until(lambda: far.agent_is_free(ANN), "Ann is free")
        elif moment == "offered again":
            await far.seat(BEN)
            await far.zone.tell(e.TransferAsked(offer, to_agent=BEN))
            await far.until(lambda: far.rings(BEN), "Ben's telephone rings")
        return contact

    async def _consulting(self, far: Driver, is_answered: bool) -> ContactId:
        if is_answered:
            return (await far.consulting(BEN))[0]
        contact, offer = await far.talking()
        await far.seat(BEN)
        await far.zone.tell(e.ConsultAsked(offer, to_agent=BEN))
        await far.until(lambda: far.is_held(contact), "the customer is held")
        return contact

    # --- repeated and late ----------------------------------------------------------------------------

    async def test_whatever_is_said_twice_is_true_once(self, far: Driver) -> None:
        far.says_twice = True
        contact, offer = await far.talking()
        await far.zone.tell(e.HoldChosen(offer, True))
        await far.zone.tell(e.HoldChosen(offer, False))
        await far.until(lambda: far.talks_to(contact) == {ANN}, "the talk is back")
        await far.leave(contact)
        await far.over(contact)
        assert len(far.zone.of(f.ContactEntered)) == len(far.zone.of(f.AssignmentConnected)) == 1

    async def test_an_order_given_twice_is_done_once(self, far: Driver) -> None:
        far.zone.orders_twice = True
        contact, offer = await far.talking()
        if far.can(Ability.HOLD):
            await far.zone.tell(e.HoldChosen(offer, True))
            await far.until(lambda: far.is_held(contact), "the customer is held")
            await far.zone.tell(e.HoldChosen(offer, False))
            await far.until(lambda: far.talks_to(contact) == {ANN}, "the talk is back")
        await far.ring_off(offer, ANN)
        await far.over(contact)
        assert len(far.zone.of(f.AssignmentConnected)) == 1

    async def test_a_late_answer_reaches_neither_this_customer_nor_the_next(self, far: Driver) -> None:
        if not far.can_say_late:
            pytest.skip("agents answer at the desk alone")
        contact, offer = await far.ringing()
        await far.answer_late(contact, offer, ANN)
        await far.over(contact)
        following = await far.arrive()
        made = await far.offered(following)
        assert not far.zone.of(f.AssignmentConnected)
        await far.until(lambda: far.rings(ANN), "the next offer rings")
        await far.pick_up(made.offer, ANN)
        await far.until(lambda: far.talks_to(following) == {ANN}, "the next customer talks with Ann")

    async def test_an_end_said_again_much_later_changes_nothing(self, far: Driver) -> None:
        contact, offer = await far.talking()
        await far.leave(contact)
        await far.over(contact)
        before = far.zone.engine.state_hash()
        await far.zone.tell(e.CustomerLeft(contact))
        await far.zone.tell(e.ContactConnected(offer))
        await far.zone.tell(e.AgentLegEnded(offer))
        assert far.zone.engine.state_hash() == before

    # --- the link, and resume -------------------------------------------------------------------------

    async def test_customers_who_stayed_while_the_link_was_lost_are_still_served(self, far: Driver) -> None:
        contact = await far.waiting()
        await far.cut()
        await far.mend()
        assert far.zone.is_live(contact)
        await far.seat(ANN)
        await far.taken_by(contact, ANN)

    async def test_a_customer_who_left_while_the_link_was_lost_is_not_served(self, far: Driver) -> None:
        contact = await far.waiting()
        await far.cut()
        await far.leave(contact)
        await far.mend()
        await far.over(contact)
        assert far.zone.of(f.ContactEnded)[0].outcome is Outcome.ABANDONED

    async def test_a_talk_outlives_the_loss_of_the_link(self, far: Driver) -> None:
        contact, _ = await far.talking()
        await far.cut()
        assert far.talks_to(contact) == {ANN}
        await far.mend()
        await far.still_talking(contact)
        await far.leave(contact)
        await far.over(contact)

    async def test_a_waiting_customer_keeps_the_place_over_a_crash(self, far: Driver) -> None:
        contact = await far.waiting()
        await far.crash()
        if not far.keeps_customers:
            await far.over(contact)
            return
        assert far.zone.is_live(contact)
        await far.seat(ANN)
        await far.taken_by(contact, ANN)

    async def test_a_talk_outlives_a_crash_and_its_end_is_understood(self, far: Driver) -> None:
        contact, _ = await far.talking()
        await far.crash()
        if not far.keeps_customers:
            await far.over(contact)
            return
        assert far.talks_to(contact) == {ANN}
        await far.leave(contact)
        await far.over(contact)
        assert far.zone.of(f.ContactEnded)[0].outcome is Outcome.ANSWERED

    async def test_a_customer_who_goes_during_a_crash_is_missed(self, far: Driver) -> None:
        contact = await far.waiting()
        await far.crash(lambda: far.leave(contact))
        await far.over(contact)

    async def test_an_offer_that_rang_at_the_crash_is_rung_again_or_over(self, far: Driver) -> None:
        contact, _ = await far.ringing()
        await far.crash()
        if not far.keeps_customers:
            await far.over(contact)
            return
        await far.seat(ANN)
        await self._take_whatever_rings(far, contact)

    async def _take_whatever_rings(self, far: Driver, contact: ContactId) -> None:
        """The telephone may ring twice: still from before the crash, where picking up reaches nobody, and anew."""

        def is_there() -> bool:
            return far.talks_to(contact) == {ANN}

        while not is_there():
            await far.until(lambda: far.rings(ANN) or is_there(), "Ann's telephone rings again")
            if not is_there():
                await far.pick_up(far.zone.of(f.OfferMade, contact=contact)[-1].offer, ANN)
                await far.until(lambda: far.rings(ANN) or is_there(), "it rings still, or they talk")
        await far.leave(contact)
        await far.over(contact)
