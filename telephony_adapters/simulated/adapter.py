"""The simulated telephony adapter: the world of `acd.simulation`, paced by the real clock.

It holds no socket and no leg that could be lost; after a crash its customers are gone, which it reports at
once, as an honest switch would. Real people may sign in beside the simulated staff and are offered the same
contacts: the adapter plays the customer for them too.

Between the switch and the house runs a line that can be cut, by hand or by the seed. Meanwhile both go on by
themselves; orders are kept (up to `ORDERS_MAX`, then the oldest is lost and counted), what happened is said when the
line is back, and then the switch tells which calls are gone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from functools import partial

import msgspec

from acd.ports import Ability, KeptLeg, Overloaded, Record, Submit
from acd.routing import events as e
from acd.routing.events import AnyEvent
from acd.routing.model import AgentId, ContactId, EntryId, MonitorMode, Rules
from acd.routing.outputs import AnyCommand, Command, ContactEnded, ContactEntered
from acd.routing.outputs import commands as c
from acd.simulation.population import AgentProfile, Chance, CustomerProfile
from acd.simulation.world import ADAPTER, NO_FAULTS, Faults, World
from telephony_adapters.simulated.calls import Calls

ORDERS_MAX = 10_000


class LineFaults(msgspec.Struct, frozen=True):
    """How often the line between switch and house is cut, and for how long; means in ms, drawn from the seed."""

    every_ms: int = 0
    """0: never."""
    lasts_ms: int = 3_000


class SimulatedAdapter:
    """A room of the house that plays customers, staff and their telephones from a seed."""

    name = ADAPTER
    cannot: frozenset[str] = frozenset(
        {Ability.MONITOR, Ability.WHISPER, Ability.BARGE, Ability.TAKE_OVER, Ability.RECORD}
    )
    commands: frozenset[type[Command]] = frozenset(
        {
            c.TurnAway, c.EndContact, c.PlayTreatment, c.StartIntake, c.TellTicket, c.PresentOffer,
            c.WithdrawOffer, c.ConnectContact, c.DialCustomer, c.HoldContact, c.ReleaseAgent, c.TransferOut,
            c.StartConsult, c.EndConsult, c.SetMonitor,
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
        line: LineFaults = LineFaults(),
    ) -> None:
        self.calls = Calls()
        """The switch's own book, for auditors."""
        self.orders_lost = 0
        self.cuts = 0
        self._now_ms = now_ms
        self._build = partial(
            World, rules, seed, customers=customers, agents=agents, faults=faults, staff=staff, crowd=crowd
        )
        self._line, self._chance = line, Chance(f"{seed}/line")
        self._is_cut = False
        self._turns_ms: int | None = None
        """When the seed cuts or mends the line next."""
        self._kept: deque[AnyCommand] = deque()
        self._said: deque[AnyEvent] = deque(maxlen=ORDERS_MAX)
        self._world: World | None = None
        self._mine: set[ContactId] = set()
        self._ended: OrderedDict[ContactId, None] = OrderedDict()
        self._submit: Submit | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    async def start(self, submit: Submit) -> None:
        """Let the staff sign in and the first customers come."""
        self._submit = submit
        now_ms = self._now_ms()
        self._world = self._build(start_ms=now_ms, prefix=f"sim-{now_ms}")
        if self._line.every_ms:
            self._turns_ms = now_ms + self._chance.around(self._line.every_ms)
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._task = group.create_task(self._play(), name="simulated")

    async def resume(self, legs: Sequence[KeptLeg]) -> None:
        """Report every customer of an earlier run as gone: a simulated leg does not outlive its process."""
        if self._mine and self._submit is not None:
            self._submit(e.LegsCompared(ADAPTER, tuple(sorted(self._mine))))

    def execute(self, command: AnyCommand) -> None:
        """Do as ordered, in the world; while the line is cut it waits."""
        if self._world is None or not self._is_mine(command):
            return
        if self._is_cut:
            self._kept.append(command)
            if len(self._kept) > ORDERS_MAX:
                self._kept.popleft()
                self.orders_lost += 1
            return
        self._obey(command)

    def observe(self, record: Record, is_replay: bool) -> None:
        """Let the simulated people see what became true."""
        for fact in record.facts:
            if isinstance(fact, ContactEntered) and fact.adapter == ADAPTER:
                self._mine.add(fact.contact)
            elif isinstance(fact, ContactEnded) and fact.contact in self._mine:
                # Its last orders (stop ringing, end the leg) are of this record and still to come.
                self._mine.discard(fact.contact)
                self._ended[fact.contact] = None
                if len(self._ended) > ORDERS_MAX:
                    self.calls.forget(self._ended.popitem(last=False)[0])
        if self._world is not None and not is_replay:
            self._world.observe(record.facts, record.at_ms)
            self._wake.set()

    async def stop(self) -> None:
        """Send everybody home."""
        if self._task is not None:
            self._task.cancel()
        await self._stack.aclose()
        self._task = None

    # --- by hand: beside what the seed does -----------------------------------------------------------

    def customer_calls(self, entry: EntryId | None = None) -> ContactId:
        """Let one more customer call; who goes only when told to."""
        contact = self._played.call(self._now_ms(), entry)
        self._wake.set()
        return contact

    def customer_leaves(self, contact: ContactId) -> None:
        """Let a customer hang up."""
        self._played.hang_up(contact, self._now_ms())
        self._wake.set()

    def switch_says(self, *events: AnyEvent) -> None:
        """Let something happen at the switch: an agent picks up, declines, rings off."""
        self._played.say(self._now_ms(), *events)
        self._wake.set()

    def cut_line(self) -> None:
        """Lose the link between switch and house."""
        self._is_cut = True
        self.cuts += 1

    def mend_line(self) -> None:
        """Let the link be back: kept orders arrive, what happened is said, and the calls that are gone are told."""
        self._is_cut = False
        while self._kept:
            self._obey(self._kept.popleft())
        assert self._submit is not None, "mended after start"
        while self._said:
            self._tell(self._said.popleft())
        self._tell(e.LegsCompared(ADAPTER, self._played.gone()))
        self._wake.set()

    # --- inside ---------------------------------------------------------------------------------------

    @property
    def _played(self) -> World:
        assert self._world is not None, "not started"
        return self._world

    def _is_mine(self, command: AnyCommand) -> bool:
        """Offers go to the simulated staff whoever calls; everything else only concerns our own customers."""
        contact = getattr(command, "contact", None)
        return isinstance(command, c.PresentOffer) or contact in self._mine or contact in self._ended

    def _obey(self, command: AnyCommand) -> None:
        if isinstance(command, c.SetMonitor):
            if command.mode not in (None, MonitorMode.TAKE_OVER):
                self._tell(e.ParticipantLeft(command.offer, command.by))
            return
        self.calls.ordered(command)
        self._played.execute(command, self._now_ms())
        self._wake.set()

    def _tell(self, event: AnyEvent) -> None:
        assert self._submit is not None, "told after start"
        self.calls.heard(event)
        try:
            self._submit(event)
        except Overloaded:
            if isinstance(event, e.ContactArrived):
                self.calls.forget(event.contact)  # the door is shut; the customer takes it as a busy tone

    async def _play(self) -> None:
        while True:
            now_ms = self._now_ms()
            self._turn_line(now_ms)
            for event in self._played.due(now_ms):
                if self._is_cut:
                    self._said.append(
                        event
                    )  # the oldest falls out at the limit; the comparison makes it good
                else:
                    self._tell(event)
            next_ms = self._played.next_ms()
            self._wake.clear()
            wait_s = 1.0 if next_ms is None else max(0.0, (next_ms - self._now_ms()) / 1000)
            # Not `wait_for`: in Python 3.11 it loses a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(wait_s, 1.0)):
                    await self._wake.wait()

    def _turn_line(self, now_ms: int) -> None:
        """Cut or mend the line when the seed says so."""
        if self._turns_ms is None or now_ms < self._turns_ms:
            return
        if self._is_cut:
            self.mend_line()
            self._turns_ms = now_ms + self._chance.around(self._line.every_ms)
        else:
            self.cut_line()
            self._turns_ms = now_ms + self._chance.around(self._line.lasts_ms)
