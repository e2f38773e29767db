"""What a customer says, written down as sound: 16-bit WAV, 8 kHz, one voice.

`Recorder` places received frames by their timestamps (late ones where they belong, lost ones as silence) and
decides when the words are over; `WavWriter` writes them on a thread of its own, so that a slow disk never holds
up the loop. A file bears its name only when it is whole: until then it is `NAME.part`. A full disk ends the
recording with `FAILED` and the reason; what had been written of it is removed.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from telephony_adapters.sip.media.g711 import FRAME_BYTES, FRAME_MS, SAMPLES_PER_MS, decode_frame, loudness
from telephony_adapters.sip.media.rtp import RtpPacket, timestamp_ahead

RATE_HZ: Final = 8000
_DRIFT_SAMPLES_MAX: Final = 2 * RATE_HZ
"""A timestamp that is this far from the clock is a new beginning, not a pause."""
_FLUSH_BYTES: Final = 2 * RATE_HZ
_HELD_BACK_BYTES: Final = 2 * RATE_HZ // 5
"""Late packets may still be put in their place for 200 ms."""
_VOICE_LOUDNESS_MIN: Final = 250
_VOICE_OVER_FLOOR: Final = 3


class RecordingEnd(StrEnum):
    """Why a recording is over."""

    DIGIT = "digit"
    SILENCE = "silence"
    NOTHING_SAID = "nothing_said"
    LENGTH_MAX = "length_max"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RecordingRules:
    """When a recording ends by itself. All in milliseconds."""

    length_ms_max: int = 120_000
    silence_ms_max: int = 4_000
    """Silence after the last word that ends it."""
    start_ms_max: int = 8_000
    """How long we wait for the first word."""
    end_digits: str = "#"


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished recording. `path` exists only if `end` is neither FAILED nor NOTHING_SAID."""

    path: Path
    end: RecordingEnd
    duration_ms: int
    digit: str = ""
    """The key that ended it."""
    failure: str | None = None
    """`disk_full` or the operating system's words."""


class WavWriter:
    """One file. Every method blocks and belongs to the writing thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._file: BinaryIO | None = None
        self._bytes = 0

    def append(self, linear: bytes) -> None:
        """Write some more sound."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
            self._file.write(wav_header(0))
        self._file.write(linear)
        self._file.flush()
        self._bytes += len(linear)

    def finish(self) -> None:
        """Make the file whole and durable, and give it its name."""
        self.append(b"")
        assert self._file is not None, "append opened it"
        self._file.seek(0)
        self._file.write(wav_header(self._bytes))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._path)

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)


def wav_header(data_bytes: int) -> bytes:
    """Return the 44 bytes before 16-bit 8 kHz mono samples."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + data_bytes)
        + b"WAVE"
        + form
        + b"data"
        + struct.pack("<I", data_bytes)
    )


def failure_of(error: OSError) -> str:
    """Return the word for a failed write."""
    return "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else str(error.strerror or error)


class Recorder:
    """Takes packets and ticks, hands out sound to be written, and says when it is over. No files here."""

    def __init__(self, rules: RecordingRules, write: Callable[[bytes], None]) -> None:
        """Hand whole stretches of 16-bit sound to `write`, in order."""
        self._rules = rules
        self._write = write
        self._pending = bytearray()
        self._flushed_samples = 0
        self._ticks = 0
        self._paused = False
        self._base: tuple[int, int, int] | None = None
        """SSRC and timestamp of the packet from which places are counted, and its place in samples."""
        self._floor = 80
        self._voice_tick: int | None = None
        self._loud_frames = 0

    @property
    def duration_ms(self) -> int:
        """How long it has been, pauses left out."""
        return self._ticks * FRAME_MS

    @property
    def has_words(self) -> bool:
        """Whether anything louder than the room was heard."""
        return self._voice_tick is not None

    def pause(self) -> None:
        """Keep nothing of what follows: it leaves no trace in the sound, nor in its length."""
        self._paused = True

    def resume(self) -> None:
        """Go on keeping."""
        self._paused, self._base = False, None

    def hear(self, packet: RtpPacket, codec: int) -> None:
        """Put one voice packet in its place."""
        if self._paused or not packet.payload:
            return
        linear = decode_frame(packet.payload, codec)
        self._judge(loudness(linear))
        place = 2 * (self._place(packet) - self._flushed_samples)
        if place < 0:
            return
        room = 2 * self._rules.length_ms_max * SAMPLES_PER_MS - 2 * self._flushed_samples
        end = min(place + len(linear), room)
        if end > len(self._pending):
            self._pending.extend(bytes(end - len(self._pending)))
        self._pending[place:end] = linear[: max(0, end - place)]

    def tick(self) -> RecordingEnd | None:
        """Let 20 ms pass; return the reason if the recording is over."""
        if self._paused:
            return None
        self._ticks += 1
        if len(self._pending) >= _FLUSH_BYTES + _HELD_BACK_BYTES:
            self._flush(_FLUSH_BYTES)
        if self.duration_ms >= self._rules.length_ms_max:
            return RecordingEnd.LENGTH_MAX if self.has_words else RecordingEnd.NOTHING_SAID
        if self._voice_tick is None:
            return RecordingEnd.NOTHING_SAID if self.duration_ms >= self._rules.start_ms_max else None
        silent_ms = (self._ticks - self._voice_tick) * FRAME_MS
        return RecordingEnd.SILENCE if silent_ms >= self._rules.silence_ms_max else None

    def ends_with(self, digit: str) -> bool:
        """Whether this key ends the recording."""
        return digit in self._rules.end_digits

    def close(self) -> None:
        """Hand out the rest."""
        whole = 2 * min(self._ticks * FRAME_BYTES, self._rules.length_ms_max * SAMPLES_PER_MS)
        missing = whole - 2 * self._flushed_samples - len(self._pending)
        if missing > 0:
            self._pending.extend(bytes(missing))
        self._flush(len(self._pending))

    def _flush(self, count: int) -> None:
        self._write(bytes(self._pending[:count]))
        del self._pending[:count]
        self._flushed_samples += count // 2

    def _place(self, packet: RtpPacket) -> int:
        clock = self._ticks * FRAME_BYTES
        if self._base is not None and self._base[0] == packet.ssrc:
            place = self._base[2] + timestamp_ahead(packet.timestamp, self._base[1])
            if abs(place - clock) <= _DRIFT_SAMPLES_MAX:
                return place
        place = max(clock, self._flushed_samples + len(self._pending) // 2)
        self._base = (packet.ssrc, packet.timestamp, place)
        return place

    def _judge(self, level: int) -> None:
        # The floor falls at once and rises slowly, so that a noisy line has silence too.
        self._floor = min(level, self._floor + self._floor // 64 + 1)
        if level > max(_VOICE_LOUDNESS_MIN, _VOICE_OVER_FLOOR * self._floor):
            self._loud_frames += 1
        else:
            self._loud_frames = 0
        if self._loud_frames >= 3:
            self._voice_tick = self._ticks
