"""What can be said, by name: which clips a prompt is made of, and the clips themselves.

A prompt is a list of pieces: clips, a number from 0 to 99, or digits one by one. The clips are WAV files (mu-law,
8 kHz) under `clips/LANGUAGE/`, rendered once by `render_prompts.py` from the words in `wording.py`. All legs share one
`PromptLibrary`; a clip is cut into frames once for each codec, at its first use.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from acd.ports import Prompt
from telephony_adapters.sip.media.g711 import SILENCE, slice_frames

LANGUAGES: Final = ("en", "zh")
FALLBACK_LANGUAGE: Final = "en"
NUMBER_MAX: Final = 99
WHOLE_NUMBER_MAX: Final = 40
"""Numbers to here have a clip each, which sounds better; above, tens and ones are joined, which is smaller."""
DIGITS_MAX: Final = 20
CLIPS_FOLDER: Final = Path(__file__).parent / "clips"
_WAVE_FORMAT_MULAW: Final = 7

NUMBER: Final = "{number}"
DIGITS: Final = "{digits}"
PROMPTS: Final[dict[str, tuple[str, ...]]] = {
    "tone": ("tone",),
    "welcome": ("welcome",),
    "queue_greeting": ("queue_greeting",),
    "keep_waiting": ("keep_waiting",),
    "position": ("position_before", NUMBER, "position_after"),
    "position_next": ("position_next",),
    "position_many": ("position_many",),
    "wait": ("wait_before", NUMBER, "wait_after"),
    "wait_one": ("wait_one",),
    "wait_many": ("wait_many",),
    "overflow_offer": ("overflow_offer",),
    "return_call_offer": ("return_call_offer",),
    "return_call_booked": ("return_call_booked",),
    "intake_matter": ("intake_matter", "tone"),
    "intake_again": ("intake_again", "tone"),
    "intake_category": ("intake_category",),
    "intake_number": ("intake_number_before", DIGITS, "intake_number_after"),
    "intake_number_enter": ("intake_number_enter",),
    "intake_thanks": ("intake_thanks",),
    "intake_ticket": ("intake_ticket_before", DIGITS, "intake_ticket_after"),
    "invalid_key": ("invalid_key",),
    "closed": ("closed",),
    "emergency": ("emergency",),
    "unavailable": ("unavailable",),
    "goodbye": ("goodbye",),
}
"""Every prompt and its pieces, in both languages. Which numbers a prompt wants shows in its pieces."""


class ClipMissing(Exception):
    """A clip that a prompt needs is not in the folder, or is no mu-law WAV: the installation is broken."""


class PromptLibrary:
    """All clips, in memory (under 3 MB)."""

    def __init__(self, clips: dict[str, bytes]) -> None:
        """Take mu-law audio by `LANGUAGE/NAME`; `music` and `tone` bear no language."""
        self._clips = clips
        self._frames: dict[tuple[str, int], list[bytes]] = {}
        self._silence = {codec: [frame] for codec, frame in SILENCE.items()}

    @classmethod
    def load(cls, folder: Path = CLIPS_FOLDER) -> PromptLibrary:
        """Read and check the folder.

        Raises:
            ClipMissing: Names the first clip that is missing or malformed.
        """
        clips: dict[str, bytes] = {}
        for name in required_clips():
            path = folder / f"{name}.wav"
            try:
                clips[name] = parse_wav(path.read_bytes())
            except (OSError, ValueError) as error:
                raise ClipMissing(f"{path}: {error}") from error
        return cls(clips)

    def clips(self, script: Sequence[Prompt], language: str) -> list[str]:
        """Return the names of the clips of a script in a language."""
        spoken = language if language in LANGUAGES else FALLBACK_LANGUAGE
        return [clip for prompt in script for clip in clips_of(prompt, spoken)]

    def frames(self, clip: str, codec: int) -> list[bytes]:
        """Return a clip as frames; the list is shared and must not be changed."""
        frames = self._frames.get((clip, codec))
        if frames is None:
            frames = self._frames[clip, codec] = slice_frames(self._clips[clip], codec)
        return frames

    def music(self, codec: int) -> list[bytes]:
        """Return the music loop as frames."""
        return self.frames("music", codec)

    def silence(self, codec: int) -> list[bytes]:
        """Return one frame of silence."""
        return self._silence[codec]


def clips_of(prompt: Prompt, language: str) -> list[str]:
    """Return the clips of one prompt.

    A `position` or `wait` (minutes) beyond what can be said becomes the nearest honest clip; of `digits`, what is
    no digit is passed over and the last `DIGITS_MAX` are said.

    Raises:
        KeyError: There is no such prompt.
    """
    clips: list[str] = []
    for piece in PROMPTS[_sayable(prompt)]:
        if piece == NUMBER:
            clips += [f"{language}/n{part}" for part in number_parts(prompt.number)]
        elif piece == DIGITS:
            clips += [f"{language}/d{digit}" for digit in prompt.digits if digit in "0123456789"][
                -DIGITS_MAX:
            ]
        else:
            clips.append(piece if piece in _WITHOUT_LANGUAGE else f"{language}/{piece}")
    return clips


def number_parts(number: int) -> tuple[int, ...]:
    """Return the numbers that have clips and, said one after the other, say this one."""
    if number <= WHOLE_NUMBER_MAX or number % 10 == 0:
        return (number,)
    return (number // 10 * 10, number % 10)


def sayable_numbers() -> list[int]:
    """Return the numbers that have a clip."""
    return sorted({part for number in range(1, NUMBER_MAX + 1) for part in number_parts(number)})


def required_clips() -> list[str]:
    """Return the names of all clips that any prompt may need."""
    pieces = sorted(
        {piece for pieces in PROMPTS.values() for piece in pieces} - {NUMBER, DIGITS} - _WITHOUT_LANGUAGE
    )
    names = sorted(_WITHOUT_LANGUAGE)
    for language in LANGUAGES:
        names += [f"{language}/{piece}" for piece in pieces]
        names += [f"{language}/n{number}" for number in sayable_numbers()]
        names += [f"{language}/d{digit}" for digit in range(10)]
    return names


def parse_wav(data: bytes) -> bytes:
    """Return the mu-law audio of a WAV file.

    Raises:
        ValueError: It is not 8 kHz mono mu-law, with what was found.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a WAV file")
    at, form = 12, b""
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"fmt ":
            form = data[at + 8 : at + 8 + size]
            code, channels, rate = struct.unpack_from("<HHI", form)
            if (code, channels, rate) != (_WAVE_FORMAT_MULAW, 1, 8000):
                raise ValueError(f"format {code}, {channels} channels, {rate} Hz; expected mu-law, 1, 8000")
        elif kind == b"data" and form:
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise ValueError("no fmt chunk followed by a data chunk")


_WITHOUT_LANGUAGE: Final = frozenset({"music", "tone"})


def _sayable(prompt: Prompt) -> str:
    if prompt.name == "position":
        return (
            "position_next"
            if prompt.number <= 1
            else "position_many"
            if prompt.number > NUMBER_MAX
            else "position"
        )
    if prompt.name == "wait":
        return "wait_one" if prompt.number <= 1 else "wait_many" if prompt.number > NUMBER_MAX else "wait"
    return prompt.name
