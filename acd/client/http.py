"""Signing in and out over HTTP, with nothing but the standard library. Calls wait in a thread, not in the loop."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

TIMEOUT_S: Final = 30.0


class HttpRefused(Exception):
    """The server said no; `code` is stable."""

    def __init__(self, status: int, problem: dict[str, Any], retry_after_s: int = 0) -> None:
        super().__init__(f"{status} {problem.get('code', 'unknown')}")
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.problem = problem
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A token and whose it is. `address` is the server's, as `http://host:port`."""

    address: str
    token: str
    expires_at_ms: int
    person: dict[str, Any]


async def sign_in(address: str, name: str, password: str) -> SignedIn:
    """Sign in.

    Raises:
        HttpRefused: `sign_in_failed`, `too_many_tries`, `overloaded`.
        OSError: The server cannot be reached.
    """
    return _signed_in(
        address, await call(address, "POST", "/api/sign-in", {"name": name, "password": password})
    )


async def renew(signed_in: SignedIn) -> SignedIn:
    """Return a newer token of the same sign-in.

    Raises:
        HttpRefused: `unauthorized`: sign in again.
    """
    return _signed_in(
        signed_in.address, await call(signed_in.address, "POST", "/api/renew", None, signed_in.token)
    )


async def sign_out(signed_in: SignedIn) -> None:
    """End the sign-in; its socket closes with 4401."""
    await call(signed_in.address, "POST", "/api/sign-out", None, signed_in.token)


async def call(address: str, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Call the HTTP API and return what its JSON says, None for an empty answer.

    Raises:
        HttpRefused: Any answer from 400 on.
        OSError: The server cannot be reached.
    """
    return await asyncio.to_thread(_call, address, method, path, body, token)


def _signed_in(address: str, answer: dict[str, Any]) -> SignedIn:
    return SignedIn(address, answer["token"], answer["expires_at_ms"], answer["person"])


def _call(address: str, method: str, path: str, body: Any, token: str) -> Any:
    headers = {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, raw, headers, method=method)
    # A proxy of the environment has no business between a desk and its server.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_S) as response:
            text = response.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        raise HttpRefused(error.code, _problem(error), int(error.headers.get("Retry-After", 0))) from None


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        problem = json.loads(error.read())
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
