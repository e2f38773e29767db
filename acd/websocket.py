"""The websocket of every door of the house: aiohttp's, held to RFC 6455 where it is not."""

from __future__ import annotations

from aiohttp import WSCloseCode, web


class Websocket(web.WebSocketResponse):
    """As aiohttp's, but a close frame with a code that no peer may send is answered as the error that it is."""

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """Close as aiohttp does. The peer's 1006 is answered by 1002: RFC 6455, section 7.4.1."""
        if self.close_code == WSCloseCode.ABNORMAL_CLOSURE:
            code = WSCloseCode.PROTOCOL_ERROR
        return await super().close(code=code, message=message, drain=drain)
