"""A leg in the hands of the intake bot: `acd.ports.Voice` over one `MediaLeg`.

The leg's callbacks become awaits. Whoever holds the leg closes it when the customer is gone; every await then ends
with `CustomerGone`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from acd.ports import CustomerGone, Keys, Prompt, Recorded
from telephony_adapters.sip.media.collecting import Collected, CollectEnd, CollectRules
from telephony_adapters.sip.media.leg import MediaLeg
from telephony_adapters.sip.media.playback import PlayEnd
from telephony_adapters.sip.media.recording import Recording, RecordingEnd, RecordingRules

_Outcome = TypeVar("_Outcome")
_AT_ONCE_MS: Final = 20
_NOT_KEPT: Final = frozenset({RecordingEnd.NOTHING_SAID, RecordingEnd.FAILED})


class LegVoice:
    """One call in the bot's hands. Recordings go to `folder`, as WAV files named by the bot."""

    def __init__(self, leg: MediaLeg, folder: Path) -> None:
        self._leg = leg
        self._folder = folder

    async def say(self, prompts: Sequence[Prompt], language: str) -> None:
        """Play to the end; a key cuts it short."""

        def start(told: Callable[[PlayEnd], None]) -> None:
            self._leg.play(prompts, language=language, on_end=told)

        await self._outcome(start)

    async def ask(
        self,
        prompts: Sequence[Prompt],
        language: str,
        *,
        digits_max: int = 1,
        end_key: str = "#",
        first_ms_max: int = 8_000,
        next_ms_max: int = 4_000,
    ) -> Keys:
        """Play, and collect keys; a key cuts the prompts short and counts."""
        rules = CollectRules(
            digits_max=digits_max, end_digits=end_key, first_ms_max=first_ms_max, next_ms_max=next_ms_max
        )
        collected = await self._play_and_collect(prompts, language, rules)
        return Keys(collected.digits, collected.end is CollectEnd.COMPLETE)

    async def record(
        self,
        prompts: Sequence[Prompt],
        language: str,
        *,
        name: str,
        end_keys: str = "#",
        length_ms_max: int = 120_000,
        silence_ms_max: int = 4_000,
    ) -> Recorded:
        """Play, then record; see `acd.ports.Voice.record`."""
        assert name == Path(name).name, f"the name of a recording is a file name, not {name!r}"
        meant = CollectRules(end_digits="", first_ms_max=_AT_ONCE_MS)
        pressed = (await self._play_and_collect(prompts, language, meant)).digits
        if pressed and pressed in end_keys:
            return Recorded("", key=pressed)
        file = f"{name}.wav"
        rules = RecordingRules(
            length_ms_max=length_ms_max, silence_ms_max=silence_ms_max, end_digits=end_keys
        )

        def start(told: Callable[[Recording], None]) -> None:
            self._leg.record(self._folder / file, rules, told)

        recording = await self._outcome(start)
        kept = "" if recording.end in _NOT_KEPT else file
        return Recorded(kept, recording.duration_ms, recording.digit, recording.failure or "")

    async def _play_and_collect(
        self, prompts: Sequence[Prompt], language: str, rules: CollectRules
    ) -> Collected:
        def start(told: Callable[[Collected], None]) -> None:
            self._leg.collect(rules, told)
            self._leg.play(prompts, language=language)

        return await self._outcome(start)

    async def _outcome(self, start: Callable[[Callable[[_Outcome], None]], None]) -> _Outcome:
        if self._leg.is_closed:
            raise CustomerGone(self._leg.contact_id)
        future: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()

        def told(outcome: _Outcome) -> None:
            # The bot may have been cancelled while the leg was still at it.
            if not future.done():
                future.set_result(outcome)

        start(told)
        try:
            outcome = await future
        except asyncio.CancelledError:
            # The bot was stopped; what it had begun goes no further.
            self._leg.stop()
            self._leg.stop_collecting()
            self._leg.stop_recording()
            raise
        if self._leg.is_closed:
            raise CustomerGone(self._leg.contact_id)
        return outcome
