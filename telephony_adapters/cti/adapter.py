"""The switch adapter: events of many switches in, orders to each out. A room of the house.

An event is answered when it is durable, with what came of it. The same id again gives the same answer and
changes nothing. Events of one call that bear a `sequence` are taken in its order: one that comes early waits
up to `GAP_MS` for those before it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Final

import msgspec

from acd.numbers import Numbers
from acd.ports import Ability, KeptLeg, Record, Submit
from acd.routing.events import AnyEvent, IntakeGaveUp
from acd.routing.model import ContactId, OfferId
from acd.routing.outputs import (
    AnyCommand,
    AssignmentDone,
    Command,
    ContactEnded,
    ContactEntered,
    ContactTurnedAway,
    Late,
    OfferEnded,
    OfferMade,
    Refused,
)
from acd.routing.outputs import commands as c
from telephony_adapters.cti.orders import Orders
from telephony_adapters.cti.settings import CtiSettings
from telephony_adapters.cti.webhooks import Webhook
from telephony_adapters.cti.wire import NAME, CloudEvent, build_order, call_of, contact_of, translate

GAP_S = 1.0
SEEN_MAX = 100_000
CALLS_MAX = 200_000


TURNED_AWAY: Final = {
    "unknown_entry": ("", "a name of entries.yaml, or of its also"),
    "unknown_queue": ("queue", "a queue of queues.yaml, or none"),
    "channel": ("channel", "a channel of the queue"),
    "closed": ("", "an entry whose queue is open"),
    "full": ("", "room in the line: later"),
    "id_used": ("subject", "an id that no call had before"),
    "senseless": ("", "fields within the limits of the guide"),
    "rules_missing": ("", "a configuration in force"),
}
"""What is said of a call that was turned away: what was found (empty: the entry) and what was expected."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of an event: `accepted`, `late` (nothing changed), `refused` (nothing changed, see code)."""

    id: str
    outcome: str
    code: str = ""
    found: str = ""
    expected: str = ""
    is_repeat: bool = False


class TooFast(Exception):
    """The switch sends more events than it may; it should wait a second."""


