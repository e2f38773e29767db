"""A leg against a telephone, over real sockets."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import struct
import wave
from pathlib import Path

import pytest

from acd.ports import Prompt
from telephony_adapters.sip.media import (
    Collected,
    CollectEnd,
    CollectRules,
    MediaFigures,
    MediaRefused,
    MediaRoom,
    MediaSettings,
    PlayEnd,
    Recording,
    RecordingEnd,
    RecordingRules,
)
from telephony_adapters.sip.media.g711 import ULAW_TO_ALAW
from tests.telephony_adapters.sip.media.conftest import MUSIC, short_library
from tests.telephony_adapters.sip.media.phone import Phone, open_phone

LOUD = bytes([0x10, 0x90] * 80)
QUIET = b"\xff" * 160


async def test_music_is_heard_in_order_and_in_time(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    leg.music(True)
    heard = await phone.until(lambda packets: len(packets) >= 30)
    assert {packet.kind for packet in heard} == {0}
    assert [later.sequence - earlier.sequence for earlier, later in itertools.pairwise(heard)] == [1] * (
        len(heard) - 1
    )
    assert [later.timestamp - earlier.timestamp for earlier, later in itertools.pairwise(heard)] == [160] * (
        len(heard) - 1
    )
    assert b"".join(packet.payload for packet in heard[:6]) == MUSIC * 2
    assert 0.4 < heard[29].at_s - heard[0].at_s < 1.5


async def test_a_law_peers_hear_a_law(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer("8 0 101"))
    leg.music(True)
    heard = await phone.until(lambda packets: len(packets) >= 3)
    assert heard[0].kind == 8
    assert heard[0].payload == MUSIC[:160].translate(ULAW_TO_ALAW)
    assert b"m=audio %d RTP/AVP 8 101" % leg.port in leg.local_sdp


async def test_a_script_interrupts_music_which_goes_on_where_it_was(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    ended: asyncio.Future[PlayEnd] = asyncio.get_running_loop().create_future()
    leg.music(True)
    await phone.until(lambda packets: len(packets) >= 1)
    leg.play([Prompt("goodbye")], on_end=ended.set_result)
    assert await asyncio.wait_for(ended, 5) is PlayEnd.FINISHED
    heard = await phone.until(lambda packets: packets[-1].payload[:1] in MUSIC and len(packets) >= 6)
    first = [packet.payload[0] for packet in heard]
    said = [byte for byte in first if byte >= 0x80]
    before = first.index(said[0])
    assert len(said) == 3 and len(set(said)) == 1
    assert first[before + 3] == MUSIC[160 * (before % 3)], "the music goes on at the next frame"


async def test_a_key_cuts_a_script_short_and_is_collected_once(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[PlayEnd] = loop.create_future()
    chosen: asyncio.Future[Collected] = loop.create_future()
    keys: list[str] = []
    leg.on_digit = keys.append
    leg.play([Prompt("overflow_offer")] * 50, on_end=ended.set_result)
    leg.collect(CollectRules(digits_max=1, allowed="12"), chosen.set_result)
    phone.press(leg.port, "7")
    phone.press(leg.port, "1")
    assert await asyncio.wait_for(ended, 5) is PlayEnd.DIGIT
    assert await asyncio.wait_for(chosen, 5) == Collected("1", CollectEnd.COMPLETE)
    assert keys == ["7", "1"]


async def test_a_script_that_may_not_be_interrupted_is_not(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    ended: asyncio.Future[PlayEnd] = asyncio.get_running_loop().create_future()
    leg.play([Prompt("emergency")], interruptible=False, on_end=ended.set_result)
    phone.press(leg.port, "1")
    assert await asyncio.wait_for(ended, 5) is PlayEnd.FINISHED


async def test_a_customer_who_presses_nothing_times_out_after_the_prompt(
    room: MediaRoom, phone: Phone
) -> None:
    leg = room.open("c1", phone.offer())
    loop = asyncio.get_running_loop()
    chosen: asyncio.Future[tuple[Collected, float]] = loop.create_future()
    ended: asyncio.Future[float] = loop.create_future()
    leg.collect(CollectRules(first_ms_max=60), lambda each: chosen.set_result((each, loop.time())))
    leg.play([Prompt("overflow_offer")] * 4, on_end=lambda _: ended.set_result(loop.time()))
    collected, at_s = await asyncio.wait_for(chosen, 5)
    assert collected == Collected("", CollectEnd.TIMEOUT)
    assert at_s > await ended


async def record(
    room: MediaRoom, phone: Phone, path: Path, rules: RecordingRules, frames: list[bytes], last_key: str = ""
) -> Recording:
    leg = room.open("c1", phone.offer())
    told: asyncio.Future[Recording] = asyncio.get_running_loop().create_future()
    leg.record(path, rules, told.set_result)
    for frame in frames:
        before = len(phone.heard)
        phone.send(leg.port, frame)
        await phone.until(lambda packets, n=before: len(packets) > n)
    if last_key:
        phone.press(leg.port, last_key)
    return await asyncio.wait_for(told, 5)


async def test_words_are_recorded_until_the_hash_key(room: MediaRoom, phone: Phone, tmp_path: Path) -> None:
    path = tmp_path / "new" / "words.wav"
    recording = await record(
        room, phone, path, RecordingRules(), [QUIET] * 3 + [LOUD] * 12 + [QUIET] * 3, "#"
    )
    assert (recording.end, recording.digit) == (RecordingEnd.DIGIT, "#") and recording.failure is None
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() == recording.duration_ms * 8
        samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(-1))
    loud = sum(abs(sample) > 10_000 for sample in samples)
    assert 9 * 160 <= loud <= 12 * 160, "all that was said is there; a frame or two may fall to the clock"


async def test_silence_after_words_ends_a_recording(room: MediaRoom, phone: Phone, tmp_path: Path) -> None:
    rules = RecordingRules(silence_ms_max=100)
    recording = await record(room, phone, tmp_path / "a.wav", rules, [LOUD] * 6)
    assert recording.end is RecordingEnd.SILENCE


async def test_nothing_said_leaves_no_file(room: MediaRoom, phone: Phone, tmp_path: Path) -> None:
    rules = RecordingRules(start_ms_max=100)
    recording = await record(room, phone, tmp_path / "a.wav", rules, [QUIET] * 3)
    assert recording.end is RecordingEnd.NOTHING_SAID
    assert os.listdir(tmp_path) == []


async def test_a_recording_has_a_longest_length(room: MediaRoom, phone: Phone, tmp_path: Path) -> None:
    rules = RecordingRules(length_ms_max=200)
    recording = await record(room, phone, tmp_path / "a.wav", rules, [LOUD] * 10)
    assert (recording.end, recording.duration_ms) == (RecordingEnd.LENGTH_MAX, 200)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() == 1600


async def test_a_full_disk_is_told_and_leaves_nothing(room: MediaRoom, phone: Phone, tmp_path: Path) -> None:
    (tmp_path / "a.wav.part").symlink_to("/dev/full")
    recording = await record(room, phone, tmp_path / "a.wav", RecordingRules(), [LOUD] * 6, "#")
    assert (recording.end, recording.failure) == (RecordingEnd.FAILED, "disk_full")
    assert not (tmp_path / "a.wav").exists()


async def test_a_disk_that_fails_half_way_ends_the_recording_at_once(
    room: MediaRoom, phone: Phone, tmp_path: Path
) -> None:
    (tmp_path / "a.wav.part").symlink_to("/dev/full")
    leg = room.open("c1", phone.offer())
    told: asyncio.Future[Recording] = asyncio.get_running_loop().create_future()
    keys: list[str] = []
    leg.on_digit = keys.append
    leg.record(tmp_path / "a.wav", RecordingRules(), told.set_result)
    for _ in range(75):
        before = len(phone.heard)
        phone.send(leg.port, LOUD)
        await phone.until(lambda packets, n=before: len(packets) > n)
    assert told.done(), "before any rule ended it"
    assert (await asyncio.wait_for(told, 5)).failure == "disk_full"
    leg.record(
        tmp_path / "b.wav", RecordingRules(start_ms_max=40), lambda recording: keys.append(recording.end)
    )
    await phone.until(lambda packets: RecordingEnd.NOTHING_SAID in keys, 5)


async def test_hanging_up_keeps_what_was_said(room: MediaRoom, phone: Phone, tmp_path: Path) -> None:
    leg = room.open("c1", phone.offer())
    told: asyncio.Future[Recording] = asyncio.get_running_loop().create_future()
    leg.record(tmp_path / "a.wav", RecordingRules(), told.set_result)
    for _ in range(6):
        before = len(phone.heard)
        phone.send(leg.port, LOUD)
        await phone.until(lambda packets, n=before: len(packets) > n)
    leg.close()
    assert (await asyncio.wait_for(told, 5)).end is RecordingEnd.STOPPED
    assert (tmp_path / "a.wav").exists()


async def test_a_room_that_closes_has_every_recording_on_the_disk(phone: Phone, tmp_path: Path) -> None:
    room = MediaRoom(MediaSettings(port_min=41_400, port_max=41_403), short_library())
    leg = room.open("c1", phone.offer())
    told: asyncio.Future[Recording] = asyncio.get_running_loop().create_future()
    leg.record(tmp_path / "a.wav", RecordingRules(), told.set_result)
    for _ in range(6):
        before = len(phone.heard)
        phone.send(leg.port, LOUD)
        await phone.until(lambda packets, n=before: len(packets) > n)
    await room.close()
    await room.close()
    assert os.listdir(tmp_path) == ["a.wav"]
    assert told.result().end is RecordingEnd.STOPPED


async def test_keys_are_sent_as_telephone_events(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    leg.send_digits("5#")
    heard = await phone.until(lambda packets: len([each for each in packets if each.kind == 101]) >= 16)
    events = [packet for packet in heard if packet.kind == 101]
    assert [packet.payload[0] for packet in events] == [5] * 8 + [11] * 8
    assert len({packet.timestamp for packet in events}) == 2
    assert [packet.marker for packet in events] == [True, *[False] * 7] * 2
    assert [packet.payload[1] >> 7 for packet in events[:8]] == [0] * 5 + [1] * 3


async def test_a_stranger_cannot_take_the_sound_away(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    stranger = await open_phone()
    phone.send(leg.port, QUIET)
    await phone.until(lambda packets: len(packets) >= 2)
    for _ in range(20):
        stranger.send(leg.port, QUIET)
    stranger.press(leg.port, "1")
    count = len(phone.heard)
    await phone.until(lambda packets: len(packets) >= count + 10)
    assert stranger.heard == []
    assert leg.stream.strangers == 27
    stranger.transport.close()


async def test_a_peer_behind_a_nat_is_answered_where_it_speaks_from(room: MediaRoom, phone: Phone) -> None:
    behind = await open_phone()
    leg = room.open("c1", phone.offer())
    for _ in range(4):
        behind.send(leg.port, QUIET)
    heard = await behind.until(lambda packets: len(packets) >= 5)
    assert len(heard) >= 5
    behind.transport.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"\x00" * 12,
        b"\xff" * 12,
        b"\xbf" + b"\x00" * 11,
        b"\xa0" + b"\x00" * 11,
        b"\x90" + b"\xff" * 14,
    ],
)
async def test_malformed_packets_change_nothing(room: MediaRoom, phone: Phone, data: bytes) -> None:
    leg = room.open("c1", phone.offer())
    for port in (leg.port, leg.port + 1):
        phone.transport.sendto(data, ("127.0.0.1", port))
    phone.press(leg.port, "1")
    keys: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    leg.on_digit = keys.set_result
    assert await asyncio.wait_for(keys, 5) == "1"


async def test_a_flood_is_left_to_the_kernel_until_the_next_tick(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    for _ in range(400):
        phone.send(leg.port, QUIET)
    await phone.until(lambda packets: len(packets) >= 20)
    assert leg.stream.counts.floods >= 1
    assert leg.stream.packets_received > 25, "reading went on"


async def test_a_room_without_free_ports_refuses(phone: Phone) -> None:
    room = MediaRoom(MediaSettings(port_min=41_300, port_max=41_303), short_library())
    first, second = room.open("c1", phone.offer()), room.open("c2", phone.offer())
    with pytest.raises(MediaRefused) as refused:
        room.open("c3", phone.offer())
    assert refused.value.status == 503
    first.close()
    assert room.open("c3", phone.offer()).port == first.port
    assert room.figures().legs == 2
    second.close()
    await room.close()


async def test_ports_held_by_others_are_passed_over(phone: Phone) -> None:
    holder = await open_phone()
    even = holder.port - holder.port % 2
    room = MediaRoom(MediaSettings(port_min=even, port_max=even + 5), short_library())
    assert room.open("c1", phone.offer()).port in (even + 2, even + 4)
    holder.transport.close()
    await room.close()


async def test_a_description_without_g711_is_refused_and_gives_the_port_back(
    room: MediaRoom, phone: Phone
) -> None:
    with pytest.raises(MediaRefused) as refused:
        room.open("c1", phone.offer("18 9"))
    assert refused.value.status == 488
    assert room.figures().legs == 0


async def test_our_own_offer_and_a_later_answer(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", None)
    assert b"m=audio %d RTP/AVP 0 8 101" % leg.port in leg.local_sdp
    leg.accept(phone.offer())
    leg.music(True)
    await phone.until(lambda packets: len(packets) >= 3)


async def test_a_peer_on_hold_hears_nothing_and_is_answered_in_kind(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    await phone.until(lambda packets: len(packets) >= 2)
    version = leg.local_sdp.split(b"\r\n")[1].split()[2]
    answer = leg.answer(phone.offer() + b"a=sendonly\r\n")
    assert b"a=recvonly" in answer
    assert int(answer.split(b"\r\n")[1].split()[2]) == int(version) + 1
    phone.heard.clear()
    told: asyncio.Future[PlayEnd] = asyncio.get_running_loop().create_future()
    leg.play([Prompt("goodbye")], on_end=told.set_result)
    await asyncio.wait_for(told, 5)
    assert phone.heard == []


async def test_a_peer_that_changes_its_codec_hears_the_new_one(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    leg.music(True)
    await phone.until(lambda packets: len(packets) >= 2)
    leg.answer(phone.offer("8 101"))
    heard = await phone.until(lambda packets: [each.kind for each in packets[-3:]] == [8, 8, 8])
    assert heard[-1].payload in [MUSIC[at : at + 160].translate(ULAW_TO_ALAW) for at in (0, 160, 320)]


async def test_reports_of_strangers_are_not_read(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    report = b"\x80\xc8\x00\x06" + b"\x00" * 8 + b"\x12\x34\x56\x78" + b"\x00" * 12
    phone.send(leg.port, QUIET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.sendto(report, ("127.0.0.1", leg.port + 1))
        await phone.until(lambda packets: len(packets) >= 4)
        assert leg.stream.last_report_heard == 0
    phone.transport.sendto(report, ("127.0.0.1", leg.port + 1))
    count = len(phone.heard)
    await phone.until(lambda packets: len(packets) >= count + 4)
    assert leg.stream.last_report_heard == 0x1234


async def test_a_closed_leg_is_silent_and_its_room_sleeps(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    await phone.until(lambda packets: len(packets) >= 2)
    leg.close()
    unsendable = leg.stream.counts.unsendable
    other = room.open("c2", phone.offer())
    ssrc = phone.heard[-1].ssrc
    await phone.until(lambda packets: len([each for each in packets if each.ssrc != ssrc]) >= 5)
    assert leg.stream.counts.unsendable == unsendable
    assert room.figures() == MediaFigures(legs=1, ports_free=99, ticks_skipped=0, refused=0)
    other.close()
    assert room.figures().ports_free == 100


async def test_closing_tells_what_was_running_that_it_stopped(room: MediaRoom, phone: Phone) -> None:
    leg = room.open("c1", phone.offer())
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[PlayEnd] = loop.create_future()
    chosen: asyncio.Future[Collected] = loop.create_future()
    leg.play([Prompt("welcome")], on_end=ended.set_result)
    leg.collect(CollectRules(), chosen.set_result)
    leg.close()
    leg.close()
    assert await ended is PlayEnd.STOPPED
    assert (await chosen).end is CollectEnd.STOPPED
    assert room.figures().legs == 0
