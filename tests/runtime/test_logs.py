"""Log lines: one form, no customer's number in clear, no way out of the line."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator

import pytest

from acd.routing.events import ContactArrived, IntakeProgressed, ReturnCallAsked
from acd.routing.model import AgentId, Channel, ContactId, EntryId, Identity, OfferId, QueueId
from acd.routing.outputs import DialCustomer
from acd.runtime.logs import LINES_MAX, WINDOW_S, line, mask, named, set_up

NUMBER = "+8613800138000"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (NUMBER, "+***********00"),
        ("tel:+8613800138000", "tel:+***********00"),
        ("12", "12"),
        ("7", "7"),
        ("Wang Mei", "W***"),
        ("", ""),
    ],
)
def test_two_digits_or_one_letter_are_left(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "message",
    [
        ContactArrived(
            ContactId("c-1"), "sip", Channel.VOICE, EntryId("400"), (Identity(f"tel:{NUMBER}"),),
            display=f"Wang {NUMBER}", attributes={"note": NUMBER},
        ),
        IntakeProgressed(ContactId("c-1"), words=f"call {NUMBER}", number=NUMBER),
        ReturnCallAsked(ContactId("c-2"), QueueId("main"), NUMBER, "sip", (Identity(f"tel:{NUMBER}"),)),
        DialCustomer("sip", OfferId(3), ContactId("c-2"), AgentId("ann"), NUMBER, 30_000),
    ],
)  # fmt: skip
def test_no_message_shows_a_customers_number_or_words(message: object) -> None:
    text = line(message)  # type: ignore[arg-type]
    assert NUMBER not in text
    assert "8613800138" not in text
    assert "Wang" not in text
    assert "contact=c-" in text
    assert "\n" not in text


def test_a_value_cannot_break_out_of_its_line() -> None:
    text = named("refused", why='two\nlines "quoted" a=b', who="ann", left_out=None)
    assert text == 'refused why="two\\nlines \\"quoted\\" a=b" who=ann'


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was, afterwards."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], (sys.excepthook, threading.excepthook) = handlers, hooks
    root.setLevel(level)
    logging.captureWarnings(False)


def raised(error: Exception) -> None:
    """Log an exception with its traceback, caused by another."""
    try:
        try:
            raise KeyError(f"Wang Mei {NUMBER}")
        except KeyError as cause:
            raise error from cause
    except Exception:
        logging.getLogger("aiohttp.server").exception("Error handling request from %s", NUMBER)


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_number_or_name_gets_out_by_a_traceback_a_library_or_a_warning(form: str) -> None:
    out = io.StringIO()
    set_up("debug", form, out)
    raised(ValueError(f"cannot dial {NUMBER} (tel:{NUMBER})"))
    raised(ExceptionGroup(f"many {NUMBER}", [OSError(f"sip:{NUMBER}@h")]))
    logging.getLogger("websockets.server").error("bad frame %r", f"from={NUMBER}".encode())
    logging.getLogger("acd.x").warning("spool_failed why=%s", RuntimeError(f"Wang Mei {NUMBER}"))
    logging.getLogger("acd.x").warning("a=%d", NUMBER)
    sys.excepthook(ValueError, ValueError(NUMBER), None)
    dying = threading.Thread(target=lambda: raised(int(f"x{NUMBER}")))  # type: ignore[arg-type]
    dying.start()
    dying.join()
    text = out.getvalue()
    assert "138001380" not in text
    assert "Mei" not in text
    assert "test_logs.py" in text, "where it happened is told"
    assert "died" in text
    assert "log_failed" in text
    if form == "json":
        for each in text.splitlines():
            assert each.startswith("log_failed") or {"at", "level", "logger"} <= set(json.loads(each))


@pytest.mark.usefixtures("restored")
def test_a_line_of_ours_becomes_one_object_with_its_fields() -> None:
    out = io.StringIO()
    set_up("info", "json", out)
    logging.getLogger("acd.node").info(named("ready", epoch=7, why="two words", level="x"))
    logging.getLogger("other").info("free words\nin two lines")
    ours, other = map(json.loads, out.getvalue().splitlines())
    assert (ours["name"], ours["epoch"], ours["why"], ours["level"], ours["level_"]) == (
        "ready", 7, "two words", "info", "x",
    )  # fmt: skip
    assert other["text"] == "free words\\nin two lines"


@pytest.mark.usefixtures("restored")
def test_a_flood_is_held_back_and_counted() -> None:
    out = io.StringIO()
    set_up("info", "text", out)
    log = logging.getLogger("acd.flood")
    for number in range(LINES_MAX + 50):
        log.warning(named("token_refused", why=f"n{number}"))
    log.critical("node_stopped")
    log.info("another")
    assert out.getvalue().count("token_refused") == LINES_MAX
    assert "node_stopped" in out.getvalue()
    assert "another" in out.getvalue()
    late = logging.makeLogRecord(
        {"name": "acd", "msg": "later", "levelno": logging.INFO, "levelname": "INFO"}
    )
    late.created += WINDOW_S + 1
    logging.getLogger().handle(late)
    assert "held_back line=token_refused lines=50" in out.getvalue()


def test_what_identifies_a_state_is_not_taken_for_a_secret() -> None:
    text = named("state", seq=1234567890, hash="0123456789abcdef" * 4, token="0123456789abcdef" * 4)
    assert text == f"state seq=1234567890 hash={'0123456789abcdef' * 4} token=***"
