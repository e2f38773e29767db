"""What commands mean for chats: one handler for each kind of order. A repeated order changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from acd.ports import ChatChoice, CustomerGone, IntakeBot, Speaker
from acd.routing.events import (
    AnyEvent,
    ConnectFailed,
    ConsultEnded,
    ContactConnected,
    CustomerLeft,
    DialFailed,
    IntakeGaveUp,
    ParticipantLeft,
)
from acd.routing.model import MonitorMode
from acd.routing.outputs import (
    AnyCommand,
    Command,
    ConnectContact,
    DialCustomer,
    EndContact,
    PlayTreatment,
    SetMonitor,
    StartConsult,
    StartIntake,
    TellTicket,
    TransferOut,
    TurnAway,
)
from telephony_adapters.web.bot_chat import BotChat
from telephony_adapters.web.chat import BOT, Chat
from telephony_adapters.web.chats import Chats
from telephony_adapters.web.wire import Asked
from telephony_adapters.web.wording import message_text, question_text, ticket_text


class Orders:
    """Carries out what the engine orders of this adapter."""

    def __init__(
        self, chats: Chats, adapter: str, bot: IntakeBot | None, submit: Callable[[AnyEvent], None]
    ) -> None:
        self._chats = chats
        self._adapter = adapter
        self._bot = bot
        self._submit = submit
        self._of_chats: dict[type[Any], Callable[[Chat, Any], None]] = {
            TurnAway: self._turn_away,
            PlayTreatment: self._treat,
            StartIntake: self._start_intake,
            TellTicket: self._tell_ticket,
            EndContact: self._end,
        }
        self._of_offers: dict[type[Any], Callable[[Any], None]] = {
            ConnectContact: self._connect,
            DialCustomer: lambda order: self._submit(DialFailed(order.offer, "forbidden")),
            TransferOut: lambda order: self._submit(ConnectFailed(order.offer, "cannot")),
            StartConsult: lambda order: self._submit(ConsultEnded(order.offer, "cannot")),
            SetMonitor: self._refuse_monitor,
        }

    @property
    def commands(self) -> frozenset[type[Command]]:
        """What is carried out here."""
        return frozenset(self._of_chats) | frozenset(self._of_offers)

    def execute(self, command: AnyCommand) -> None:
        """Carry out an order, if it is about a chat of ours or names us."""
        of_offer = self._of_offers.get(type(command))
        if of_offer is not None:
            if command.adapter == self._adapter:
                of_offer(command)
            return
        handler = self._of_chats.get(type(command))
        chat = None if handler is None else self._chats.live(command.contact)
        if handler is not None and chat is not None:
            handler(chat, command)

    def _turn_away(self, chat: Chat, order: TurnAway) -> None:
        self._chats.finish(chat, f"refused:{order.code}")

    def _treat(self, chat: Chat, order: PlayTreatment) -> None:
        if order.kind == "overflow_offer":
            text, choices = question_text(order.action, chat.language)
            action = order.action.value if order.action is not None else ""
            self._chats.tell(chat, chat.ask(Asked(order.turn, action, text, choices)))
        elif order.kind == "message":
            text = message_text(order.prompt, chat.language)
            self._chats.add_line(chat, Speaker.HOUSE, text, key=order.key)
            self._chats.finish(chat, "message")
            self._submit(CustomerLeft(order.contact, "told"))
        else:
            self._chats.tell(chat, chat.stand_at(order.position, order.estimate_ms))

    def _start_intake(self, chat: Chat, order: StartIntake) -> None:
        if self._bot is None:
            self._submit(IntakeGaveUp(order.contact, "no_bot"))
            return
        if chat.intake_key == order.key:
            return
        chat.intake_key = order.key

        def write(text: str, choices: Sequence[ChatChoice]) -> None:
            if chat.is_full or self._chats.add_line(chat, Speaker.BOT, text, choices=choices) is None:
                raise CustomerGone

        self._chats.tell(chat, chat.turn_to(BOT))
        bot_chat = BotChat(write)
        self._chats.hand_to_bot(chat, bot_chat)
        self._bot.begin_text(order, bot_chat)

    def _tell_ticket(self, chat: Chat, order: TellTicket) -> None:
        chat.ticket = order.ticket
        self._chats.add_line(chat, Speaker.HOUSE, ticket_text(order.ticket, chat.language), key=order.key)
        self._chats.finish(chat, "ticket")
        self._submit(CustomerLeft(order.contact, "told"))

    def _end(self, chat: Chat, order: EndContact) -> None:
        why = "supervisor" if order.why == "closed" else order.why
        self._chats.finish(chat, chat.why or why)

    def _refuse_monitor(self, order: SetMonitor) -> None:
        # Taking over needs nothing of us: the page follows the facts.
        if order.mode not in (None, MonitorMode.TAKE_OVER):
            self._submit(ParticipantLeft(order.offer, order.by))

    def _connect(self, order: ConnectContact) -> None:
        if self._chats.live(order.contact) is None:
            self._submit(ConnectFailed(order.offer, "gone"))
        else:
            self._submit(ContactConnected(order.offer))
