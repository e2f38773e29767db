"""The UDP ports of legs: an even one for RTP and the odd one above it for RTCP, from a configured range.

A pair goes back to the end of the pool, so that late packets of an old call do not meet the next one. A pair
that another program holds is passed over and kept at the end. Source: RFC 3550 section 11.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from typing import Final, NamedTuple

from telephony_adapters.sip.media.errors import MediaRefused

TRIES_MAX: Final = 64


class SocketPair(NamedTuple):
    """Two bound, non-blocking sockets of one leg."""

    port: int
    rtp: socket.socket
    rtcp: socket.socket


class PortPool:
    """Gives out socket pairs; `in_use` and `passed_over` are for the metrics."""

    def __init__(self, bind_host: str, port_min: int, port_max: int) -> None:
        """Use the ports from `port_min` to `port_max`, both included; at least one even-odd pair."""
        first = port_min + port_min % 2
        self._free = deque(range(first, port_max, 2))
        assert self._free, f"no pair of ports between {port_min} and {port_max}"
        self._bind_host = bind_host
        self._family = socket.AF_INET6 if ":" in bind_host else socket.AF_INET
        self.in_use = 0
        self.passed_over = 0

    @property
    def free(self) -> int:
        """How many pairs may still be given out, those held by other programs included."""
        return len(self._free)

    def open_pair(self) -> SocketPair:
        """Bind the next free pair.

        Raises:
            MediaRefused: Status 503: all pairs are in use, or other programs hold those that were tried.
        """
        for _ in range(min(TRIES_MAX, len(self._free))):
            port = self._free.popleft()
            pair = self._bind(port)
            if pair is not None:
                self.in_use += 1
                return pair
            self._free.append(port)
            self.passed_over += 1
        raise MediaRefused(
            503, f"no free RTP port: {self.in_use} pairs in use, {len(self._free)} held by others"
        )

    def close_pair(self, pair: SocketPair) -> None:
        """Close both sockets and take the pair back."""
        pair.rtp.close()
        pair.rtcp.close()
        self._free.append(pair.port)
        self.in_use -= 1

    def _bind(self, port: int) -> SocketPair | None:
        with contextlib.ExitStack() as opened:
            try:
                rtp = opened.enter_context(self._bound(port))
                rtcp = opened.enter_context(self._bound(port + 1))
            except OSError:
                return None
            opened.pop_all()
            return SocketPair(port, rtp, rtcp)

    def _bound(self, port: int) -> socket.socket:
        try:
            each = socket.socket(self._family, socket.SOCK_DGRAM)
        except OSError as error:
            raise MediaRefused(503, f"no file descriptor for a leg: {error}") from error
        try:
            each.setblocking(False)
            with contextlib.suppress(OSError):
                # Voice first where the network looks at it (DSCP EF). Source: RFC 4594 section 4.1.
                each.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xB8)
            each.bind((self._bind_host, port))
        except OSError:
            each.close()
            raise
        return each
