"""What one source may do: limits that stand in front of the parser, and bans after wrong passwords.

Pure: time is passed in. A source is a host. Known peers (a call in progress, a registered telephone, a trunk)
have a larger bucket, so that a flood by strangers leaves them alone (attack S20). All tables have a limit; at
the limit the oldest entry goes.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

SOURCES_MAX: Final = 20_000
FAILURES_MAX: Final = 10
FAILURE_WINDOW_MS: Final = 60_000
BAN_MS: Final = 60_000
BAN_MS_MAX: Final = 3_600_000


class Rates(msgspec.Struct, frozen=True):
    """Datagrams a second and burst, for strangers and for known peers."""

    stranger_per_s: int = 50
    stranger_burst: int = 200
    known_per_s: int = 5_000
    known_burst: int = 20_000


class _Bucket:
    __slots__ = ("at_ms", "is_known", "left")

    def __init__(self, left: float, at_ms: int) -> None:
        self.left = left
        self.at_ms = at_ms
        self.is_known = False


class _Failures:
    __slots__ = ("ban_ms", "count", "since_ms", "until_ms")

    def __init__(self, now_ms: int) -> None:
        self.count = 0
        self.since_ms = now_ms
        self.until_ms = 0
        self.ban_ms = BAN_MS


class SourceLimits:
    """Who may send how much, and who is banned."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self.dropped = 0
        """Datagrams thrown away unread."""

    def admits(self, host: str, now_ms: int) -> bool:
        """Whether a datagram of this host is to be read at all."""
        bucket = self._buckets.get(host)
        if bucket is None:
            bucket = _Bucket(self._rates.stranger_burst, now_ms)
            self._buckets[host] = bucket
            if len(self._buckets) > SOURCES_MAX:
                self._buckets.popitem(last=False)
        rate, burst = self._rates.stranger_per_s, self._rates.stranger_burst
        if bucket.is_known:
            rate, burst = self._rates.known_per_s, self._rates.known_burst
        bucket.left = min(burst, bucket.left + (now_ms - bucket.at_ms) * rate / 1000)
        bucket.at_ms = now_ms
        if bucket.left < 1 or (self._failures and self.is_banned(host, now_ms)):
            self.dropped += 1
            return False
        bucket.left -= 1
        return True

    def trust(self, host: str) -> None:
        """Give a host that has shown who it is the larger bucket."""
        bucket = self._buckets.get(host)
        if bucket is not None and not bucket.is_known:
            bucket.is_known = True
            bucket.left = self._rates.known_burst

    def note_failure(self, key: str, now_ms: int) -> None:
        """Count a wrong password of a host (or a user); too many in a minute ban it, each time for longer."""
        failures = self._failures.get(key)
        if failures is None:
            failures = self._failures[key] = _Failures(now_ms)
            if len(self._failures) > SOURCES_MAX:
                self._failures.popitem(last=False)
        if now_ms - failures.since_ms > FAILURE_WINDOW_MS:
            failures.count, failures.since_ms = 0, now_ms
        failures.count += 1
        if failures.count >= FAILURES_MAX:
            failures.until_ms = now_ms + failures.ban_ms
            failures.ban_ms = min(failures.ban_ms * 2, BAN_MS_MAX)
            failures.count = 0

    def is_banned(self, key: str, now_ms: int) -> bool:
        """Whether a host (or a user) is banned now."""
        failures = self._failures.get(key)
        return failures is not None and failures.until_ms > now_ms

    def note_success(self, key: str) -> None:
        """Forget the failures of a host (or a user) that has shown who it is."""
        self._failures.pop(key, None)
