"""What must not be read in a log: telephone numbers, e-mails, tokens, secrets, and names in the words of an error.

Applied to every line as a whole, whoever wrote it: a number in an exception of a library is as private as one in ours.
It rather hides too much: what is hidden by mistake can be found by its `contact_id`, what is shown stays shown.
"""

from __future__ import annotations

import re
from typing import Final

_KEPT_DIGITS: Final = 2
_DIGIT: Final = re.compile(r"\d")
_SECRET: Final = re.compile(
    r"\beyJ[\w-]+\.[\w-]*\.?[\w-]*"  # a token
    r"|whsec_[\w+/=-]+"
    r"|(?<=://)[^\s/@\"']+(?=@)"  # who signs in, in an address
    r"|(?<![\w+/-])(?!sha256)[A-Za-z0-9+/_-]{40,}={0,2}(?![\w+/-])"  # as long as a key; see _is_key
)
_SCHEME: Final = re.compile(r"(?i)\b(bearer|basic|digest)(\s+)(?!auth\b)[^\s\"',]+")
_NAMED: Final = re.compile(
    r"(?i)((?:password|passwd|secret|token|authorization|cookie|api_?key|private_key|credential)s?[\"']?\s*[=:]\s*[\"']?)"
    r"(?!(?:bearer|basic|digest)\s)[^\s\"',;&)}]+"
)
_QUERY: Final = re.compile(r"(?<=[\w/])\?[^\s\"'<>]*=[^\s\"'<>]*")
_EMAIL: Final = re.compile(r"[^\s@\"'<>=:;,()]+@[\w.-]+\.\w{2,}")
_NUMBER: Final = re.compile(
    r"(?P<kept>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?"  # a date
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"  # an address
    r"|(?:(?<=\s)|^)(?:seq|epoch|version|hash|at_ms|bytes|items|rows|first|last|pid)=[0-9a-f]+(?=\s|$)"
    r"|\b(?=[0-9a-f-]*[a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"
    r"|\b(?=[0-9a-f]*[a-f])(?:[0-9a-f]{16}|[0-9a-f]{32})\b)"  # an id that was drawn
    r"|\+?\d(?:[ \t().\u00a0/-]{0,2}\d){6,}"
)
_QUOTED: Final = re.compile(r"(['\"])((?:\\.|(?!\1).)+)\1")
_PLAIN: Final = re.compile(r"[a-z0-9_.:/<>*|=-]+")
_WORDS: Final = re.compile(r"\b[A-Z]\w+(?: [A-Z]\w+)+|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def mask(text: str) -> str:
    """Return a number or name with all but its last two digits hidden; names without digits lose all but one."""
    if not _DIGIT.search(text):
        return text[:1] + "***" if text else ""
    return _hide_digits(text)


def mask_line(text: str) -> str:
    """Return a text without what must not be read."""
    text = _SECRET.sub(_hide_secret, text)
    text = _SCHEME.sub(r"\1\2***", text)
    text = _NAMED.sub(r"\1***", text)
    text = _QUERY.sub("?***", text)
    text = _EMAIL.sub("***@***", text)
    return _NUMBER.sub(lambda found: found.group() if found["kept"] else _hide_digits(found.group()), text)


def mask_error(text: str) -> str:
    """Return the words of an exception, as `mask_line`, without what may be a name: quotations, words in capitals."""
    text = _QUOTED.sub(_hide_quotation, text)
    return mask_line(_WORDS.sub(lambda found: mask(found.group()), text))


def _hide_digits(text: str) -> str:
    hidden = len(_DIGIT.findall(text)) - _KEPT_DIGITS
    seen = 0

    def hide(found: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return "*" if seen <= hidden else found.group()

    return _DIGIT.sub(hide, text)


def _hide_secret(found: re.Match[str]) -> str:
    text = found.group()
    if text.startswith(("eyJ", "whsec_")) or len(text) < 40:
        return "***"
    is_key = _DIGIT.search(text) and (re.fullmatch(r"[0-9a-f]+", text) or re.search(r"[A-Z]", text))
    before = found.string[max(0, found.start() - 5) : found.start()]
    return "***" if is_key and "/" not in text[:1] and before != "hash=" else text


def _hide_quotation(found: re.Match[str]) -> str:
    inner = found[2]
    return found.group() if _PLAIN.fullmatch(inner) else f"{found[1]}{inner[:1]}***{found[1]}"
