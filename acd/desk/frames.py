"""Frames of the websocket as bytes, so that one frame can be written to many sockets. RFC 6455, section 5.2.

Frames of a server are never masked. Only whole messages are written, so an extended length is all there is to it.
"""

from __future__ import annotations

import struct
from typing import Final

from acd.desk.messages import JSON_SUBPROTOCOL, AnyServerMessage, encode_server_message

_TEXT: Final = 0x81
_BINARY: Final = 0x82


def build_frame(payload: bytes, subprotocol: str) -> bytes:
    """Return a final frame: text under JSON, binary under MessagePack."""
    first = _TEXT if subprotocol == JSON_SUBPROTOCOL else _BINARY
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65_536:
        return struct.pack("!BBH", first, 126, length) + payload
    return struct.pack("!BBQ", first, 127, length) + payload


def build_message_frame(message: AnyServerMessage, subprotocol: str) -> bytes:
    """Return a message as a frame."""
    return build_frame(encode_server_message(message, subprotocol), subprotocol)
