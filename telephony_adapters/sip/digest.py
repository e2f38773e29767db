"""Digest authentication (RFC 7616, RFC 8760): who a telephone says it is.

Pure: time and secrets are passed in. A nonce is bound to the source's host and a moment by a keyed hash, so that
none need be remembered before it is used; once used, its counter must grow. A user who does not exist costs
the same work and gets the same answer as one with a wrong password (attack S14). Invariant: no answer tells
more than "not with these words".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import SipRequest
from telephony_adapters.sip.uri import iter_matches, parse_uri, quote, unescape

NONCE_MS: Final = 300_000
"""How long a nonce may be used; then a new one is handed out (`stale`)."""
NONCES_MAX: Final = 100_000
ALGORITHMS: Final[dict[str, Callable[[bytes], str]]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}
"""Strongest first: so they are offered (RFC 8760 section 2.3)."""
_FIELD: Final = re.compile(
    r'\s*,?\s*([A-Za-z0-9_\-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*', re.DOTALL
)
_NC: Final = re.compile(r"[0-9a-f]{8}", re.IGNORECASE)


class Credentials(msgspec.Struct, frozen=True):
    """What an Authorization header says, unchecked."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str
    nc: str
    cnonce: str


class Digest:
    """The doorkeeper of one realm."""

    def __init__(
        self,
        realm: str,
        secret: bytes,
        token: Callable[[], str],
        algorithms: Sequence[str] = tuple(ALGORITHMS),
    ) -> None:
        assert len(secret) >= 16, "a secret of at least 128 bits"
        assert algorithms and all(each in ALGORITHMS for each in algorithms), "algorithms that we know"
        self._algorithms = tuple(algorithms)
        self.realm = realm
        self._secret = secret
        self._token = token
        self._counters: OrderedDict[str, int] = OrderedDict()
        self._decoy = token()
        self._floor_ms = 0
        """Nonces made before this are taken no more."""

    def challenge(self, host: str, now_ms: int, *, stale: bool = False) -> tuple[tuple[str, str], ...]:
        """Return the WWW-Authenticate headers of a 401, one for each algorithm, the best first."""
        nonce = self._nonce(host, now_ms, self._token())
        suffix = ", stale=true" if stale else ""
        return tuple(
            (
                "WWW-Authenticate",
                f'Digest realm={quote(self.realm)}, nonce="{nonce}", qop="auth", algorithm={algorithm}{suffix}',
            )
            for algorithm in self._algorithms
        )

    def verify(self, request: SipRequest, host: str, passwords: Mapping[str, str], now_ms: int) -> str:
        """Return the user who signed this request.

        Raises:
            SipError: 401 with a challenge (none given, or a stale nonce), 403 for anything that is wrong.
        """
        given = _read_credentials(request, self.realm, self._algorithms)
        if given is None:
            raise SipError(401, "no credentials for this realm", self.challenge(host, now_ms))
        password = passwords.get(given.username)
        expected = digest_response(
            given, given.username, password if password is not None else self._decoy, request.method
        )
        is_right = hmac.compare_digest(expected.encode(), given.response.encode("utf-8", "replace"))
        if not is_right or password is None:
            raise SipError(403, "wrong credentials")
        if not _same_target(given.uri, request.uri):
            raise SipError(403, "credentials for another URI")
        if not self._is_fresh(given, host, now_ms):
            raise SipError(401, "a stale nonce", self.challenge(host, now_ms, stale=True))
        return given.username

    def _nonce(self, host: str, now_ms: int, salt: str) -> str:
        stamp = f"{now_ms:x}.{salt}"
        mac = hmac.new(self._secret, f"{stamp}.{host}".encode(), hashlib.sha256).hexdigest()[:32]
        return f"{stamp}.{mac}"

    def _is_fresh(self, given: Credentials, host: str, now_ms: int) -> bool:
        """Whether the nonce is ours, for this host, young, and counted on. A replay is not (attack S16)."""
        stamp, _, rest = given.nonce.partition(".")
        salt, _, _ = rest.partition(".")
        try:
            made_ms = int(stamp, 16)
        except ValueError:
            return False
        if not hmac.compare_digest(
            self._nonce(host, made_ms, salt).encode(), given.nonce.encode("utf-8", "replace")
        ):
            return False
        count = int(given.nc, 16)
        if not self._floor_ms <= made_ms <= now_ms or now_ms - made_ms > NONCE_MS:
            return False
        if count <= self._counters.get(given.nonce, 0):
            return False
        self._counters[given.nonce] = count
        if len(self._counters) > NONCES_MAX:
            # A forgotten counter would let its nonce be replayed: so nothing as old as it is taken any more.
            oldest, _ = self._counters.popitem(last=False)
            self._floor_ms = max(self._floor_ms, int(oldest.partition(".")[0], 16) + 1)
        return True


