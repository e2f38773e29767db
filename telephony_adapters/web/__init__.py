"""Chats from the customer page; `PROTOCOL.md` is what the page is written from."""

from telephony_adapters.web.adapter import WebAdapter
from telephony_adapters.web.settings import WebSettings

__all__ = ["WebAdapter", "WebSettings"]
