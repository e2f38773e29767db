"""What all commands share: the console, errors for operators, moments for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, NoReturn

import typer
from rich.console import Console

from acd.config import ConfigErrors
from acd.ports import ConfigError
from acd.runtime.journal import JournalRefused

STATUS_OPERATOR: Final = 2
"""Exit status where the operator must act; nothing was opened or changed."""
STATUS_DEFECT: Final = 1

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def refuse(*lines: str) -> NoReturn:
    """Say what is wrong, and end with status 2."""
    for text in lines:
        err.print(f"acd: {text}", markup=False)
    raise typer.Exit(STATUS_OPERATOR)


@contextmanager
def for_operators() -> Iterator[None]:
    """Turn what an operator must mend into words and status 2."""
    try:
        yield
    except ConfigErrors as errors:
        refuse(*(str(error) for error in errors.errors), _count(len(errors.errors)))
    except (ConfigError, JournalRefused) as error:
        refuse(str(error))


def moment(at_ms: int) -> str:
    """Return a moment in the reader's own time zone, to the millisecond."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    return local.strftime("%Y-%m-%d %H:%M:%S.") + f"{at_ms % 1000:03}"


def _count(problems: int) -> str:
    return "1 problem in the configuration" if problems == 1 else f"{problems} problems in the configuration"
