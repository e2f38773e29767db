"""Short-lived tokens: who signed in, as what, until when. Signed by a secret that only this house knows.

One algorithm, one type, no header beyond the two: a token says nothing about how it wants to be checked.
Revoked sign-ins are kept in a file until their last token has expired, so that a restart forgives nobody.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from pathlib import Path
from typing import Final

import jwt
import msgspec

from acd.desk.messages import TOKEN_LENGTH_MAX
from acd.routing.model import PersonId

ALGORITHM: Final = "HS256"
TYPE: Final = "acd.desk"
ISSUER: Final = "acd"
AUDIENCE: Final = "acd.desk"
SECRET_BYTES_MIN: Final = 32
LEEWAY_MS: Final = 2_000
"""By how much the clock of another node may run ahead."""
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""Three parts; the last one is 256 bits, written in the one way in which it can be written."""


class TokenRefused(Exception):
    """The token is not good. The reason is for the log of the server alone; the peer hears `unauthorized`."""


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token vouches for. Moments are milliseconds in `*_at_ms`; `exp` and `iat` are for other readers."""

    iss: str
    aud: str
    sub: PersonId
    sid: str
    """The sign-in: all tokens renewed from one password share it."""
    jti: str
    version: str
    """`Person.version` at the time of issue."""
    iat: int
    exp: int
    signed_in_at_ms: int
    expires_at_ms: int


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    typ: str


class Tokens:
    """Issues and checks tokens."""

    def __init__(self, secret: bytes, token_ms: int, shift_ms_max: int) -> None:
        """Take the secret.

        Raises:
            ValueError: It is shorter than 32 bytes, or one byte over and over.
        """
        if len(secret) < SECRET_BYTES_MIN or len(set(secret)) < 8:
            raise ValueError(f"the secret of tokens must be {SECRET_BYTES_MIN} random bytes")
        self._secret = secret
        self._token_ms = token_ms
        self.shift_ms_max = shift_ms_max

    def issue(
        self, person: PersonId, version: str, now_ms: int, sid: str = "", since_ms: int | None = None
    ) -> str:
        """Return a token. `sid` and `since_ms` are those of the sign-in that is renewed; else a new one begins."""
        since_ms = now_ms if since_ms is None else since_ms
        expires_at_ms = min(now_ms + self._token_ms, since_ms + self.shift_ms_max)
        claims = Claims(
            iss=ISSUER,
            aud=AUDIENCE,
            sub=person,
            sid=sid or secrets.token_urlsafe(12),
            jti=secrets.token_urlsafe(9),
            version=version,
            iat=now_ms // 1000,
            exp=-(-expires_at_ms // 1000),
            signed_in_at_ms=since_ms,
            expires_at_ms=expires_at_ms,
        )
        return jwt.encode(msgspec.to_builtins(claims), self._secret, ALGORITHM, headers={"typ": TYPE})

    def check(self, token: str, now_ms: int) -> Claims:
        """Return what the token vouches for.

        Raises:
            TokenRefused: It is malformed, not ours, for somebody else, or not valid at this moment.
        """
        if len(token) > TOKEN_LENGTH_MAX or _SHAPE.fullmatch(token) is None:
            raise TokenRefused("no token")
        _check_header(token)
        try:
            # Times are checked below, against the clock of the house.
            plain = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={
                    "require": ["exp", "iat", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            claims = msgspec.convert(plain, Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, RecursionError) as error:
            raise TokenRefused(f"{type(error).__name__}: {error}") from None
        if now_ms >= claims.expires_at_ms:
            raise TokenRefused(f"expired at {claims.expires_at_ms}")
        if claims.signed_in_at_ms > now_ms + LEEWAY_MS:
            raise TokenRefused("from the future")
        return claims


def _check_header(token: str) -> None:
    """Refuse a header that says anything but our type and algorithm, before any key is touched."""
    part = token.partition(".")[0]
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        header = msgspec.json.decode(raw, type=_Header)
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError):
        raise TokenRefused("header unreadable or with more than alg and typ") from None
    if header.alg != ALGORITHM or header.typ != TYPE:
        raise TokenRefused("alg or typ is not ours")


def open_secret(folder: Path) -> bytes:
    """Return the secret of this house; made at the first start, readable by the owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "token.secret"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        secret = secrets.token_bytes(48)
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return secret


class _Revoked(msgspec.Struct, frozen=True):
    sid: str
    until_ms: int


class Revocations:
    """Sign-ins that are dead although their tokens have not expired. A line in the file for each."""

    def __init__(self, path: Path, now_ms: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._until: dict[str, int] = {}
        if path.exists():
            for line in path.read_bytes().splitlines():
                self._read(line, now_ms)
        self._rewrite()

    def __contains__(self, sid: str) -> bool:
        return sid in self._until

    def until_ms(self, sid: str) -> int | None:
        """Return until when this is revoked, None if it is not."""
        return self._until.get(sid)

    def add(self, sid: str, until_ms: int, now_ms: int) -> None:
        """Revoke a sign-in; durable when this returns. Those whose tokens are dead anyway are forgotten."""
        self._until[sid] = until_ms
        if len(self._until) > 1000 and min(self._until.values()) < now_ms:
            self._until = {key: until for key, until in self._until.items() if until >= now_ms}
            self._rewrite()
            return
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(_Revoked(sid, until_ms)) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, line: bytes, now_ms: int) -> None:
        try:
            entry = msgspec.json.decode(line, type=_Revoked)
        except msgspec.DecodeError:
            return  # The torn last line of a crash: its revocation was never confirmed.
        if entry.until_ms >= now_ms:
            self._until[entry.sid] = entry.until_ms

    def _rewrite(self) -> None:
        fresh = self._path.with_suffix(".new")
        lines = [msgspec.json.encode(_Revoked(sid, until)) + b"\n" for sid, until in self._until.items()]
        with fresh.open("wb") as file:
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
