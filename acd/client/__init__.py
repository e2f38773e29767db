"""A client of the desk protocol: sign in, sit at a desk, act, watch. For tools, tests and other people's programs.

Written from `acd/desk/PROTOCOL.md` with another codec than the server's, and without the server's classes: what
both agree on is what is written there.
"""

from acd.client.desk import ActionRefused, Desk, DeskClosed
from acd.client.http import HttpRefused, SignedIn, renew, sign_in, sign_out

__all__ = [
    "ActionRefused",
    "Desk",
    "DeskClosed",
    "HttpRefused",
    "SignedIn",
    "renew",
    "sign_in",
    "sign_out",
]
