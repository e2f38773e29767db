"""Customers: one account over all identities, one timeline over all channels, and what was written in chats."""

from acd.customers.room import CustomerRoom
from acd.customers.transcripts import TranscriptRoom

__all__ = ["CustomerRoom", "TranscriptRoom"]