def digest_response(given: Credentials, username: str, password: str, method: str) -> str:
    """Return what the response must be. Source: RFC 7616 section 3.4.1, qop=auth."""
    hash_ = ALGORITHMS[given.algorithm]
    secret = hash_(f"{username}:{given.realm}:{password}".encode())
    action = hash_(f"{method}:{given.uri}".encode())
    return hash_(f"{secret}:{given.nonce}:{given.nc}:{given.cnonce}:{given.qop}:{action}".encode())


def build_authorization(
    challenge: str, method: str, uri: str, username: str, password: str, cnonce: str, count: int = 1
) -> str | None:
    """Return the Authorization value that answers a challenge, None if we cannot (another scheme or hash)."""
    fields = _parse_fields(challenge)
    algorithm = fields.get("algorithm", "MD5").upper()
    if (
        not fields
        or algorithm not in ALGORITHMS
        or "auth" not in fields.get("qop", "").replace(" ", "").split(",")
    ):
        return None
    nonce, realm = fields.get("nonce", ""), fields.get("realm", "")
    given = Credentials(username, realm, nonce, uri, "", algorithm, "auth", f"{count:08x}", cnonce)
    response = digest_response(given, username, password, method)
    return (
        f"Digest username={quote(username)}, realm={quote(realm)}, nonce={quote(nonce)}, uri={quote(uri)}, "
        f'response="{response}", algorithm={algorithm}, qop=auth, nc={given.nc}, cnonce="{cnonce}"'
    )


def _parse_fields(value: str) -> dict[str, str]:
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    fields: dict[str, str] = {}
    end = 0
    for match in iter_matches(_FIELD, rest):
        fields.setdefault(match[1].lower(), unescape(match[2]) if match[2] is not None else match[3])
        end = match.end()
    if rest[end:].strip():
        raise SipError(400, "malformed credentials")
    return fields


def _read_credentials(request: SipRequest, realm: str, algorithms: Sequence[str]) -> Credentials | None:
    """Return the credentials for our realm, None if there are none. The header is no comma list."""
    for value in request.headers.get("Authorization", ()):
        fields = _parse_fields(value)
        if not fields or fields.get("realm") != realm:
            continue
        algorithm = fields.get("algorithm", "MD5").upper()
        nc = fields.get("nc", "")
        if algorithm not in algorithms or fields.get("qop") != "auth" or not _NC.fullmatch(nc):
            raise SipError(403, "credentials with an unknown algorithm, or without qop=auth and nc")
        return Credentials(
            fields.get("username", ""), realm, fields.get("nonce", ""), fields.get("uri", ""),
            fields.get("response", "").lower(), algorithm, "auth", nc, fields.get("cnonce", ""),
        )  # fmt: skip
    return None


def _same_target(signed: str, requested: str) -> bool:
    if signed == requested:
        return True
    try:
        one, other = parse_uri(signed), parse_uri(requested)
    except SipError:
        return False
    return (one.user, one.host, one.port or 5060) == (other.user, other.host, other.port or 5060)
