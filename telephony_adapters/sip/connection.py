"""The UDP socket: datagrams in, past the limits of their source, and out. Knows nothing of SIP."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Final, cast

from telephony_adapters.sip.limits import SourceLimits
from telephony_adapters.sip.transactions import Peer

log = logging.getLogger(__name__)
Heard = Callable[[bytes, Peer], None]
RECEIVE_BUFFER_BYTES: Final = 4 * 1024 * 1024


class UdpConnection(asyncio.DatagramProtocol):
    """One listening socket."""

    def __init__(self, heard: Heard, limits: SourceLimits) -> None:
        self._heard = heard
        self._limits = limits
        self._transport: asyncio.DatagramTransport | None = None
        self._loop = asyncio.get_running_loop()
        self.errors = 0
        """Datagrams that the system would not send, and its notices of unreachable peers."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called once by asyncio."""
        self._transport = cast(asyncio.DatagramTransport, transport)  # the loops' own classes do not say so

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by asyncio for each datagram. Keep-alives are dropped here."""
        if len(data) <= 4:
            return
        if self._limits.admits(addr[0], int(self._loop.time() * 1000)):
            self._heard(data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """Called by asyncio, for example after an ICMP message: the transaction's timers say what follows."""
        self.errors += 1

    def send(self, data: bytes, peer: Peer) -> None:
        """Send a datagram; what the system refuses is lost like any other."""
        if self._transport is None or self._transport.is_closing():
            return
        try:
            self._transport.sendto(data, peer)
        except (OSError, ValueError):
            self.errors += 1

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


async def open_udp(host: str, port: int, heard: Heard, limits: SourceLimits) -> tuple[UdpConnection, Peer]:
    """Open the socket; returns it and its address.

    Raises:
        OSError: The address is taken, or not ours.
    """
    loop = asyncio.get_running_loop()
    transport, connection = await loop.create_datagram_endpoint(
        lambda: UdpConnection(heard, limits), local_addr=(host, port)
    )
    # A burst waits in the kernel while the loop is busy; the system may grant less.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    name = transport.get_extra_info("sockname")
    return connection, (name[0], name[1])


def explain(error: OSError, host: str, port: int) -> tuple[str, str]:
    """Return what was found and what the operator can do, about an address that cannot be opened."""
    if error.errno == errno.EADDRINUSE:
        return f"UDP port {port} on {host} taken by another program", "a free port: stop it, or set another"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host}, which is no address of this machine", "one of its addresses in sip.host"
    if error.errno == errno.EACCES:
        return f"port {port}, which this user may not open", "a port above 1023"
    return f"{host}:{port}, which cannot be opened ({error})", "an address of this machine and a free port"
