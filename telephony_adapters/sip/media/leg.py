"""One telephone connection's sound: what it hears, what it says, which keys it presses.

A leg is driven by two calls: `tick` every 20 ms (send the next frame, let recordings and key collections see
time pass) and its sockets' readability. Nothing that arrives makes it raise. What it has to tell (a script is
over, a key, a recording) it tells through callbacks on the next turn of the loop, so they may do anything to the
leg, even close it.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telephony_adapters.sip.media.collecting import Collected, CollectEnd, Collector, CollectRules
from telephony_adapters.sip.media.g711 import FRAME_BYTES, PCMU, SILENCE
from telephony_adapters.sip.media.latch import SourceLatch
from telephony_adapters.sip.media.playback import Playback, PlayEnd
from telephony_adapters.sip.media.prompts import PromptLibrary, Say
from telephony_adapters.sip.media.reception import Reception
from telephony_adapters.sip.media.recording import Recorder, Recording, RecordingEnd, RecordingRules
from telephony_adapters.sip.media.rtp import (
    DIGITS,
    HEADER,
    MARKER,
    SEQUENCE_MASK,
    TIMESTAMP_MASK,
    VERSION_BYTE,
    RtpPacket,
    SenderState,
    build_digit_payloads,
    build_goodbye,
    build_report,
    is_rtcp,
    parse_rtcp,
    parse_rtp,
)
from telephony_adapters.sip.media.sdp import LocalEnd, RemoteAudio, build_answer, build_offer, parse_remote
from telephony_adapters.sip.media.sockets import SocketPair
from telephony_adapters.sip.media.writing import RecordingFile

PACKET_BYTES_MAX: Final = 2048
PACKETS_PER_TICK_MAX: Final = 25
"""Twenty-five times a telephone's rate; a flood is left to the kernel until the next tick."""
_PACK = HEADER.pack
_DIGIT_FRAMES: Final = 6
_DIGIT_QUEUE_MAX: Final = 1024


@dataclass(slots=True)
class LegCounts:
    """What went wrong or was thrown away on one leg."""

    malformed: int = 0
    floods: int = 0
    unsendable: int = 0
    unknown_payloads: int = 0


