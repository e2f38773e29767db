"""The simulated adapter's far side is inside it: people by hand, and the switch's own book."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from acd.routing import events as e
from acd.routing.model import AgentId, Channel, ContactId, EntryId, OfferId, OfferState
from acd.routing.outputs import facts as f
from acd.simulation.population import AgentProfile, CustomerProfile
from acd.simulation.world import NO_FAULTS, Faults
from telephony_adapters.simulated.adapter import SimulatedAdapter
from telephony_adapters.simulated.calls import Call
from tests.telephony_adapters.driver import Driver
from tests.telephony_adapters.zone import rules_for

NOBODY_BY_SEED = CustomerProfile(per_hour=0, talk_ms=1 << 40, accepts_overflow=1000)
HANDS_ONLY = AgentProfile(misses=1000, holds=0, transfers=0, break_every_ms=1 << 40, consulted_ms=1)


class SimulatedDriver(Driver):
    """Nothing happens by the seed but what was asked for."""

    keeps_customers = False

    def __init__(self) -> None:
        super().__init__()
        self._adapters: list[SimulatedAdapter] = []

    @property
    def switch(self) -> SimulatedAdapter:
        return self._adapters[-1]

    async def open(self) -> None:
        await self.zone.open(self._make(NO_FAULTS))

    def _make(self, faults: Faults) -> SimulatedAdapter:
        rules = rules_for(Channel.VOICE)
        # Ann and Ben sit at desks of the suite; nobody is played.
        made = SimulatedAdapter(
            rules, (), self.zone.now_ms, customers=NOBODY_BY_SEED, agents=HANDS_ONLY, faults=faults
        )
        self._adapters.append(made)
        return made

    async def close(self) -> None:
        await self.switch.stop()

    async def crash(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        self.zone.is_adapter_dead = True
        await self.switch.stop()
        if meanwhile is not None:
            await meanwhile()
        await self.zone.reopen(self._make(NO_FAULTS))

    async def cut(self) -> None:
        self.switch.cut_line()

    async def mend(self) -> None:
        self.switch.mend_line()

    async def arrive(self, entry: str = "4001") -> ContactId:
        if self.says_twice:
            self.switch._played._faults = Faults(twice=1000)
        contact = self.switch.customer_calls(EntryId(entry))
        await self.zone.fact(f.ContactEntered, contact=contact)
        return contact

    async def leave(self, contact: ContactId) -> None:
        self.switch.customer_leaves(contact)

    async def pick_up(self, offer: OfferId, agent: AgentId) -> None:
        self.switch.switch_says(e.OfferAccepted(offer))

    async def refuse(self, offer: OfferId, agent: AgentId) -> None:
        self.switch.switch_says(e.OfferFailed(offer, OfferState.BUSY))

    async def ring_off(self, offer: OfferId, agent: AgentId) -> None:
        self.switch.switch_says(e.AgentLegEnded(offer))

    async def answer_late(self, contact: ContactId, offer: OfferId, agent: AgentId) -> None:
        await self.leave(contact)
        await self.zone.fact(f.ContactEnded, contact=contact)
        self.switch.switch_says(e.OfferAccepted(offer))
        await self.zone.fact(f.Late, event="OfferAccepted")

    def is_treated(self, contact: ContactId) -> bool:
        call = self._call(contact)
        return call is not None and call.treatments > 0

    def rings(self, agent: AgentId) -> bool:
        return self.switch.calls.rings(agent)

    def talks_to(self, contact: ContactId) -> frozenset[str]:
        call = self._call(contact)
        return frozenset() if call is None or call.is_held else frozenset(call.parties)

    def is_held(self, contact: ContactId) -> bool:
        call = self._call(contact)
        return call is not None and call.is_held

    def is_gone(self, contact: ContactId) -> bool:
        return self._call(contact) is None

    def agent_is_free(self, agent: AgentId) -> bool:
        return self.switch.calls.is_free(agent)

    def _call(self, contact: ContactId) -> Call | None:
        return self.switch.calls.of(contact)
