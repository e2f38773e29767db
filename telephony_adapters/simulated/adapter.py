"""The simulated telephony adapter: the world of `acd.simulation`, paced by the real clock.

It holds no socket and no leg that could be lost; after a crash its customers are gone, which it reports at
once, as an honest switch would. Real people may sign in beside the simulated staff and are offered the same
contacts: the adapter plays the customer for them too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from functools import partial

from acd.ports import KeptLeg, Overloaded, Record, Submit
from acd.routing import events as e
from acd.routing.model import AgentId, ContactId, Rules
from acd.routing.outputs import AnyCommand, Command, ContactEnded, ContactEntered
from acd.routing.outputs import commands as c
from acd.simulation.population import AgentProfile, CustomerProfile
from acd.simulation.world import ADAPTER, NO_FAULTS, Faults, World


class SimulatedAdapter:
    """A room of the house that plays customers, staff and their telephones from a seed."""

    name = ADAPTER
    cannot: frozenset[str] = frozenset({"monitor", "whisper", "barge", "record"})
    commands: frozenset[type[Command]] = frozenset(
        {
            c.TurnAway, c.EndContact, c.PlayTreatment, c.StartIntake, c.TellTicket, c.PresentOffer,
            c.WithdrawOffer, c.ConnectContact, c.DialCustomer, c.HoldContact, c.ReleaseAgent, c.TransferOut,
            c.StartConsult, c.EndConsult,
        }
    )  # fmt: skip

    def __init__(
        self,
        rules: Rules,
        staff: Collection[AgentId],
        now_ms: Callable[[], int],
        seed: str = "1",
        customers: CustomerProfile = CustomerProfile(),
        agents: AgentProfile = AgentProfile(),
        faults: Faults = NO_FAULTS,
        crowd: int = 0,
    ) -> None:
        self._now_ms = now_ms
        self._build = partial(
            World, rules, seed, customers=customers, agents=agents, faults=faults, staff=staff, crowd=crowd
        )
        self._world: World | None = None
        self._mine: set[ContactId] = set()
        self._submit: Submit | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    async def start(self, submit: Submit) -> None:
        """Let the staff sign in and the first customers come."""
        self._submit = submit
        now_ms = self._now_ms()
        self._world = self._build(start_ms=now_ms, prefix=f"sim-{now_ms}")
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._task = group.create_task(self._play(), name="simulated")

    async def resume(self, legs: Sequence[KeptLeg]) -> None:
        """Report every customer of an earlier run as gone: a simulated leg does not outlive its process."""
        if self._mine and self._submit is not None:
            self._submit(e.LegsCompared(ADAPTER, tuple(sorted(self._mine))))

    def execute(self, command: AnyCommand) -> None:
        """Do as ordered, in the world."""
        if self._world is not None and self._is_mine(command):
            self._world.execute(command, self._now_ms())
            self._wake.set()

    def observe(self, record: Record, is_replay: bool) -> None:
        """Let the simulated people see what became true."""
        for fact in record.facts:
            if isinstance(fact, ContactEntered) and fact.adapter == ADAPTER:
                self._mine.add(fact.contact)
            elif isinstance(fact, ContactEnded):
                self._mine.discard(fact.contact)
        if self._world is not None and not is_replay:
            self._world.observe(record.facts, record.at_ms)
            self._wake.set()

    async def stop(self) -> None:
        """Send everybody home."""
        if self._task is not None:
            self._task.cancel()
        await self._stack.aclose()
        self._task = None

    def _is_mine(self, command: AnyCommand) -> bool:
        """Offers go to the simulated staff whoever calls; everything else only concerns our own customers."""
        return isinstance(command, c.PresentOffer) or getattr(command, "contact", None) in self._mine

    async def _play(self) -> None:
        world, submit = self._world, self._submit
        assert world is not None and submit is not None
        while True:
            now_ms = self._now_ms()
            for event in world.due(now_ms):
                try:
                    submit(event)
                except Overloaded:
                    continue  # the door is shut; a simulated customer takes it as a busy tone
            next_ms = world.next_ms()
            self._wake.clear()
            wait_s = 1.0 if next_ms is None else max(0.0, (next_ms - self._now_ms()) / 1000)
            try:
                await asyncio.wait_for(self._wake.wait(), min(wait_s, 1.0))
            except TimeoutError:
                continue
