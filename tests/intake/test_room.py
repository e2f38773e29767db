"""The intake room: a voice and a chat in its hands, leaving, crashes, repeated orders."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from acd.intake import IntakeRoom, IntakeSettings
from acd.ports import ChatChoice, CustomerGone, Keys, Prompt, Recorded
from acd.routing.events import IntakeFinished, IntakeGaveUp, IntakeProgressed
from acd.routing.model import Channel, ContactId, Outcome, QueueId
from acd.routing.outputs import ContactEnded, ContactReturned, IntakeEntered, IntakeNoted, StartIntake
from tests.scripted_loop import ScriptedLoop

CALL = ContactId("sip/1 x")
ORDER = StartIntake("", CALL, 1, Channel.VOICE, "en", "13800138000")


class ScriptedVoice:
    """A caller who answers from a list, then says nothing more; `hang_up` ends every wait."""

    def __init__(self, *answers: Keys | Recorded) -> None:
        self.answers = list(answers)
        self.heard: list[str] = []
        self.names: list[str] = []
        self.waits = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.is_gone = False

    def go_on(self) -> None:
        self.may_go_on.set()

    def hang_up(self) -> None:
        self.is_gone = True
        self.go_on()

    async def say(self, prompts: Sequence[Prompt], language: str) -> None:
        raise AssertionError("the bot only asks and records")

    async def ask(
        self, prompts: Sequence[Prompt], language: str, *, digits_max: int = 1, end_key: str = "#",
        first_ms_max: int = 8_000, next_ms_max: int = 4_000,
    ) -> Keys:  # fmt: skip
        answer = await self._answer(prompts)
        assert isinstance(answer, Keys), f"asked {prompts}, answered {answer}"
        return answer

    async def record(
        self, prompts: Sequence[Prompt], language: str, *, name: str, end_keys: str = "#",
        length_ms_max: int = 120_000, silence_ms_max: int = 4_000,
    ) -> Recorded:  # fmt: skip
        self.names.append(name)
        answer = await self._answer(prompts)
        assert isinstance(answer, Recorded), f"asked {prompts}, answered {answer}"
        return answer

    async def _answer(self, prompts: Sequence[Prompt]) -> Keys | Recorded:
        self.heard += [prompt.name + prompt.digits for prompt in prompts]
        if not self.answers:
            self.waits.set()
            await self.may_go_on.wait()
        if self.is_gone:
            raise CustomerGone
        return self.answers.pop(0)


@asynccontextmanager
async def running(
    settings: IntakeSettings = IntakeSettings(),
) -> AsyncIterator[tuple[IntakeRoom, ScriptedLoop]]:
    loop, room = ScriptedLoop(), IntakeRoom(settings)
    loop.rooms = [room]
    await room.start(loop.submit)
    try:
        yield room, loop
    finally:
        await room.stop()


async def test_a_call_is_taken_down_by_prompts_recording_and_keys() -> None:
    voice = ScriptedVoice(Recorded("x.wav", 5_000, "#"), Keys("3", True), Keys("2", True), Keys("01012345678", True),
                          Keys("1", True))  # fmt: skip
    async with running() as (room, loop):
        loop.tell(IntakeEntered(CALL, "busy", True))
        room.begin_voice(ORDER, voice)
        room.begin_voice(ORDER, voice)
        assert (await loop.event(IntakeFinished)).return_call
        progress = [event for event in loop.events if isinstance(event, IntakeProgressed)]
    assert progress == [
        IntakeProgressed(CALL, recording="x.wav"),
        IntakeProgressed(CALL, "billing", recording="x.wav"),
        IntakeProgressed(CALL, "billing", recording="x.wav", number="01012345678"),
    ]
    assert voice.heard == [
        "intake_matter", "intake_category", "intake_number13800138000", "intake_number_enter",
        "intake_number01012345678",
    ]  # fmt: skip
    assert voice.names == ["sip_1_x-1-0"]


async def test_a_repeated_order_is_done_already() -> None:
    first, second = ScriptedVoice(), ScriptedVoice()
    async with running() as (room, loop):
        room.begin_voice(ORDER, first)
        await first.waits.wait()
        room.begin_voice(ORDER, second)
        first.answers = [Recorded("x.wav"), Keys("0", True)]
        first.go_on()
        assert (await loop.event(IntakeGaveUp)).reason == "asked_for_person"
    assert second.heard == []


async def test_silence_three_times_and_the_key_0_lead_back_to_the_line() -> None:
    async with running() as (room, loop):
        silent = ScriptedVoice(Recorded(""), Recorded(""), Recorded("", failure="disk_full"))
        room.begin_voice(ORDER, silent)
        assert (await loop.event(IntakeGaveUp)).reason == "not_understood"
        assert silent.heard == ["intake_matter", "intake_again", "intake_again"]
        zero = ScriptedVoice(Recorded("", key="0"))
        room.begin_voice(StartIntake("", CALL, 2, Channel.VOICE, "en"), zero)
        assert (await loop.event(IntakeGaveUp, 2)).reason == "asked_for_person"


async def test_who_hangs_up_leaves_what_was_said_and_nothing_else_happens() -> None:
    voice = ScriptedVoice(Recorded("x.wav"))
    async with running() as (room, loop):
        room.begin_voice(ORDER, voice)
        await voice.waits.wait()
        voice.hang_up()
        await asyncio.sleep(0)
    assert loop.events == [IntakeProgressed(CALL, recording="x.wav")]


async def test_after_a_crash_the_dialogue_goes_on_where_it_was_cut_off() -> None:
    voice = ScriptedVoice(Keys("1", True), Keys("1", True))
    room, loop = IntakeRoom(), ScriptedLoop()
    loop.rooms = [room]
    loop.tell(IntakeEntered(CALL, "busy", True), is_replay=True)
    loop.tell(IntakeNoted(CALL, recording="x.wav"), is_replay=True)
    await room.start(loop.submit)
    room.begin_voice(ORDER, voice)
    assert await loop.event(IntakeFinished)
    assert voice.heard == ["intake_category", "intake_number13800138000"]
    await room.stop()


async def test_a_contact_that_is_taken_from_the_bot_is_let_go_at_once() -> None:
    async with running() as (room, loop):
        for place, fact in enumerate(
            (ContactReturned(CALL, "moved"), ContactEnded(CALL, Outcome.ABANDONED, "x", QueueId("q")))
        ):
            voice = ScriptedVoice()
            room.begin_voice(StartIntake("", CALL, place, Channel.VOICE, "en"), voice)
            await voice.waits.wait()
            loop.tell(fact)
            voice.answers = [Recorded("x.wav")]
            voice.hang_up()
        await asyncio.sleep(0)
        assert loop.events == []


class SilentChat:
    """A customer who never writes."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str, choices: Sequence[ChatChoice] = ()) -> None:
        self.said.append(text)

    async def hear(self) -> str:
        return await asyncio.get_running_loop().create_future()


async def test_a_silent_chat_is_asked_again_and_led_back_to_the_line() -> None:
    chat = SilentChat()
    async with running(IntakeSettings(chat_silence_s=0.01)) as (room, loop):
        room.begin_text(StartIntake("", CALL, 1, Channel.CHAT, "zh"), chat)
        assert (await loop.event(IntakeGaveUp)).reason == "not_understood"
    assert len(chat.said) == 4 and "排队位置" in chat.said[-1]
