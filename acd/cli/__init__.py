"""The command line: `acd serve | check-config | explain | journal ...`."""

from acd.cli.main import main

__all__ = ["main"]
