"""The asyncio shell around the engine: clock, loop, journal, recovery, metrics, logs, supervised tasks."""
