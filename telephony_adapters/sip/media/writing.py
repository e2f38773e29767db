"""From the loop to the disk: a recording's file, written by a thread, told back on the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from telephony_adapters.sip.media.recording import Recording, RecordingEnd, WavWriter, failure_of


class RecordingFile:
    """One recording on its way to the disk. The executor must run one job at a time, in order."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        disk: Executor,
        path: Path,
        on_end: Callable[[Recording], None],
        on_failed: Callable[[RecordingFile], None],
    ) -> None:
        """Tell `on_end` exactly once; `on_failed` comes first if the disk ends it before its time."""
        self._loop = loop
        self._disk = disk
        self._path = path
        self._on_end = on_end
        self._on_failed = on_failed
        self._writer = WavWriter(path)
        self._told = False

    def append(self, linear: bytes) -> None:
        """Write more sound."""
        self._run(lambda: self._writer.append(linear), None)

    def finish(self, end: RecordingEnd, duration_ms: int, digit: str) -> None:
        """Make the file whole (or remove it, where nothing was said) and tell."""
        job = self._writer.discard if end is RecordingEnd.NOTHING_SAID else self._writer.finish
        self._run(job, Recording(self._path, end, duration_ms, digit))

    def _run(self, job: Callable[[], None], outcome: Recording | None) -> None:
        if self._told:
            return

        def done(future: asyncio.Future[None]) -> None:
            error = future.exception()
            if isinstance(error, OSError):
                self._fail(failure_of(error))
            elif error is not None:
                raise error
            elif outcome is not None:
                self._tell(outcome)

        self._loop.run_in_executor(self._disk, job).add_done_callback(done)

    def _fail(self, failure: str) -> None:
        if self._told:
            return
        self._on_failed(self)
        self._tell(Recording(self._path, RecordingEnd.FAILED, 0, failure=failure))
        self._loop.run_in_executor(self._disk, self._writer.discard)

    def _tell(self, recording: Recording) -> None:
        if not self._told:
            self._told = True
            self._on_end(recording)
