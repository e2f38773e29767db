"""What a waiting customer hears: 182 with the place in the line, music, announcements, questions, the bot.

Early media where that is enough, an answered call where keys must be heard (trunks often pass none before the
answer). The sound begins a moment after the order, so that a call which is answered at once needs none of it.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from acd.ports import IntakeBot, Prompt
from acd.routing.events import CustomerChose, CustomerLeft, IntakeGaveUp
from acd.routing.model import OverflowAction
from acd.routing.outputs import PlayTreatment, StartIntake, TellTicket, TurnAway
from telephony_adapters.sip.calls import Call
from telephony_adapters.sip.legs import Leg, LegState
from telephony_adapters.sip.media import (
    Collected,
    CollectRules,
    LegVoice,
    MediaRefused,
    PlayEnd,
    message_script,
    position_script,
    queued_script,
)
from telephony_adapters.sip.switchboard import Switchboard

_TURN_AWAY: Final = {
    "unknown_entry": 404,
    "unknown_queue": 404,
    "closed": 480,
    "full": 503,
    "rules_missing": 503,
    "channel": 403,
    "id_used": 500,
    "senseless": 400,
}
_RETRY_AFTER: Final = (("Retry-After", "30"),)
_ANSWER: Final = CollectRules(digits_max=1, allowed="12", end_digits="", first_ms_max=15_000)
_ACCEPT_KEY: Final = "1"
WISHES: Final = {"8": "intake", "9": "return_call"}
"""Keys that work at any time in the line, if a rule of the queue allows the wish."""


class Treatments:
    """Carries out the orders about a customer who is not talking with anybody."""

    def __init__(self, board: Switchboard, bot: IntakeBot | None) -> None:
        self._board = board
        self._bot = bot

    def turn_away(self, call: Call, order: TurnAway) -> None:
        """Refuse at the door."""
        status = _TURN_AWAY.get(order.code, 480)
        if call.caller is not None and call.caller.state is LegState.CALLING:
            headers = _RETRY_AFTER if status == 503 else ()
            self._board.signalling.refuse(call.caller, status, self._board.now_ms(), headers)
        elif call.caller is not None:
            self._board.hang_up(call.caller)
        self.drop(call)

    def play(self, call: Call, order: PlayTreatment) -> None:
        """Let the customer hear this from now on."""
        is_first = call.treatment is None
        call.treatment = order
        call.language = order.language
        call.in_intake = False
        if call.caller is None or call.caller.is_ended:
            return
        self.say_queued(call)
        if call.media is not None:
            self._speak(call)
        elif is_first and order.kind == "queued" and call.caller.state is LegState.CALLING:
            delay_ms = self._board.settings.treatment_delay_ms
            call.sound_timer = self._board.after(delay_ms, partial(self._begin_and_speak, call))
        else:
            self._begin_and_speak(call)

    def say_queued(self, call: Call) -> None:
        """Send 182 with what is known of place and wait, while the call is not answered."""
        order, caller = call.treatment, call.caller
        if order is None or caller is None or caller.state is not LegState.CALLING:
            return
        reason = "Queued"
        if order.position > 0:
            reason += f", position {order.position}"
        if order.estimate_ms is not None:
            reason += f", estimated wait {-(-order.estimate_ms // 1000)} s"
        self._board.signalling.ring(caller, 182, self._board.now_ms(), reason)

    def intake(self, call: Call, order: StartIntake) -> None:
        """Hand the customer to the bot."""
        if self._bot is None or call.caller is None:
            self._board.tell(IntakeGaveUp(order.contact, "no_bot"))
            return
        if not self.begin_sound(call, answered=True):
            self._board.tell(IntakeGaveUp(order.contact, "no_sound"))
            return
        assert call.media is not None, "the sound has begun"
        call.in_intake = True
        call.media.stop()
        call.media.stop_collecting()
        call.media.music(False)
        self._bot.begin_voice(order, LegVoice(call.media, self._board.settings.recordings))

    def tell_ticket(self, call: Call, order: TellTicket) -> None:
        """Say the ticket's number and goodbye, then end the call."""
        digits = "".join(char for char in order.ticket if char.isdigit())
        self._say_and_end(call, [Prompt("intake_ticket", digits=digits), Prompt("goodbye")], order.language)

    def end(self, call: Call, why: str) -> None:
        """End the customer's leg; who has booked a return call hears so first."""
        if why == "return_call" and call.media is not None:
            self._say_and_end(call, [Prompt("return_call_booked"), Prompt("goodbye")], call.language)
            return
        if call.caller is not None:
            self._board.hang_up(call.caller)
        self.drop(call)

    def hear_digit(self, call: Call, digit: str) -> None:
        """A key outside all questions: a wish, if it is one."""
        wish = WISHES.get(digit)
        if wish is not None and not call.in_intake and call.side is None:
            self._board.tell(CustomerChose(call.contact, wish))

    def drop(self, call: Call) -> None:
        """Forget a call whose customer's leg is over."""
        self._board.close_sound(call)
        self._board.calls.pop(call.contact, None)

    def begin_sound(self, call: Call, *, answered: bool) -> bool:
        """Open a media leg for the customer if there is none; with `answered` the call is answered too.

        Returns whether there is sound: a caller without G.711 waits in silence, with 182 alone.
        """
        caller = call.caller
        if caller is None or caller.is_ended:
            return False
        if call.sound_timer is not None:
            call.sound_timer.cancel()
            call.sound_timer = None
        try:
            if call.media is None:
                self._open(call, caller)
        except MediaRefused:
            return False
        assert call.media is not None, "just opened"
        if caller.state is LegState.CALLING and (answered or self._board.settings.answer_at_once):
            self._answer(call)
        return True

    def _open(self, call: Call, caller: Leg) -> None:
        board = self._board
        if caller.state is not LegState.CALLING:
            media = call.media = board.media.open(call.contact, None)
            board.offer(caller, media.local_sdp, partial(self._joined, call))
        elif call.is_resumed_early:
            # The early session of the process before us cannot go on: answered as it was, then moved.
            board.signalling.answer(caller, caller.local_sdp, board.now_ms())
            call.is_resumed_early = False
            media = call.media = board.media.open(call.contact, None)
            board.offer(caller, media.local_sdp, partial(self._joined, call))
        elif not caller.remote_sdp:
            media = call.media = board.media.open(call.contact, None)
            board.signalling.answer(caller, media.local_sdp, board.now_ms())
        else:
            media = call.media = board.media.open(call.contact, caller.remote_sdp)
            if not board.settings.answer_at_once:
                board.signalling.ring(caller, 183, board.now_ms(), body=media.local_sdp)
                call.early_timer = board.after(board.settings.early_ms_max, partial(self._answer, call))
                board.store(call.contact, caller, role="caller")
        media.on_digit = partial(self.hear_digit, call)

    def _joined(self, call: Call, status: int) -> None:
        caller = call.caller
        if call.media is None or caller is None:
            return
        if status:
            call.media.close()
            call.media = None
            return
        try:
            call.media.accept(caller.remote_sdp)
        except MediaRefused:
            call.media.close()
            call.media = None

    def _answer(self, call: Call) -> None:
        caller = call.caller
        if call.media is not None and caller is not None and caller.state is LegState.CALLING:
            self._board.signalling.answer(caller, call.media.local_sdp, self._board.now_ms())

    def _begin_and_speak(self, call: Call) -> None:
        call.sound_timer = None
        order = call.treatment
        if order is None or call.side is not None:
            return
        if self.begin_sound(call, answered=order.kind in ("overflow_offer", "message")):
            self._speak(call)
        elif order.kind == "message":
            self._end_left(call)

    def _speak(self, call: Call) -> None:
        order, media = call.treatment, call.media
        assert order is not None and media is not None, "there is something to say and a way to"
        media.stop_collecting()
        if order.kind == "message":
            self._say_and_end(call, message_script(order.prompt), order.language)
            return
        media.music(True)
        if order.kind == "queued":
            media.play(queued_script(order.position, order.estimate_ms), language=order.language)
        elif order.kind == "position":
            media.play(position_script(order.position, order.estimate_ms), language=order.language)
        elif order.kind == "overflow_offer":
            self._ask(call, order)
        elif order.kind == "back_in_line":
            media.play([Prompt("keep_waiting")], language=order.language)

    def _ask(self, call: Call, order: PlayTreatment) -> None:
        assert call.media is not None, "checked before"
        self.begin_sound(call, answered=True)
        prompt = "return_call_offer" if order.action is OverflowAction.RETURN_CALL else "overflow_offer"
        call.media.play([Prompt(prompt)], language=order.language)
        call.media.collect(_ANSWER, partial(self._chosen, call, order.turn))

    def _chosen(self, call: Call, turn: int, collected: Collected) -> None:
        if collected.digits and call.treatment is not None and call.treatment.turn == turn:
            choice = "accept" if collected.digits == _ACCEPT_KEY else "decline"
            self._board.tell(CustomerChose(call.contact, choice))

    def _say_and_end(self, call: Call, script: list[Prompt], language: str) -> None:
        if not self.begin_sound(call, answered=True):
            self._end_left(call)
            return
        assert call.media is not None, "the sound has begun"
        call.media.stop_collecting()
        call.media.music(False)
        call.media.play(script, language=language, interruptible=False, on_end=partial(self._said, call))

    def _said(self, call: Call, end: PlayEnd) -> None:
        if end is not PlayEnd.STOPPED:
            self._end_left(call)
        self._board.flush()

    def _end_left(self, call: Call) -> None:
        """End a call that had its last word, and say so: nobody else ends it."""
        if call.caller is not None:
            self._board.hang_up(call.caller)
        self.drop(call)
        self._board.tell(CustomerLeft(call.contact, "said_goodbye"))
