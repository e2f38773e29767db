"""What the operator says of each switch. Built by the configuration, checked there; plain data here."""

from __future__ import annotations

import hashlib
import hmac

import msgspec


class SwitchSettings(msgspec.Struct, frozen=True):
    """One switch. `source` is what it calls itself in every event: letters, digits, dots, dashes, slashes."""

    source: str
    key_sha256: str
    """Hex digest of its key (at least 32 random characters, so that a fast hash is enough)."""
    webhook_url: str = ""
    """Where orders are posted; empty: the switch takes them by websocket."""
    webhook_secrets: tuple[str, ...] = ()
    """Base64, at least 24 bytes each; two while one is being changed. Every order is signed with all."""
    allow_private: bool = False
    """Whether the webhook may lie in a private or loopback network."""

    def is_key(self, key: str) -> bool:
        """Say whether this is the switch's key, in constant time."""
        digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        return hmac.compare_digest(digest, self.key_sha256)


class CtiSettings(msgspec.Struct, frozen=True):
    """All switches that may connect."""

    switches: tuple[SwitchSettings, ...] = ()
    country: str = ""
    """Whose numbers come without a country code, as in `acd.numbers`."""
    events_per_s_max: int = 2_000
    """Per switch; above it the answer is 429."""