class MediaLeg:
    """Made by `MediaRoom.open`. All methods belong to the loop's thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        contact_id: str,
        sockets: SocketPair,
        public_host: str,
        library: PromptLibrary,
        disk: Executor,
        on_closed: Callable[[MediaLeg], None],
    ) -> None:
        self.contact_id = contact_id
        self.counts = LegCounts()
        self.on_digit: Callable[[str], None] | None = None
        """Told every key that is pressed, after scripts, recordings and collections have seen it."""
        self._loop = loop
        self._sockets = sockets
        self._library = library
        self._disk = disk
        self._on_closed = on_closed
        self._local = LocalEnd(public_host, sockets.port, secrets.randbits(31), 0)
        self._local_sdp = b""
        self._remote: RemoteAudio | None = None
        self._latch = SourceLatch(("", 0))
        self._reception = Reception()
        self._codec = PCMU
        self._payload_type = PCMU
        self._event_type: int | None = None
        self._sends = False
        self._playback = Playback([SILENCE[PCMU]])
        self._music = False
        self._play_interruptible = True
        self._on_play_end: Callable[[PlayEnd], None] | None = None
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._packets_sent = 0
        self._ticks = 0
        self._read_in_tick = 0
        self._is_reading = False
        self._digits_out: deque[tuple[bytes, bool]] = deque()
        self._digits_timestamp = 0
        self._collector: Collector | None = None
        self._on_collected: Callable[[Collected], None] | None = None
        self._recorder: Recorder | None = None
        self._recording_file: RecordingFile | None = None
        self._closed = False
        self._listen()

    # What signalling asks.

    @property
    def local_sdp(self) -> bytes:
        """Our newest description: the answer to the peer's offer, or our own offer before they made one."""
        if not self._local_sdp:
            self._local_sdp = build_offer(self._local)
        return self._local_sdp

    @property
    def port(self) -> int:
        """Our RTP port."""
        return self._sockets.port

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def strangers(self) -> int:
        """How many packets were dropped because of their source."""
        return self._latch.strangers

    @property
    def packets_received(self) -> int:
        """How many RTP packets were believed."""
        return self._reception.packets

    def answer(self, remote_sdp: bytes) -> bytes:
        """Take the peer's offer, first or later, and return our answer.

        Raises:
            MediaRefused: Status 488; the leg stays as it was.
        """
        remote = parse_remote(remote_sdp)
        self._raise_version()
        self._local_sdp = build_answer(remote, self._local)
        self._take_remote(remote)
        return self._local_sdp

    def accept(self, remote_sdp: bytes) -> None:
        """Take the peer's answer to our `local_sdp`.

        Raises:
            MediaRefused: Status 488; the leg stays as it was.
        """
        self._take_remote(parse_remote(remote_sdp))

    def offer(self) -> bytes:
        """Return a new offer of ours, for a re-INVITE that fetches the peer back to this leg."""
        self._raise_version()
        self._local_sdp = build_offer(self._local)
        return self._local_sdp

    def close(self) -> None:
        """Stop everything, give the ports back. What was being recorded is kept; a second close is no error."""
        if self._closed:
            return
        self.stop()
        self.stop_collecting()
        self.stop_recording()
        self._closed = True
        if self._packets_sent and self._remote is not None:
            self._send_rtcp(build_goodbye(self._ssrc))
        for each in (self._sockets.rtp, self._sockets.rtcp):
            self._loop.remove_reader(each.fileno())
        self._on_closed(self)

    # What treatments ask.

    def play(
        self,
        script: Sequence[Say],
        *,
        language: str = "en",
        interruptible: bool = True,
        on_end: Callable[[PlayEnd], None] | None = None,
    ) -> None:
        """Say this once, now; what was being said is stopped. Then the background goes on.

        Args:
            script: Prompts by name, with their numbers.
            language: `en` or `zh`; others are said in English.
            interruptible: Whether any key cuts it short.
            on_end: Told why it is over, exactly once.
        """
        self.stop()
        frames = [self._library.frames(clip, self._codec) for clip in self._library.clips(script, language)]
        self._on_play_end, self._play_interruptible = on_end, interruptible
        self._playback.start(frames)
        if not self._playback.is_scripted:
            self._end_play(PlayEnd.FINISHED)

    def stop(self) -> None:
        """Stop the script, if one is playing."""
        self._playback.stop()
        self._end_play(PlayEnd.STOPPED)

    def music(self, on: bool) -> None:
        """Put music, or silence, behind everything that is said."""
        self._music = on
        self._set_background()

    def collect(self, rules: CollectRules, on_end: Callable[[Collected], None]) -> None:
        """Collect keys; the clock for the first one runs from the end of what is being said."""
        self.stop_collecting()
        self._collector, self._on_collected = Collector(rules), on_end

    def stop_collecting(self) -> None:
        """End a collection with what it has, if one is running."""
        if self._collector is not None:
            self._end_collect(CollectEnd.STOPPED)

    def record(self, path: Path, rules: RecordingRules, on_end: Callable[[Recording], None]) -> None:
        """Write down what the peer says until the rules, a key, or `stop_recording` end it."""
        self.stop_recording()
        self._recording_file = RecordingFile(self._loop, self._disk, path, on_end, self._fail_recording)
        self._recorder = Recorder(rules, self._recording_file.append)

    def pause_recording(self, on: bool) -> None:
        """Keep nothing while on (card numbers); no recording running is no error."""
        if self._recorder is not None:
            (self._recorder.pause if on else self._recorder.resume)()

    def stop_recording(self) -> None:
        """End the recording and keep it, if one is running."""
        if self._recorder is not None:
            self._end_recording(RecordingEnd.STOPPED)

    def send_digits(self, digits: str) -> None:
        """Press these keys towards the peer, each 120 ms with 60 ms between; unknown keys are left out."""
        for digit in digits:
            if digit not in DIGITS or len(self._digits_out) > _DIGIT_QUEUE_MAX:
                continue
            for count, payload in enumerate(build_digit_payloads(digit, _DIGIT_FRAMES - 1)):
                self._digits_out.append((payload, count == 0))
            self._digits_out.extend([(b"", False)] * 3)

    def press(self, digit: str) -> None:
        """A key came by another way (SIP INFO): as if it had come here."""
        self._hear_digit(digit)

    # Time.

    def tick(self) -> None:
        """Send the 20 ms that are due, and let time pass for what waits."""
        self._ticks += 1
        if self._read_in_tick:
            self._read_in_tick = 0
            if not self._is_reading:
                self._resume_reading()
        if self._digits_out:
            self._send_digit_frame()
        else:
            frame, ended = self._playback.next_frame()
            self._sequence = sequence = (self._sequence + 1) & SEQUENCE_MASK
            self._timestamp = timestamp = (self._timestamp + FRAME_BYTES) & TIMESTAMP_MASK
            if self._sends:
                header = _PACK(VERSION_BYTE, self._payload_type, sequence, timestamp, self._ssrc)
                self._send(header + frame)
            if ended:
                self._end_play(PlayEnd.FINISHED)
        if self._recorder is not None:
            end = self._recorder.tick()
            if end is not None:
                self._end_recording(end)
        if self._collector is not None and not self._playback.is_scripted and self._collector.tick():
            self._end_collect(CollectEnd.TIMEOUT)

    def skip(self, ticks: int) -> None:
        """Move on without sending: the process was held up for too long."""
        self._ticks += ticks
        self._timestamp = (self._timestamp + ticks * FRAME_BYTES) & TIMESTAMP_MASK

    def report(self, ntp: int) -> None:
        """Send an RTCP report; `ntp` is the 64-bit NTP time."""
        if self._remote is None:
            return
        octets = self._packets_sent * FRAME_BYTES
        state = SenderState(self._ssrc, ntp, self._timestamp, self._packets_sent, octets)
        self._send_rtcp(build_report(state, self._reception.report_block(), f"acd@{self._local.host}"))

    # The wire.

    def _listen(self) -> None:
        self._loop.add_reader(self._sockets.rtcp.fileno(), self._on_rtcp_readable)
        self._resume_reading()

    def _resume_reading(self) -> None:
        self._is_reading = True
        self._loop.add_reader(self._sockets.rtp.fileno(), self._on_rtp_readable)

    def _on_rtp_readable(self) -> None:
        self._read_in_tick += 1
        if self._read_in_tick > PACKETS_PER_TICK_MAX:
            self.counts.floods += 1
            self._is_reading = False
            self._loop.remove_reader(self._sockets.rtp.fileno())
            return
        received = _receive(self._sockets.rtp)
        if received is None or self._remote is None:
            return
        data, source = received
        packet = parse_rtp(data)
        if packet is None:
            self.counts.malformed += 1
        elif self._remote.rtcp_mux and is_rtcp(data):
            self._hear_rtcp(data)
        elif self._latch.accepts(source, self._ticks, packet.ssrc, packet.sequence):
            self._hear(packet)

    def _hear(self, packet: RtpPacket) -> None:
        kind = packet.payload_type
        if kind == self._event_type:
            digit = self._reception.digit_of(packet)
            if digit is not None:
                self._hear_digit(digit)
        elif kind == self._payload_type:
            self._reception.count(packet, int(self._loop.time() * 8000))
            if self._recorder is not None:
                self._recorder.hear(packet, self._codec)
        else:
            self.counts.unknown_payloads += 1

    def _on_rtcp_readable(self) -> None:
        received = _receive(self._sockets.rtcp)
        if received is not None and self._remote is not None and received[1][0] == self._latch.destination[0]:
            self._hear_rtcp(received[0])

    def _hear_rtcp(self, data: bytes) -> None:
        report = parse_rtcp(data, self._ssrc)
        if report is None:
            self.counts.malformed += 1
        elif report.last_report:
            self._reception.hear_report(report.last_report)

    def _send(self, packet: bytes) -> None:
        try:
            self._sockets.rtp.sendto(packet, self._latch.destination)
            self._packets_sent += 1
        except OSError:
            # A full buffer or an unreachable peer: sound that is late is worth nothing, so it is dropped.
            self.counts.unsendable += 1

    def _send_rtcp(self, packet: bytes) -> None:
        assert self._remote is not None, "reports go to a known peer"
        host, port = self._latch.destination
        try:
            if self._remote.rtcp_mux:
                self._sockets.rtp.sendto(packet, (host, port))
            else:
                self._sockets.rtcp.sendto(packet, (host, self._remote.rtcp_port))
        except OSError:
            self.counts.unsendable += 1

    def _send_digit_frame(self) -> None:
        payload, is_first = self._digits_out.popleft()
        self._sequence = (self._sequence + 1) & SEQUENCE_MASK
        self._timestamp = (self._timestamp + FRAME_BYTES) & TIMESTAMP_MASK
        if is_first:
            self._digits_timestamp = self._timestamp
        if not self._sends:
            return
        if payload and self._event_type is not None:
            kind = self._event_type | (MARKER if is_first else 0)
            self._send(
                _PACK(VERSION_BYTE, kind, self._sequence, self._digits_timestamp, self._ssrc) + payload
            )
        elif not payload:
            header = _PACK(VERSION_BYTE, self._payload_type, self._sequence, self._timestamp, self._ssrc)
            self._send(header + SILENCE[self._codec])

    # Consequences.

    def _take_remote(self, remote: RemoteAudio) -> None:
        codec_changed = remote.codec != self._codec
        if self._remote is None:
            self._latch = SourceLatch((remote.host, remote.port))
        else:
            self._latch.begin_anew((remote.host, remote.port))
        self._remote, self._codec, self._payload_type = remote, remote.codec, remote.payload_type
        self._event_type, self._sends = remote.event_type, remote.listens
        if codec_changed:
            self.stop()
            self._set_background()

    def _set_background(self) -> None:
        silence = self._library.silence(self._codec)
        self._playback.set_background(self._library.music(self._codec) if self._music else silence)

    def _raise_version(self) -> None:
        local = self._local
        self._local = LocalEnd(local.host, local.port, local.session_id, local.version + 1)

    def _hear_digit(self, digit: str) -> None:
        if self._playback.is_scripted and self._play_interruptible:
            self._playback.stop()
            self._end_play(PlayEnd.DIGIT)
        if self._recorder is not None and self._recorder.ends_with(digit):
            self._end_recording(RecordingEnd.DIGIT)
        elif self._collector is not None:
            end = self._collector.take(digit)
            if end is not None:
                self._end_collect(end)
        if self.on_digit is not None:
            self._loop.call_soon(self.on_digit, digit)

    def _end_play(self, end: PlayEnd) -> None:
        told, self._on_play_end = self._on_play_end, None
        if told is not None:
            self._loop.call_soon(told, end)

    def _end_collect(self, end: CollectEnd) -> None:
        collector, told = self._collector, self._on_collected
        assert collector is not None and told is not None, "only a running collection ends"
        self._collector = self._on_collected = None
        self._loop.call_soon(told, collector.result(end))

    def _end_recording(self, end: RecordingEnd) -> None:
        recorder, file = self._recorder, self._recording_file
        assert recorder is not None and file is not None, "only a running recording ends"
        self._recorder = self._recording_file = None
        recorder.close()
        is_empty = end is RecordingEnd.NOTHING_SAID or not recorder.has_words
        file.finish(RecordingEnd.NOTHING_SAID if is_empty else end, recorder.duration_ms)

    def _fail_recording(self, file: RecordingFile) -> None:
        if self._recording_file is file:
            self._recorder = self._recording_file = None


def _receive(each: socket.socket) -> tuple[bytes, tuple[str, int]] | None:
    try:
        data, source = each.recvfrom(PACKET_BYTES_MAX)
    except OSError:
        # Nothing there after all, or an ICMP error about a packet of ours: there is no packet to hear.
        return None
    return data, (source[0], source[1])
