"""What a leg says next: a script in front, music or silence behind it.

A script is a list of clips played once; when it ends, or is stopped, the background goes on where it was left.
Frames are shared by all legs and never copied: 500 callers hear the same 1,500 bytes objects. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

Frames = Sequence[bytes]


class PlayEnd(StrEnum):
    """Why a script is over."""

    FINISHED = "finished"
    DIGIT = "digit"
    """The customer pressed a key that cut it short."""
    STOPPED = "stopped"
    """We stopped it, played something else, or closed the leg."""


class Playback:
    """A place in a script and a place in the background."""

    __slots__ = ("_at", "_background", "_background_at", "_frames", "_length", "_script", "_script_at")

    def __init__(self, background: Frames) -> None:
        """Play this, one frame or more, over and over until something else is asked for."""
        assert background, "a background has at least one frame"
        self._background = background
        self._background_at = 0
        self._script: Sequence[Frames] = ()
        self._script_at = 0
        self._frames = background
        self._length = len(background)
        self._at = 0

    @property
    def is_scripted(self) -> bool:
        """Whether a script is playing."""
        return bool(self._script)

    def start(self, script: Sequence[Frames]) -> None:
        """Play these clips instead of whatever plays; empty clips are passed over."""
        if not self._script:
            self._background_at = self._at
        self._script = [frames for frames in script if frames]
        self._script_at = -1
        self._turn()

    def stop(self) -> None:
        """Go back to the background."""
        if self._script:
            self._script = ()
            self._set(self._background, self._background_at)

    def set_background(self, background: Frames) -> None:
        """Change what is heard behind scripts; it begins at its beginning unless it is the same."""
        assert background, "a background has at least one frame"
        if background is self._background:
            return
        self._background, self._background_at = background, 0
        if not self._script:
            self._set(background, 0)

    def next_frame(self) -> tuple[bytes, bool]:
        """Return the next 20 ms, and whether they are the last of the script."""
        at = self._at
        frame = self._frames[at]
        self._at = at + 1
        return (frame, self._turn()) if at + 1 >= self._length else (frame, False)

    def _turn(self) -> bool:
        if not self._script:
            if self._frames is self._background:
                self._at = 0
            else:
                self._set(self._background, self._background_at)
            return False
        self._script_at += 1
        if self._script_at < len(self._script):
            self._set(self._script[self._script_at], 0)
            return False
        self._script = ()
        self._set(self._background, self._background_at)
        return True

    def _set(self, frames: Frames, at: int) -> None:
        self._frames, self._length, self._at = frames, len(frames), at
