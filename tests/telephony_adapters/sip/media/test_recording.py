"""Where received frames end up in a recording, and when it is over."""

from __future__ import annotations

import random
import struct

from telephony_adapters.sip.media.g711 import PCMU
from telephony_adapters.sip.media.recording import Recorder, RecordingEnd, RecordingRules
from telephony_adapters.sip.media.rtp import RtpPacket

LOUD = bytes([0x10, 0x90] * 80)
QUIET = b"\xff" * 160


class Tape:
    """A recorder and what it wrote."""

    def __init__(self, **rules: int) -> None:
        self.written: list[bytes] = []
        self.recorder = Recorder(RecordingRules(**rules), self.written.append)
        self.end: RecordingEnd | None = None

    def hear(self, frame_number: int, payload: bytes = LOUD, ssrc: int = 1, base: int = 0xFFFFFF00) -> None:
        timestamp = (base + frame_number * 160) & 0xFFFFFFFF
        self.recorder.hear(RtpPacket(0, False, 0, timestamp, ssrc, payload), PCMU)

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.end = self.end or self.recorder.tick()

    def frames(self) -> str:
        """One letter for each 20 ms: L for loud, . for quiet."""
        self.recorder.close()
        data = b"".join(self.written)
        samples = struct.unpack(f"<{len(data) // 2}h", data)
        return "".join(
            "L" if max(map(abs, samples[at : at + 160])) > 1000 else "." for at in range(0, len(samples), 160)
        )


def test_late_packets_go_where_they_belong_and_lost_ones_are_silence() -> None:
    tape = Tape()
    for number in (0, 2, 1, 3, 5):
        tape.hear(number, QUIET if number == 1 else LOUD)
        tape.tick()
    tape.tick()
    assert tape.frames() == "L.LL.L"


def test_a_long_recording_is_the_same_whatever_the_order_within_100_ms() -> None:
    chance = random.Random(5)
    loud = [chance.random() < 0.5 for _ in range(400)]
    order = sorted(range(400), key=lambda at: at + chance.uniform(0, 5) if at else -1)
    tape = Tape()
    for number in order:
        tape.hear(number, LOUD if loud[number] else QUIET)
        tape.tick()
    assert len(tape.written) > 3, "it was written as it went"
    assert tape.frames() == "".join("L" if each else "." for each in loud)


def test_a_pause_of_the_peer_is_kept_as_silence() -> None:
    tape = Tape()
    tape.hear(0)
    tape.tick(30)
    tape.hear(30)
    tape.tick()
    assert tape.frames() == "L" + "." * 29 + "L"


def test_timestamps_that_leap_do_not_make_the_recording_long() -> None:
    tape = Tape()
    for number, base in ((0, 0), (1, 0), (2, 2_000_000_000), (3, 2_000_000_000), (4, 77)):
        tape.hear(number, base=base)
        tape.tick()
    assert tape.frames() == "LLLLL"


def test_a_new_source_goes_on_behind_the_old_one() -> None:
    tape = Tape()
    for number in range(3):
        tape.hear(number, ssrc=1)
        tape.tick()
    for number in range(3):
        tape.hear(number + 1000, ssrc=2)
        tape.tick()
    assert tape.frames() == "LLLLLL"


def test_what_is_said_in_a_pause_of_ours_leaves_no_trace() -> None:
    tape = Tape()
    tape.hear(0)
    tape.tick()
    tape.recorder.pause()
    for number in range(1, 50):
        tape.hear(number)
        tape.tick()
    tape.recorder.resume()
    tape.hear(50, QUIET)
    tape.tick()
    tape.hear(51)
    tape.tick()
    assert tape.frames() == "L.L"
    assert tape.recorder.duration_ms == 60


def test_a_noisy_line_has_silence_too() -> None:
    tape = Tape(silence_ms_max=400, start_ms_max=10_000, length_ms_max=60_000)
    chance = random.Random(3)
    # Steady noise at about -36 dB, then words well above it, then noise again.
    noise = [bytes(chance.choice((0x4F, 0xCF, 0x52, 0xD2)) for _ in range(160)) for _ in range(20)]
    for number in range(1500):
        tape.hear(number, LOUD if 700 <= number < 760 and number % 12 else noise[number % 20])
        tape.tick()
        if number > 300 and tape.end and number < 700:
            break
    assert tape.end is RecordingEnd.SILENCE


def test_clicks_are_no_words() -> None:
    tape = Tape(start_ms_max=1000)
    for number in range(60):
        tape.hear(number, LOUD if number % 10 < 2 else QUIET)
        tape.tick()
    assert tape.end is RecordingEnd.NOTHING_SAID
