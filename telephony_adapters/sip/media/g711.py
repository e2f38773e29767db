"""G.711: the two codecs that every telephone speaks, and what we measure on their frames.

A frame is 20 ms at 8 kHz: 160 bytes. Everything we say is kept in mu-law and translated by one table where a
peer speaks A-law; everything we record is 16-bit linear. Pure: no sockets, no files.
"""

from __future__ import annotations

import warnings
from typing import Final

with warnings.catch_warnings():
    # Python 3.11 and 3.12 announce the module's end; from 3.13 on audioop-lts brings the same module.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

FRAME_MS: Final = 20
FRAME_BYTES: Final = 160
SAMPLES_PER_MS: Final = 8
PCMU: Final = 0
"""Static payload type of mu-law. Source: RFC 3551 section 6."""
PCMA: Final = 8
"""Static payload type of A-law. Source: RFC 3551 section 6."""

_EVERY_BYTE: Final = bytes(range(256))
ULAW_TO_ALAW: Final = audioop.lin2alaw(audioop.ulaw2lin(_EVERY_BYTE, 2), 2)
SILENCE: Final[dict[int, bytes]] = {PCMU: b"\xff" * FRAME_BYTES, PCMA: b"\xd5" * FRAME_BYTES}


def encode_frame(ulaw: bytes, payload_type: int) -> bytes:
    """Return mu-law audio in the codec of the payload type."""
    return ulaw if payload_type == PCMU else ulaw.translate(ULAW_TO_ALAW)


def decode_frame(payload: bytes, payload_type: int) -> bytes:
    """Return 16-bit linear little-endian audio of a received G.711 payload."""
    if payload_type == PCMU:
        return audioop.ulaw2lin(payload, 2)
    return audioop.alaw2lin(payload, 2)


def encode_linear(linear: bytes) -> bytes:
    """Return 16-bit linear audio as mu-law."""
    return audioop.lin2ulaw(linear, 2)


def loudness(linear: bytes) -> int:
    """Return the root mean square of 16-bit audio: 0 to 32767; quiet speech is about 500."""
    return audioop.rms(linear, 2)


def slice_frames(ulaw: bytes, payload_type: int) -> list[bytes]:
    """Cut mu-law audio into frames of the codec; the last one is filled up with silence."""
    audio = encode_frame(ulaw, payload_type)
    missing = -len(audio) % FRAME_BYTES
    audio += SILENCE[payload_type][:missing]
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]
