"""The SIP adapter: telephones' words to our events, our orders to telephones' words.

It decides nothing about contacts. Each happening of `Signalling` goes to the part that knows it (`doors`,
`treating`, `offering`, `joining`, `outside`); each order likewise. Nothing final is said to a caller before the
engine's order, which is durable by then; only `100 Trying` goes out at once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from acd.ports import Ability, ConfigError, IntakeBot, KeptLeg, Record, Submit
from acd.routing.events import AnyEvent, ParticipantLeft
from acd.routing.model import MonitorMode
from acd.routing.outputs import (
    AnyCommand,
    Command,
    ConnectContact,
    DialCustomer,
    EndConsult,
    EndContact,
    HoldContact,
    NodeTookOver,
    OfferMade,
    OfferTaken,
    PlayTreatment,
    PresentOffer,
    ReleaseAgent,
    RulesInForce,
    SetMonitor,
    StartConsult,
    StartIntake,
    TellTicket,
    TransferOut,
    TurnAway,
    WithdrawOffer,
)
from telephony_adapters.sip.connection import UdpConnection, explain, open_udp
from telephony_adapters.sip.dialogs import Identity
from telephony_adapters.sip.digest import Digest
from telephony_adapters.sip.doors import Doors
from telephony_adapters.sip.joining import Joining
from telephony_adapters.sip.limits import SourceLimits
from telephony_adapters.sip.media import MediaRoom
from telephony_adapters.sip.offering import Offering
from telephony_adapters.sip.outside import OutsideCalls
from telephony_adapters.sip.phones import Phones
from telephony_adapters.sip.reception import Reception
from telephony_adapters.sip.resuming import Resuming
from telephony_adapters.sip.settings import SipSettings
from telephony_adapters.sip.signalling import Signalling
from telephony_adapters.sip.switchboard import Switchboard
from telephony_adapters.sip.transactions import Peer
from telephony_adapters.sip.treating import Treatments

log = logging.getLogger(__name__)
KEYS_MAX: Final = 200_000
NAME: Final = "sip"


class SipAdapter:
    """A room that holds customers' legs: `acd.ports.Adapter`."""

    name = NAME
    commands: frozenset[type[Command]] = frozenset(
        {
            TurnAway, PlayTreatment, StartIntake, TellTicket, EndContact, PresentOffer, WithdrawOffer, ConnectContact,
            DialCustomer, HoldContact, ReleaseAgent, TransferOut, StartConsult, EndConsult, SetMonitor,
        }
    )  # fmt: skip
    cannot = frozenset(
        {
            Ability.MONITOR, Ability.WHISPER, Ability.BARGE, Ability.TAKE_OVER, Ability.CONFERENCE,
            Ability.RECORD,
        }
    )  # fmt: skip

    def __init__(self, settings: SipSettings, media: MediaRoom, bot: IntakeBot | None = None) -> None:
        self.settings = settings
        self.address: Peer = (settings.host, settings.port)
        """Where telephones reach us, once started."""
        self.limits = SourceLimits(settings.rates)
        self._media = media
        self._bot = bot
        self._done: OrderedDict[str, None] = OrderedDict()
        self._queue_of: dict[str, str] = {}
        self._connection: UdpConnection | None = None
        self._refresher: asyncio.TimerHandle | None = None
        self._is_stopping = False

    # --- acd.ports.Room -----------------------------------------------------------------------------------

    async def start(self, submit: Submit) -> None:
        """Open the socket."""
        settings = self.settings
        try:
            self._connection, self.address = await open_udp(
                settings.host, settings.port, self._heard, self.limits
            )
        except OSError as error:
            raise ConfigError("sip.udp_port", *explain(error, settings.host, settings.port)) from error
        identity = Identity(settings.public_host or self.address[0], self.address[1], _token)
        signalling = Signalling(identity, _random_ms)
        self.board = board = Switchboard(
            self.name, settings, signalling, self._media, submit, self._connection.send
        )
        board.expire = self._expire
        digest = Digest(settings.realm, secrets.token_bytes(32), _token, settings.algorithms)
        self.doors = Doors(settings, self.limits, board.registrar, digest, identity.sent_by)
        self.treatments = Treatments(board, self._bot)
        self.offering = Offering(board)
        self.joining = Joining(board)
        self.outside = OutsideCalls(board, self.offering, self.joining)
        self.phones = Phones(board, self.offering, self.doors)
        self.reception = Reception(self)
        self.phones.start()
        self._refresh_later()

    def execute(self, command: AnyCommand) -> None:
        """Carry out an order; one whose key was done is passed over."""
        key = command.key
        if key in self._done:
            return
        self._done[key] = None
        if len(self._done) > KEYS_MAX:
            self._done.popitem(last=False)
        self.carry_out(command)
        self.board.flush()

    def observe(self, record: Record, is_replay: bool) -> None:
        """Learn which entry leads to which queue, and which offers were taken."""
        for fact in record.facts:
            if isinstance(fact, RulesInForce):
                self._queue_of = {str(entry.entry): str(entry.queue) for entry in fact.rules.entries}
            elif is_replay or self._connection is None:
                continue  # the record that a node took over comes before the rooms are opened
            elif isinstance(fact, OfferTaken):
                side = self.board.sides.get(fact.offer)
                if side is not None:
                    side.is_taken = True
            elif isinstance(fact, OfferMade):
                call = self.board.calls.get(fact.contact)
                if call is not None and call.outside is not None:
                    self.outside.adopt(fact.offer, call, fact.agent)
            elif isinstance(fact, NodeTookOver):
                self.phones.report_all()

    async def stop(self) -> None:
        """Refuse new calls; calls in talk go on without us, and their ends are understood after the restart."""
        self._is_stopping = True
        if self._refresher is not None:
            self._refresher.cancel()
        if self._connection is None:
            return
        await self.phones.stop()
        for call in list(self.board.calls.values()):
            self.board.close_sound(call)
        self.board.stop()
        self._connection.close()
        # What customers were saying to the bot is on the disk before the process ends.
        await self._media.close()

    async def resume(self, legs: Sequence[KeptLeg]) -> None:
        """Take legs of an earlier process up again."""
        Resuming(self.board, self.joining).resume(legs)
        self.board.flush()

    # --- for the parts ------------------------------------------------------------------------------------

    @property
    def is_stopping(self) -> bool:
        """Whether no new call may come in."""
        return self._is_stopping

    def queue_of(self, entry: str) -> str | None:
        """Return the queue that a number of ours leads to."""
        return self._queue_of.get(entry)

    def tell(self, event: AnyEvent) -> None:
        """Hand an event to the engine."""
        self.board.tell(event)

    def carry_out(self, command: AnyCommand) -> None:
        """Carry out an order, once."""
        if isinstance(command, PresentOffer):
            self.offering.present(command)
        elif isinstance(command, WithdrawOffer | ReleaseAgent):
            side = self.board.sides.get(command.offer)
            if side is not None:
                self.offering.withdraw(side)
        elif isinstance(command, DialCustomer):
            self.outside.dial(command)
        elif isinstance(command, SetMonitor | StartConsult | EndConsult | HoldContact):
            self._in_a_talk(command)
        else:
            self._about_a_customer(command)

    def _in_a_talk(self, command: SetMonitor | StartConsult | EndConsult | HoldContact) -> None:
        call = self.board.calls.get(command.contact)
        if call is None:
            return
        if isinstance(command, SetMonitor):
            # Nobody can listen here, as `cannot` says: a desk that asks all the same is not to believe it.
            if command.mode not in (None, MonitorMode.TAKE_OVER):
                self.tell(ParticipantLeft(command.offer, command.by))
        elif isinstance(command, StartConsult):
            self.outside.consult(call, command)
        elif isinstance(command, EndConsult):
            self.outside.end_consult(call, command)
        else:
            self.joining.hold(call, command)

    def _about_a_customer(self, command: AnyCommand) -> None:
        if not isinstance(
            command,
            TurnAway | PlayTreatment | StartIntake | TellTicket | EndContact | ConnectContact | TransferOut,
        ):
            return
        call = self.board.calls.get(command.contact)
        if call is None:
            if command.adapter == self.name:
                self.reception.unknown(command)
            return
        if isinstance(command, TurnAway):
            self.treatments.turn_away(call, command)
        elif isinstance(command, PlayTreatment):
            self.treatments.play(call, command)
        elif isinstance(command, StartIntake):
            self.treatments.intake(call, command)
        elif isinstance(command, TellTicket):
            self.treatments.tell_ticket(call, command)
        elif isinstance(command, EndContact):
            self.treatments.end(call, command.why)
        elif isinstance(command, ConnectContact):
            self.joining.connect(call, command)
        else:
            self.outside.transfer(call, command)

    # --- from the wire ------------------------------------------------------------------------------------

    def _heard(self, data: bytes, peer: Peer) -> None:
        board = self.board
        for happening in board.signalling.receive(data, peer, board.now_ms()):
            self.reception.take(happening)
        board.flush()

    def _expire(self) -> None:
        board = self.board
        for happening in board.signalling.expire(board.now_ms()):
            self.reception.take(happening)

    def _refresh_later(self) -> None:
        def refresh() -> None:
            self.reception.refresh()
            self._refresh_later()

        self._refresher = self.board.after(self.settings.refresh_ms, refresh)


def _token() -> str:
    return secrets.token_hex(16)


def _random_ms(least: int, most: int) -> int:
    return least + secrets.randbelow(most - least + 1)
