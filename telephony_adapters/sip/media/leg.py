"""One telephone connection's sound: what it says, what it makes of what it hears, which keys it collects.

A leg is driven by `tick` every 20 ms and by its stream. What it has to tell (a script is over, a key, a
recording) it tells through callbacks on the next turn of the loop, so they may do anything to the leg, even
close it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path

from acd.ports import Prompt
from telephony_adapters.sip.media.collecting import Collected, CollectEnd, Collector, CollectRules
from telephony_adapters.sip.media.g711 import PCMU
from telephony_adapters.sip.media.playback import Playback, PlayEnd
from telephony_adapters.sip.media.prompts import PromptLibrary
from telephony_adapters.sip.media.recording import Recorder, Recording, RecordingEnd, RecordingRules
from telephony_adapters.sip.media.rtp import RtpPacket
from telephony_adapters.sip.media.sdp import LocalEnd, RemoteAudio, build_answer, build_offer, parse_remote
from telephony_adapters.sip.media.sockets import SocketPair
from telephony_adapters.sip.media.stream import RtpStream
from telephony_adapters.sip.media.writing import RecordingFile


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
        self.port = sockets.port
        """Our RTP port."""
        self.stream = RtpStream(loop, sockets, self._hear_voice, self._hear_digit)
        self.on_digit: Callable[[str], None] | None = None
        """Told every key that is pressed, after scripts, recordings and collections have seen it."""
        self._loop = loop
        self._library = library
        self._disk = disk
        self._on_closed = on_closed
        self._local = LocalEnd(public_host, sockets.port, secrets.randbits(31), 0)
        self._local_sdp = b""
        self._playback = Playback(library.silence(PCMU))
        self._has_music = False
        self._play_interruptible = True
        self._on_play_end: Callable[[PlayEnd], None] | None = None
        self._collector: Collector | None = None
        self._on_collected: Callable[[Collected], None] | None = None
        self._recorder: Recorder | None = None
        self._recording_file: RecordingFile | None = None
        self._is_closed = False

    # What signalling asks.

    @property
    def local_sdp(self) -> bytes:
        """Our newest description: the answer to the peer's offer, or our own offer before they made one."""
        if not self._local_sdp:
            self._local_sdp = build_offer(self._local)
        return self._local_sdp

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._is_closed

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
        if self._is_closed:
            return
        self._is_closed = True
        self.stop()
        self.stop_collecting()
        self.stop_recording()
        self.stream.close()
        self._on_closed(self)

    # What treatments ask.

    def play(
        self,
        script: Sequence[Prompt],
        *,
        language: str = "en",
        interruptible: bool = True,
        on_end: Callable[[PlayEnd], None] | None = None,
    ) -> None:
        """Say this once, now; what was being said is stopped. Then the background goes on.

        Args:
            script: Prompts by name, with their numbers; what they are is in `prompts.PROMPTS`.
            language: `en` or `zh`; others are said in English.
            interruptible: Whether any key cuts it short.
            on_end: Told why it is over, exactly once.
        """
        self.stop()
        clips = self._library.clips(script, language)
        self._on_play_end, self._play_interruptible = on_end, interruptible
        self._playback.start([self._library.frames(clip, self.stream.codec) for clip in clips])
        if not self._playback.is_scripted:
            self._end_play(PlayEnd.FINISHED)

    def stop(self) -> None:
        """Stop the script, if one is playing."""
        self._playback.stop()
        self._end_play(PlayEnd.STOPPED)

    def music(self, on: bool) -> None:
        """Put music, or silence, behind everything that is said."""
        self._has_music = on
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
        """Press these keys towards the peer, each about 150 ms with 60 ms between."""
        self.stream.send_digits(digits)

    def press(self, digit: str) -> None:
        """Take a key that came by another way (SIP INFO) as if it had come here."""
        self._hear_digit(digit)

    # Time.

    def tick(self) -> None:
        """Send the 20 ms that are due, and let time pass for what waits."""
        stream = self.stream
        if not stream.begin_tick():
            frame, has_ended = self._playback.next_frame()
            stream.send_frame(frame)
            if has_ended:
                self._end_play(PlayEnd.FINISHED)
        if self._recorder is not None:
            end = self._recorder.tick()
            if end is not None:
                self._end_recording(end)
        if self._collector is not None and not self._playback.is_scripted and self._collector.tick():
            self._end_collect(CollectEnd.TIMEOUT)

    def skip(self, ticks: int) -> None:
        """Move on without sending: the process was held up for too long."""
        self.stream.skip(ticks)

    def report(self, ntp: int) -> None:
        """Send an RTCP report; `ntp` is the 64-bit NTP time."""
        self.stream.report(ntp, f"acd@{self._local.host}")

    # Consequences.

    def _take_remote(self, remote: RemoteAudio) -> None:
        has_changed = remote.codec != self.stream.codec
        self.stream.take_remote(remote)
        if has_changed:
            self.stop()
            self._set_background()

    def _set_background(self) -> None:
        codec = self.stream.codec
        self._playback.set_background(
            self._library.music(codec) if self._has_music else self._library.silence(codec)
        )

    def _raise_version(self) -> None:
        local = self._local
        self._local = LocalEnd(local.host, local.port, local.session_id, local.version + 1)

    def _hear_voice(self, packet: RtpPacket) -> None:
        if self._recorder is not None:
            self._recorder.hear(packet, self.stream.codec)

    def _hear_digit(self, digit: str) -> None:
        if self._playback.is_scripted and self._play_interruptible:
            self._playback.stop()
            self._end_play(PlayEnd.DIGIT)
        if self._recorder is not None and self._recorder.ends_with(digit):
            self._end_recording(RecordingEnd.DIGIT, digit)
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

    def _end_recording(self, end: RecordingEnd, digit: str = "") -> None:
        recorder, file = self._recorder, self._recording_file
        assert recorder is not None and file is not None, "only a running recording ends"
        self._recorder = self._recording_file = None
        recorder.close()
        file.finish(end if recorder.has_words else RecordingEnd.NOTHING_SAID, recorder.duration_ms, digit)

    def _fail_recording(self, file: RecordingFile) -> None:
        if self._recording_file is file:
            self._recorder = self._recording_file = None