class CtiAdapter:
    """All switches that push call events, as one adapter of the name `cti`."""

    name = NAME
    cannot: frozenset[str] = frozenset({Ability.INTAKE, Ability.RECORD})
    commands: frozenset[type[Command]] = frozenset(
        {
            c.TurnAway, c.PlayTreatment, c.TellTicket, c.EndContact, c.PresentOffer, c.WithdrawOffer,
            c.ConnectContact, c.DialCustomer, c.HoldContact, c.ReleaseAgent, c.TransferOut, c.StartConsult,
            c.EndConsult, c.SetMonitor, c.StartIntake,
        }
    )  # fmt: skip

    def __init__(self, settings: CtiSettings, now_ms: Callable[[], int], stream: str) -> None:
        """`stream` names this run's streams of orders; never used before."""
        self.switches = {switch.source: switch for switch in settings.switches}
        self.orders = {source: Orders(stream) for source in self.switches}
        self._settings, self._now_ms = settings, now_ms
        self._numbers = Numbers(settings.country)
        self._submit: Submit | None = None
        self._live: dict[str, set[ContactId]] = {source: set() for source in self.switches}
        self._offers: dict[OfferId, str] = {}
        """Every live offer of the house with the switch whose call it is about; "" where it is about no switch's."""
        self._seen: OrderedDict[tuple[str, str], asyncio.Future[Answer]] = OrderedDict()
        self._sequences: OrderedDict[ContactId, _Sequence] = OrderedDict()
        """By call, the one that was heard of last at the end; at the limit the first falls out."""
        self._pace: dict[str, deque[int]] = {source: deque() for source in self.switches}
        self._webhooks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def start(self, submit: Submit) -> None:
        """Begin to post orders to those switches that take them by webhook."""
        self._submit = submit
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        for source, switch in self.switches.items():
            if switch.webhook_url:
                webhook = Webhook(switch, self.orders[source], self._now_ms)
                self._webhooks.append(group.create_task(webhook.run(), name=f"webhook-{source}"))

    async def resume(self, legs: Sequence[KeptLeg]) -> None:
        """Nothing to take up: the legs are the switch's. It reports by `acd.calls.present` when it is back."""

    async def stop(self) -> None:
        """Stop posting; what was not taken is ordered again by the next run."""
        for task in self._webhooks:
            task.cancel()
        self._webhooks.clear()
        await self._stack.aclose()

    def execute(self, command: AnyCommand) -> None:
        """Put an order into the stream of the switch that has the call; silence if it is none of ours."""
        place = call_of(getattr(command, "contact", ContactId("")))
        if place is None or place[0] not in self.orders:
            return
        if isinstance(command, c.StartIntake):
            if self._submit is not None:
                self._submit(IntakeGaveUp(command.contact, "no_bot"))
            return
        source, call = place
        orders = self.orders[source]
        at = datetime.fromtimestamp(self._now_ms() / 1000, UTC).isoformat(timespec="milliseconds")
        orders.add(build_order(command, source, call, orders.next_number(), at))

    def observe(self, record: Record, is_replay: bool) -> None:
        """Know which of our calls are live, to find those that a switch has no more."""
        for fact in record.facts:
            if isinstance(fact, ContactEntered) and fact.adapter == NAME:
                place = call_of(fact.contact)
                if place is not None:
                    self._live.setdefault(place[0], set()).add(fact.contact)
            elif isinstance(fact, OfferMade):
                place = call_of(fact.contact)
                self._offers[fact.offer] = "" if place is None else place[0]
            elif isinstance(fact, OfferEnded | AssignmentDone):
                self._offers.pop(fact.offer, None)
            elif isinstance(fact, ContactEnded | ContactTurnedAway):
                place = call_of(fact.contact)
                if place is not None:
                    self._live.setdefault(place[0], set()).discard(fact.contact)
                    self._sequences.pop(fact.contact, None)

    async def take(self, source: str, event: CloudEvent) -> Answer:
        """Take an event of a signed-in switch; returns when what it made true is durable.

        Raises:
            CtiError: The event is not as it must be; nothing was taken.
            TooFast: The switch is over its rate; nothing was taken.
            Overloaded: The house is full; nothing was taken.
        """
        known = self.take_now(source, event)
        if known is None:
            return await self.take_in_turn(source, event)
        return known if isinstance(known, Answer) else await asyncio.shield(known)

    def take_now(self, source: str, event: CloudEvent) -> Answer | asyncio.Future[Answer] | None:
        """Take an event as `take` does, without waiting for anything: under a surge most events end here, cheaply.

        Returns:
            The answer if it stands already, else the one to come when all is durable; its future is not the caller's
            to cancel. None: the event has to wait for another one; give it to `take_in_turn`.

        Raises:
            As `take`.
        """
        self._keep_pace(source)
        if event.source != source:
            return Answer(event.id, "refused", "foreign_source", event.source, source)
        seen = self._seen.get((source, event.id))
        if seen is not None and seen.done() and not seen.cancelled():
            return msgspec.structs.replace(seen.result(), is_repeat=True)
        if seen is not None or (event.sequence and event.subject):
            return None
        said = self._translate(source, event)
        return said if isinstance(said, Answer) else self._hand_in(source, event.id, said)

    async def take_in_turn(self, source: str, event: CloudEvent) -> Answer:
        """Take an event for which `take_now` returned None; raises as `take` does."""
        seen = self._seen.get((source, event.id))
        if seen is not None:
            # Waits without raising: an asker of the first time that failed leaves a cancelled future behind.
            await asyncio.wait((seen,))
            if not seen.cancelled():
                return msgspec.structs.replace(seen.result(), is_repeat=True)
        return await self._take_new(source, event)

    async def _take_new(self, source: str, event: CloudEvent) -> Answer:
        """Hand an event in when its turn has come. Whoever asks by the same id meanwhile waits for this one."""
        said = self._translate(source, event)
        if isinstance(said, Answer):
            return said
        mine: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._remember(source, event.id, mine)
        try:
            turn = self._turn(event)
            if turn is not None:
                begins = (
                    event.type == "acd.call.arrived"
                    or contact_of(source, event.subject) in self._live[source]
                )
                await turn.wait_for(int(event.sequence), begins=begins)
            self._hand_in(source, event.id, said, mine)
        except BaseException:
            # Not taken: whoever asks again asks afresh, also those who wait for this one's answer.
            self._seen.pop((source, event.id), None)
            mine.cancel()
            raise
        if turn is not None:
            turn.took(int(event.sequence))
        return await asyncio.shield(mine)

    def _translate(self, source: str, event: CloudEvent) -> AnyEvent | Answer:
        """Say an event in our words; an answer where it is refused before anybody looks at it."""
        if self._submit is None:
            return Answer(event.id, "refused", "not_started", "", "a running server")
        known = frozenset(self._live[source]) if event.type == "acd.calls.present" else frozenset()
        said = translate(event, known, self._numbers)
        offer: OfferId | None = getattr(said, "offer", None)
        if offer is not None and self._offers.get(offer, source) != source:
            return Answer(event.id, "refused", "foreign_offer", str(offer), f"an offer of a call of {source}")
        return said

    def _hand_in(
        self, source: str, event_id: str, said: AnyEvent, mine: asyncio.Future[Answer] | None = None
    ) -> asyncio.Future[Answer]:
        """Submit an event. From then on its answer is the journal's: it comes also if the asker goes away."""
        assert self._submit is not None
        pending = self._submit(said)
        if mine is None:
            mine = asyncio.get_running_loop().create_future()
            self._remember(source, event_id, mine)
        pending.add_done_callback(partial(_settle, mine, event_id))
        return mine

    def _remember(self, source: str, event_id: str, answer: asyncio.Future[Answer]) -> None:
        self._seen[(source, event_id)] = answer
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def _turn(self, event: CloudEvent) -> _Sequence | None:
        if not event.sequence or not event.subject:
            return None
        contact = contact_of(event.source, event.subject)
        turn = self._sequences.setdefault(contact, _Sequence())
        self._sequences.move_to_end(contact)
        if len(self._sequences) > CALLS_MAX:
            self._sequences.popitem(last=False)
        return turn

    def _keep_pace(self, source: str) -> None:
        pace, now_ms = self._pace[source], self._now_ms()
        while pace and pace[0] <= now_ms - 1000:
            pace.popleft()
        if len(pace) >= self._settings.events_per_s_max:
            raise TooFast(f"more than {self._settings.events_per_s_max} events a second from {source}")
        pace.append(now_ms)


