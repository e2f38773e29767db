"""Signing in by password: the same answer, after the same time, for every name that does not get in.

Hashing runs in two threads of its own, so that a crowd at the door does not touch routing; what they cannot
take in time is told to come back. Failures are counted by name and by address.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import argon2
import msgspec

from acd.desk.people import Person
from acd.desk.tokens import Claims, Revocations, TokenRefused, Tokens
from acd.routing.model import PersonId

WAITING_MAX: Final = 2_000
"""How many may wait for a thread; at 20 ms a hash the last one waits 20 s."""
ADDRESS_FACTOR: Final = 20
"""A site of many people stands behind one address, so it may fail this much more often than a name."""
REMEMBERED_MAX: Final = 100_000
REST_DOUBLINGS_MAX: Final = 5

PERSON: Final = "person:"
"""Before the name of a person all of whose sign-ins are revoked; no sign-in has such an id."""


class SignInRefused(Exception):
    """The sign-in did not succeed. `retry_ms` of 0: nothing is gained by waiting."""

    def __init__(self, code: str, retry_ms: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_ms = retry_ms


class _Tries(msgspec.Struct):
    failures: int = 0
    rests: int = 0
    until_ms: int = 0


class Failures:
    """Counts failures by key; after `tries_max` of them the key rests, each time twice as long."""

    def __init__(self, tries_max: int, rest_ms: int) -> None:
        self._tries_max = tries_max
        self._rest_ms = rest_ms
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def rest_ms(self, key: str, now_ms: int) -> int:
        """Return how long the key must still rest; 0: it may try."""
        tries = self._tries.get(key)
        return max(0, tries.until_ms - now_ms) if tries else 0

    def fail(self, key: str, now_ms: int) -> None:
        """Count a failure."""
        tries = self._tries.setdefault(key, _Tries())
        self._tries.move_to_end(key)
        if len(self._tries) > REMEMBERED_MAX:
            self._tries.popitem(last=False)
        tries.failures += 1
        if tries.failures >= self._tries_max:
            tries.failures = 0
            tries.until_ms = now_ms + (self._rest_ms << min(tries.rests, REST_DOUBLINGS_MAX))
            tries.rests += 1

    def succeed(self, key: str) -> None:
        """Forget the failures of a key."""
        self._tries.pop(key, None)


class SignIn:
    """The door: people, their passwords, their tokens."""

    def __init__(
        self,
        tokens: Tokens,
        revocations: Revocations,
        now_ms: Callable[[], int],
        tries_max: int,
        rest_ms: int,
    ) -> None:
        self._tokens = tokens
        self._revocations = revocations
        self._now_ms = now_ms
        self._by_name = Failures(tries_max, rest_ms)
        self._by_address = Failures(tries_max * ADDRESS_FACTOR, rest_ms)
        self._threads = ThreadPoolExecutor(2, "sign-in")
        self._waiting = 0
        self._hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._nobody = self._hasher.hash("nobody")
        self._people: dict[str, Person] = {}
        self._versions: dict[str, str] = {}

    def set_people(self, people: Iterable[Person]) -> None:
        """Replace everybody. Names that do not exist are hashed with the parameters of the first who has a hash."""
        self._people = {person.person: person for person in people}
        self._versions = {name: person.version for name, person in self._people.items()}
        for person in self._people.values():
            if person.password_hash:
                parameters = argon2.extract_parameters(person.password_hash)
                self._hasher = argon2.PasswordHasher.from_parameters(parameters)
                self._nobody = self._hasher.hash("nobody")
                return

    @property
    def people(self) -> Mapping[str, Person]:
        """Everybody who may sign in, by id."""
        return self._people

    async def enter(self, name: str, password: str, address: str) -> tuple[str, Claims, Person]:
        """Check a password and return a token with what it says.

        Raises:
            SignInRefused: `sign_in_failed`, `too_many_tries` (also for names that do not exist), `overloaded`.
        """
        now_ms = self._now_ms()
        rest_ms = max(self._by_name.rest_ms(name, now_ms), self._by_address.rest_ms(address, now_ms))
        if rest_ms:
            raise SignInRefused("too_many_tries", rest_ms)
        if self._waiting >= WAITING_MAX:
            raise SignInRefused("overloaded", 5_000)
        person = self._people.get(name)
        known = person.password_hash if person else ""
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            matches = await loop.run_in_executor(self._threads, self._verify, known or self._nobody, password)
        finally:
            self._waiting -= 1
        now_ms = self._now_ms()
        # Whoever was changed or removed while the thread worked is judged by what is in force now.
        if not (matches and known and person and self._people.get(name) == person):
            self._by_name.fail(name, now_ms)
            self._by_address.fail(address, now_ms)
            raise SignInRefused("sign_in_failed")
        self._by_name.succeed(name)
        return self._issue(person, now_ms)

    def renew(self, token: str) -> tuple[str, Claims, Person]:
        """Return a newer token of the same sign-in.

        Raises:
            TokenRefused: The token is not good, or the shift is over.
        """
        claims, person = self.check(token)
        return self._issue(person, self._now_ms(), claims)

    def check(self, token: str) -> tuple[Claims, Person]:
        """Return what a token says and whose it is.

        Raises:
            TokenRefused: Not good, expired, revoked, or the person is gone or changed.
        """
        claims = self._tokens.check(token, self._now_ms())
        person = self.person_of(claims)
        if person is None:
            raise TokenRefused("revoked, or the person is gone or changed")
        return claims, person

    def person_of(self, claims: Claims) -> Person | None:
        """Return the person while the claims still hold, as of now; None: they do not."""
        person = self._people.get(claims.sub)
        if person is None or self._versions[claims.sub] != claims.version:
            return None
        if claims.sid in self._revocations or self._now_ms() >= claims.expires_at_ms:
            return None
        revoked_until_ms = self._revocations.until_ms(f"{PERSON}{claims.sub}")
        if (
            revoked_until_ms is not None
            and claims.signed_in_at_ms <= revoked_until_ms - self._tokens.shift_ms_max
        ):
            return None
        return person

    def revoke_person(self, name: str) -> None:
        """Kill all tokens of all sign-ins of a person that were issued up to now, at once and for good."""
        now_ms = self._now_ms()
        self._revocations.add(f"{PERSON}{name}", now_ms + self._tokens.shift_ms_max, now_ms)

    def revoke(self, claims: Claims) -> None:
        """Kill all tokens of a sign-in, at once and for good."""
        now_ms = self._now_ms()
        self._revocations.add(claims.sid, now_ms + self._tokens.shift_ms_max, now_ms)

    def close(self) -> None:
        """End the threads; hashes in work are finished first."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _issue(
        self, person: Person, now_ms: int, earlier: Claims | None = None
    ) -> tuple[str, Claims, Person]:
        version = self._versions[person.person]
        if earlier is None:
            token = self._tokens.issue(PersonId(person.person), version, now_ms)
        else:
            token = self._tokens.issue(person.person, version, now_ms, earlier.sid, earlier.signed_in_at_ms)
        return token, self._tokens.check(token, now_ms), person

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError, UnicodeError):
            return False
