"""The far side of an adapter as the conformance suite drives and sees it: customers, agents' telephones, the switch.

One driver for each adapter. It acts only where the outside acts (a socket, a telephone, a page) and answers from
what the far side itself has seen, never from the adapter's books.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from acd.ports import Adapter
from acd.routing import events as e
from acd.routing.model import AgentId, Channel, ContactId, OfferId
from acd.routing.outputs import facts as f
from tests.telephony_adapters.zone import ANN, BEN, Zone


class Driver(ABC):
    """The outside of one adapter. Waiting for what is to be seen is the suite's business."""

    channel = Channel.VOICE
    can_refuse = True
    """Whether an agent's telephone can refuse by itself; else agents refuse at the desk."""
    can_say_late = True
    """Whether the far side can say something of an offer that is over."""
    keeps_customers = True
    """Whether customers outlive a crash of the adapter."""

    def __init__(self) -> None:
        self.zone = Zone(self.channel)
        self.says_twice = False
        """Whatever the far side says it says twice, as a line that repeats would."""

    @property
    def adapter(self) -> Adapter:
        """The adapter that runs now."""
        return self.zone.adapter

    def can(self, ability: str) -> bool:
        """Whether the adapter declares nothing against it."""
        return ability not in self.adapter.cannot

    # --- life -----------------------------------------------------------------------------------------

    @abstractmethod
    async def open(self) -> None:
        """Start the adapter in the zone and be there as its far side."""

    @abstractmethod
    async def close(self) -> None:
        """End everything that `open` began."""

    @abstractmethod
    async def crash(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let the adapter vanish without a word, and another one take its place; the far side lives on.

        Args:
            meanwhile: What happens at the far side while no adapter is there.
        """

    @abstractmethod
    async def cut(self) -> None:
        """Lose the link between adapter and far side; both go on by themselves."""

    @abstractmethod
    async def mend(self) -> None:
        """Let the link be back, and do what the far side does then."""

    # --- people ---------------------------------------------------------------------------------------

    async def seat(self, agent: AgentId) -> None:
        """Let an agent be at the desk, ready, with a telephone where there are telephones."""
        await self.zone.sign_in(agent)

    @abstractmethod
    async def arrive(self, entry: str = "4001") -> ContactId:
        """A customer comes; returns when the engine knows."""

    @abstractmethod
    async def leave(self, contact: ContactId) -> None:
        """The customer goes; returns when it is said, not when it is heard."""

    async def pick_up(self, offer: OfferId, agent: AgentId) -> None:
        """The agent takes the offer: at the telephone, or at the desk where there is none."""
        await self.zone.tell(e.OfferAccepted(offer))

    async def refuse(self, offer: OfferId, agent: AgentId) -> None:
        """The agent says no."""
        await self.zone.tell(e.OfferDeclined(offer))

    async def ring_off(self, offer: OfferId, agent: AgentId) -> None:
        """The agent ends the talk."""
        await self.zone.tell(e.AgentLegEnded(offer))

    async def target_answers(self, target: str) -> None:
        """Whoever is called for a consult or a transfer (an agent, a number) picks up; here: by themselves."""
        return None

    async def answer_late(self, contact: ContactId, offer: OfferId, agent: AgentId) -> None:
        """The customer goes and the agent's telephone is picked up, and both cross on the wire."""
        assert not self.can_say_late, "a driver that can say late says how"

    # --- what the far side sees -----------------------------------------------------------------------

    @abstractmethod
    def is_treated(self, contact: ContactId) -> bool:
        """Whether the waiting customer hears or sees something."""

    @abstractmethod
    def rings(self, agent: AgentId) -> bool:
        """Whether this agent's telephone rings (or the switch was told to ring it)."""

    @abstractmethod
    def talks_to(self, contact: ContactId) -> frozenset[str]:
        """Whom the customer can talk with now: agents by id, numbers."""

    @abstractmethod
    def is_held(self, contact: ContactId) -> bool:
        """Whether the customer is parked with music or silence."""

    @abstractmethod
    def is_gone(self, contact: ContactId) -> bool:
        """Whether the customer's leg is over."""

    def listeners(self, contact: ContactId) -> dict[str, str]:
        """Supervisors who take part, with their mode."""
        return {}

    @abstractmethod
    def agent_is_free(self, agent: AgentId) -> bool:
        """Whether no leg of this agent is left: nothing rings, nothing talks."""

    # --- shared flows ---------------------------------------------------------------------------------

    async def until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait until the far side sees something."""
        await self.zone.until(is_so, what)

    async def offered(self, contact: ContactId, count: int = 1) -> f.OfferMade:
        """Wait for the count-th offer of a contact."""
        return await self.zone.fact(f.OfferMade, count, contact=contact)

    async def waiting(self) -> ContactId:
        """A customer who waits and is treated; nobody serves."""
        contact = await self.arrive()
        await self.until(lambda: self.is_treated(contact), "the customer hears something")
        return contact

    async def ringing(self) -> tuple[ContactId, OfferId]:
        """A customer who is offered to Ann."""
        await self.seat(ANN)
        contact = await self.arrive()
        made = await self.offered(contact)
        await self.until(lambda: self.rings(ANN), "Ann's telephone rings")
        return contact, made.offer

    async def talking(self) -> tuple[ContactId, OfferId]:
        """A customer who talks with Ann."""
        contact, offer = await self.ringing()
        await self.pick_up(offer, ANN)
        await self.zone.fact(f.AssignmentConnected, offer=offer)
        await self.until(lambda: self.talks_to(contact) == {ANN}, "the customer talks with Ann")
        return contact, offer

    async def consulting(self, target: str = BEN) -> tuple[ContactId, OfferId]:
        """A customer on hold while Ann talks with somebody else."""
        contact, offer = await self.talking()
        if target == BEN:
            await self.seat(BEN)
            await self.zone.tell(e.ConsultAsked(offer, to_agent=BEN))
        else:
            await self.zone.tell(e.ConsultAsked(offer, to_number=target))
        await self.until(lambda: self.is_held(contact), "the customer is held meanwhile")
        await self.target_answers(target)
        await self.zone.fact(f.ConsultAnswered, offer=offer)
        return contact, offer

    async def taken_by(self, contact: ContactId, agent: AgentId, count: int = 1) -> None:
        """The count-th offer of a contact goes to this agent, who takes it; they talk, then the customer goes."""
        made = await self.offered(contact, count)
        assert made.agent == agent
        await self.until(lambda: self.rings(agent), f"the telephone of {agent} rings")
        await self.pick_up(made.offer, agent)
        await self.until(lambda: self.talks_to(contact) == {agent}, f"the customer talks with {agent}")
        await self.leave(contact)
        await self.over(contact)

    async def still_talking(self, contact: ContactId) -> None:
        """The customer talks with Ann alone, and the engine thinks so too."""
        await self.until(lambda: self.talks_to(contact) == {ANN}, "the customer talks with Ann")
        assert self.zone.is_live(contact)
        assert not self.is_held(contact)

    def engine_arrival(self, contact: ContactId) -> int:
        """When the engine says that the customer came."""
        return self.zone.engine.state.contacts[contact].arrived_ms

    async def over(self, contact: ContactId) -> None:
        """Wait until a contact is over on both sides, and nobody is left with a leg of it."""
        await self.zone.fact(f.ContactEnded, contact=contact)
        await self.until(lambda: self.is_gone(contact), "the customer's leg is over")
        for agent in (ANN, BEN):
            await self.until(lambda agent=agent: self.agent_is_free(agent), f"{agent} is free")
        assert not self.zone.live_offers(), "an offer outlived its contact"
