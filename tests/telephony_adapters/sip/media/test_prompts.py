"""Every prompt can be said, in both languages, with any number."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.ports import Prompt
from telephony_adapters.sip.media import (
    ClipMissing,
    PromptLibrary,
    message_script,
    position_script,
    queued_script,
)
from telephony_adapters.sip.media.g711 import PCMA, PCMU
from telephony_adapters.sip.media.prompts import (
    CLIPS_FOLDER,
    LANGUAGES,
    PROMPTS,
    clips_of,
    parse_wav,
    required_clips,
)
from telephony_adapters.sip.media.render_prompts import build_wav
from telephony_adapters.sip.media.wording import ENGLISH, MANDARIN, english_words, mandarin_words


def test_the_clips_that_are_needed_are_there_and_no_others() -> None:
    library = PromptLibrary.load()
    there = {str(path.relative_to(CLIPS_FOLDER).with_suffix("")) for path in CLIPS_FOLDER.rglob("*.wav")}
    assert there == set(required_clips())
    for name in required_clips():
        frames = library.frames(name, PCMU)
        assert 5 < len(frames) < 50 * 25, f"{name} is between 0.1 and 25 s long"
        assert len(set(frames)) > 3, f"{name} is not silence"


def test_the_package_stays_small() -> None:
    assert sum(path.stat().st_size for path in CLIPS_FOLDER.rglob("*.wav")) < 3_000_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_can_be_said_with_any_number(language: str) -> None:
    known = set(required_clips())
    for name in PROMPTS:
        for number in (-1, *range(101), 10**9):
            assert set(clips_of(Prompt(name, number=number, digits="+86 (10) 0189"), language)) <= known


def test_numbers_and_digits_are_said_as_people_do() -> None:
    assert clips_of(Prompt("position", number=7), "en") == [
        "en/position_before",
        "en/n7",
        "en/position_after",
    ]
    assert clips_of(Prompt("position", number=87), "zh")[1:3] == ["zh/n80", "zh/n7"]
    assert clips_of(Prompt("position", number=50), "zh")[1:-1] == ["zh/n50"]
    assert clips_of(Prompt("position", number=1), "en") == ["en/position_next"]
    assert clips_of(Prompt("position", number=100), "en") == ["en/position_many"]
    assert clips_of(Prompt("intake_ticket", digits="T-4 07"), "en")[1:-1] == ["en/d4", "en/d0", "en/d7"]
    assert len(clips_of(Prompt("intake_ticket", digits="1" * 1000), "en")) == 22


def test_words_of_numbers() -> None:
    assert [english_words(each) for each in (0, 9, 10, 19, 20, 21, 99)] == [
        "zero", "nine", "ten", "nineteen", "twenty", "twenty one", "ninety nine",
    ]  # fmt: skip
    assert [mandarin_words(each) for each in (3, 10, 11, 20, 99)] == ["三", "十", "十一", "二十", "九十九"]


def test_both_languages_have_the_same_clips() -> None:
    assert ENGLISH.keys() == MANDARIN.keys()


def test_an_unknown_language_is_answered_in_english() -> None:
    library = PromptLibrary.load()
    assert library.clips([Prompt("goodbye")], "fr") == ["en/goodbye"]


def test_frames_are_shared_and_cut_once() -> None:
    library = PromptLibrary.load()
    assert library.music(PCMA) is library.music(PCMA)
    assert all(len(frame) == 160 for frame in library.music(PCMA))


def test_a_missing_or_wrong_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClipMissing, match=r"music\.wav"):
        PromptLibrary.load(tmp_path)
    (tmp_path / "music.wav").write_bytes(b"RIFF....WAVEfmt ")
    with pytest.raises(ClipMissing, match=r"music\.wav"):
        PromptLibrary.load(tmp_path)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd"])
def test_what_is_no_wav_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_wav(data)


def test_a_wav_of_another_kind_is_refused_by_name() -> None:
    wav = build_wav(b"\xff" * 160)
    with pytest.raises(ValueError, match="format 6"):
        parse_wav(wav.replace(b"\x12\0\0\0\x07", b"\x12\0\0\0\x06"))
    assert parse_wav(wav) == b"\xff" * 160


def test_treatments_are_made_of_prompts() -> None:
    assert [prompt.name for prompt in queued_script(3, 61_000)] == [
        "welcome",
        "queue_greeting",
        "position",
        "wait",
    ]
    assert position_script(3, 61_000)[1] == Prompt("wait", number=2)
    assert position_script(3, 1)[1] == Prompt("wait", number=1)
    assert position_script(0, None) == []
    assert [prompt.name for prompt in message_script("closed")] == ["closed", "goodbye"]
    assert [prompt.name for prompt in message_script("no such")] == ["unavailable", "goodbye"]
