"""The music on hold: a small piece of our own, written as numbers and played by arithmetic.

Eight bars, 80 beats a minute, 24 seconds, for a soft pad, a plucked voice and a sparse tune. Every note's tail
runs over the end into the beginning, so the loop has no seam. Nothing here is taken from any other piece.
"""

from __future__ import annotations

import math
from typing import Final

RATE_HZ: Final = 8000
_BEAT_S: Final = 0.75
_BARS: Final = 8
LOOP_SAMPLES: Final = int(_BARS * 4 * _BEAT_S * RATE_HZ)

# Notes are MIDI numbers; each bar names its chord from the bottom.
_CHORDS: Final = (
    (48, 55, 64, 67, 71),
    (45, 57, 60, 64, 67),
    (41, 53, 60, 65, 69),
    (43, 55, 62, 64, 69),
    (52, 55, 62, 67, 71),
    (45, 57, 60, 67, 72),
    (50, 57, 60, 65, 64),
    (43, 55, 60, 65, 69),
)
_PLUCKS: Final = (1, 3, 2, 4, 3, 2, 4, 2)
"""Which note of the chord on each half beat."""
_TUNE: Final = (
    # bar, beat, note, beats
    (0, 1.0, 79, 1.5), (0, 3.0, 76, 1.0), (1, 0.5, 74, 1.0), (1, 2.0, 72, 2.0),
    (2, 1.0, 77, 1.0), (2, 2.5, 76, 1.5), (3, 1.0, 74, 3.0),
    (4, 0.5, 74, 1.0), (4, 2.0, 79, 1.0), (4, 3.0, 83, 1.0), (5, 0.5, 81, 1.5), (5, 2.5, 79, 1.5),
    (6, 1.0, 77, 1.0), (6, 2.5, 76, 0.5), (6, 3.0, 74, 1.0), (7, 0.0, 72, 2.0), (7, 2.5, 74, 1.5),
)  # fmt: skip


def compose() -> list[float]:
    """Return one loop, 8 kHz, between -1 and 1."""
    sound = [0.0] * LOOP_SAMPLES
    for bar, chord in enumerate(_CHORDS):
        start = bar * 4 * _BEAT_S
        for note in chord[1:]:
            _pad(sound, start, note)
        _pluck(sound, start, chord[0] + 12, 0.20, 1.6)
        for half, voice in enumerate(_PLUCKS):
            _pluck(sound, start + half * _BEAT_S / 2, chord[voice] + 12, 0.11 if half % 2 else 0.15, 0.9)
    for bar, beat, note, beats in _TUNE:
        _pluck(sound, (bar * 4 + beat) * _BEAT_S, note, 0.24, 0.5 + beats * _BEAT_S)
    peak = max(abs(sample) for sample in sound)
    return [sample / peak for sample in sound]


def _hertz(note: int) -> float:
    return 440.0 * math.pow(2.0, (note - 69) / 12)


def _pad(sound: list[float], start_s: float, note: int) -> None:
    step = 2 * math.pi * _hertz(note) / RATE_HZ
    length = int((4 * _BEAT_S + 0.8) * RATE_HZ)
    first = int(start_s * RATE_HZ)
    for at in range(length):
        swell = math.sin(math.pi * at / length) ** 0.7
        wave = math.sin(step * at) + 0.5 * math.sin(step * 1.003 * at) + 0.18 * math.sin(2 * step * at)
        sound[(first + at) % LOOP_SAMPLES] += 0.035 * swell * wave


def _pluck(sound: list[float], start_s: float, note: int, strength: float, seconds: float) -> None:
    step = 2 * math.pi * _hertz(note) / RATE_HZ
    first = int(start_s * RATE_HZ)
    for at in range(int(seconds * 2 * RATE_HZ)):
        age = at / RATE_HZ
        attack = min(1.0, age / 0.008)
        bell = math.exp(-age * 9) * 0.8
        wave = math.sin(step * at + bell * math.sin(2 * step * at)) * math.exp(-age * 2.6 / seconds)
        sound[(first + at) % LOOP_SAMPLES] += strength * attack * wave
