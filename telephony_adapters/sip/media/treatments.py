"""Which prompts a treatment is: the engine's kinds of `PlayTreatment`, said in prompts.

Numbers are rounded up, as people do who do not want to disappoint: a wait of 61 s is two minutes. An unknown
estimate is not said at all. Pure.
"""

from __future__ import annotations

from acd.ports import Prompt
from telephony_adapters.sip.media.prompts import PROMPTS


def queued_script(position: int, estimate_ms: int | None) -> list[Prompt]:
    """Return the greeting of a customer who has just joined the line."""
    return [Prompt("welcome"), Prompt("queue_greeting"), *position_script(position, estimate_ms)]


def position_script(position: int, estimate_ms: int | None) -> list[Prompt]:
    """Return place and estimated wait; a place of 0 and an estimate of None are not said."""
    script = [Prompt("position", number=position)] if position > 0 else []
    if estimate_ms is not None:
        script.append(Prompt("wait", number=minutes_of(estimate_ms)))
    return script


def message_script(prompt: str) -> list[Prompt]:
    """Return a configured message; a name that is no prompt of ours becomes the general apology."""
    return [Prompt(prompt if prompt in PROMPTS else "unavailable"), Prompt("goodbye")]


def minutes_of(estimate_ms: int) -> int:
    """Return whole minutes, rounded up, at least one."""
    return max(1, -(-estimate_ms // 60_000))