class _Sequence:
    """The order of one call's events. The first number seen begins it."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._moved = asyncio.Event()

    async def wait_for(self, number: int, *, begins: bool) -> None:
        """Return when it is this number's turn, or after the gap has been waited for long enough.

        Args:
            number: The number of an event in its call.
            begins: Whether it may be the first that is heard; what is said of an unknown call waits for its arrival.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + GAP_S
        while self._is_early(number, begins) and loop.time() < end:
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), end - loop.time())
            except TimeoutError:
                return

    def _is_early(self, number: int, begins: bool) -> bool:
        return not begins if self._last is None else number > self._last + 1

    def took(self, number: int) -> None:
        """Say that this number has been handed in."""
        self._last = number if self._last is None else max(self._last, number)
        self._moved.set()


def _settle(mine: asyncio.Future[Answer], event_id: str, done: asyncio.Future[Record]) -> None:
    """Give the journal's answer to whoever asks; a node that stops cancels it, and leaves none."""
    if done.cancelled():
        mine.cancel()
    elif (error := done.exception()) is not None:
        mine.set_exception(error)
    else:
        mine.set_result(_answer_of(event_id, done.result()))


def _answer_of(event_id: str, record: Record) -> Answer:
    for fact in record.facts:
        if isinstance(fact, Late):
            return Answer(event_id, "late", "late", fact.why)
        if isinstance(fact, Refused):
            return Answer(event_id, "refused", fact.code, fact.found, fact.expected)
        if isinstance(fact, ContactTurnedAway):
            found, expected = TURNED_AWAY.get(fact.code, ("", "a call that can be taken"))
            return Answer(event_id, "refused", fact.code, found or fact.entry, expected)
    return Answer(event_id, "accepted")
