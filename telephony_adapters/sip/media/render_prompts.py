"""Renders the clips: run once by whoever changes the words, never by the server.

    python -m telephony_adapters.sip.media.render_prompts

Needs, beside the server's own, hibari-tts, pypinyin, numpy and soxr, and the program espeak-ng, none of which the
server needs. English is spoken by hibari (Apache-2.0), Mandarin by espeak-ng from pinyin; the music and the tone
are computed. A text file beside the clips (`RENDERED`) remembers the words of each, so that only changed ones are
rendered again.
"""

from __future__ import annotations

import importlib
import io
import json
import math
import struct
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from typing import Any, Final

from telephony_adapters.sip.media.compose_music import compose
from telephony_adapters.sip.media.g711 import encode_linear
from telephony_adapters.sip.media.prompts import CLIPS_FOLDER, sayable_numbers
from telephony_adapters.sip.media.wording import (
    ENGLISH,
    MANDARIN,
    english_words,
    mandarin_digit,
    mandarin_words,
)

RATE_HZ: Final = 8000
_SPEECH_RMS: Final = 0.10
_MUSIC_RMS: Final = 0.055
_QUIET: Final = 0.006
_RENDERED: Final = "RENDERED.json"
_ESPEAK: Final = ("espeak-ng", "-v", "cmn-latn-pinyin", "-s", "155", "-p", "55", "--stdout")


def main() -> int:
    """Render what is missing or has changed; return the exit status."""
    remembered = CLIPS_FOLDER / _RENDERED
    done: dict[str, str] = json.loads(remembered.read_text()) if remembered.exists() else {}
    speakers: dict[str, Callable[[str], Any]] = {}
    wanted = dict(_wanted())
    for name, words in wanted.items():
        path = CLIPS_FOLDER / f"{name}.wav"
        if done.get(name) == words and path.exists():
            continue
        language = name.partition("/")[0]
        if language not in speakers:
            speakers[language] = _SPEAKERS[language]()
        tail_s = 0.05 if words and name.partition("/")[2][:1] in "nd" and name[-1].isdigit() else 0.12
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(build_wav(_ulaw(_levelled(speakers[language](words), tail_s, language))))
        done[name] = words
        sys.stdout.write(f"{name}: {path.stat().st_size} bytes\n")
    words_by_name = {name: wanted[name] for name in sorted(wanted)}
    remembered.write_text(json.dumps(words_by_name, indent=0, ensure_ascii=False) + "\n")
    return 0


def _wanted() -> Iterator[tuple[str, str]]:
    yield "music", ""
    yield "tone", ""
    for clip, words in ENGLISH.items():
        yield f"en/{clip}", words
    for clip, words in MANDARIN.items():
        yield f"zh/{clip}", words
    for number in sayable_numbers():
        yield f"en/n{number}", english_words(number)
        yield f"zh/n{number}", mandarin_words(number)
    for digit in range(10):
        yield f"en/d{digit}", english_words(digit)
        yield f"zh/d{digit}", mandarin_digit(digit)


def _english_speaker() -> Callable[[str], Any]:
    voice = importlib.import_module("hibari").Hibari()
    soxr = importlib.import_module("soxr")

    def speak(words: str) -> Any:
        text = words if words[-1] in ".,?" else f"{words},"
        return soxr.resample(voice(text, speed=0.95, seed=7), 24_000, RATE_HZ, quality="VHQ")

    return speak


def _mandarin_speaker() -> Callable[[str], Any]:
    pypinyin = importlib.import_module("pypinyin")
    numpy = importlib.import_module("numpy")
    soxr = importlib.import_module("soxr")

    def speak(words: str) -> Any:
        syllables = pypinyin.lazy_pinyin(words, style=pypinyin.Style.TONE3, neutral_tone_with_five=True)
        text = " ".join(syllables).replace("，", ",").replace("。", ".")
        said = subprocess.run([*_ESPEAK, text], check=True, capture_output=True, timeout=30).stdout
        with wave.open(io.BytesIO(said)) as file:
            samples = numpy.frombuffer(file.readframes(-1), dtype="<i2").astype("float32") / 32_768
            return soxr.resample(samples, file.getframerate(), RATE_HZ, quality="VHQ")

    return speak


def _player_of(make: Callable[[], list[float]]) -> Callable[[], Callable[[str], Any]]:
    def speaker() -> Callable[[str], Any]:
        numpy = importlib.import_module("numpy")
        return lambda _: numpy.array(make(), dtype="float32")

    return speaker


def _tone() -> list[float]:
    length = int(0.35 * RATE_HZ)
    edge = 0.02 * RATE_HZ
    return [
        0.5 * min(1.0, at / edge, (length - at) / edge) * math.sin(2 * math.pi * 880 * at / RATE_HZ)
        for at in range(length)
    ]


_SPEAKERS: Final[dict[str, Callable[[], Callable[[str], Any]]]] = {
    "en": _english_speaker,
    "zh": _mandarin_speaker,
    "music": _player_of(compose),
    "tone": _player_of(_tone),
}


def _levelled(sound: Any, tail_s: float, language: str) -> Any:
    """Cut silence off the ends (never off the music) and bring all clips to one loudness."""
    numpy = importlib.import_module("numpy")
    if language != "music":
        loud = numpy.flatnonzero(numpy.abs(sound) > _QUIET)
        first, last = max(0, loud[0] - 160), min(len(sound), loud[-1] + 240)
        sound = numpy.concatenate([sound[first:last], numpy.zeros(int(tail_s * RATE_HZ), dtype="float32")])
    voiced = sound[numpy.abs(sound) > _QUIET]
    gain = (_MUSIC_RMS if language == "music" else _SPEECH_RMS) / float(numpy.sqrt(numpy.mean(voiced**2)))
    return numpy.clip(sound * gain, -0.95, 0.95)


def build_wav(ulaw: bytes) -> bytes:
    """Return a WAV file of mu-law audio; written here because the wave module knows no mu-law."""
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, 7, 1, RATE_HZ, RATE_HZ, 1, 8, 0)
    padded = ulaw + b"\xff" * (len(ulaw) % 2)
    chunk = b"data" + struct.pack("<I", len(ulaw)) + padded
    return b"RIFF" + struct.pack("<I", 4 + len(form) + len(chunk)) + b"WAVE" + form + chunk


def _ulaw(sound: Any) -> bytes:
    linear: bytes = (sound * 32_767).astype("<i2").tobytes()
    return encode_linear(linear)


if __name__ == "__main__":
    sys.exit(main())
