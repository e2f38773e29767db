"""What the house itself writes in a chat, in both languages. Pure."""

from __future__ import annotations

from typing import Final

from acd.routing.model import OverflowAction
from telephony_adapters.web.wire import Choice

_ASK: Final = {
    ("intake", "en"): (
        "All of our agents are busy. You may leave your matter with our assistant, and we will call you back. "
        "Your place in the line is safe while you think.",
        "Leave my matter",
        "Keep waiting",
    ),
    ("intake", "zh"): (
        "客服人员全部忙碌。您可以把问题留给智能助手，由我们回电。您的排队位置会保留。",
        "留下问题",
        "继续等待",
    ),
    ("return_call", "en"): (
        "All of our agents are busy. Shall we call you when it is your turn? You keep your place in the line.",
        "Call me",
        "Keep waiting",
    ),
    ("return_call", "zh"): (
        "客服人员全部忙碌。轮到您时由我们回电好吗？您的排队位置会保留。",
        "给我回电",
        "继续等待",
    ),
    ("other", "en"): (
        "All of our agents are busy. Another team may be able to help you sooner. Shall we hand you over?",
        "Yes",
        "Keep waiting",
    ),
    ("other", "zh"): ("客服人员全部忙碌。其他团队可能更快为您服务，需要转接吗？", "转接", "继续等待"),
}
_MESSAGES: Final = {
    "closed": (
        "We are closed at the moment. Please write to us again during our opening hours.",
        "现在是非工作时间，请在工作时间再次联系我们。",
    ),
    "emergency": (
        "We are sorry: our service is closed at the moment because of an emergency. Please try again later.",
        "非常抱歉，因紧急情况，我们的服务暂时关闭，请稍后再试。",
    ),
    "goodbye": ("Goodbye.", "再见。"),
    "": ("We are sorry: this service is not available at the moment.", "非常抱歉，此服务暂时无法使用。"),
}
_TICKET: Final = {
    "en": "Thank you. Your matter is taken down; the number of your ticket is {ticket}.",
    "zh": "谢谢。您的问题已经记录，工单号是 {ticket}。",
}


def question_text(action: OverflowAction | None, language: str) -> tuple[str, list[Choice]]:
    """Return what is asked when the customer may leave the line, and the two buttons."""
    kind = action.value if action in (OverflowAction.INTAKE, OverflowAction.RETURN_CALL) else "other"
    text, accept, decline = _ASK[kind, known(language)]
    return text, [Choice("accept", accept), Choice("decline", decline)]


def message_text(prompt: str, language: str) -> str:
    """Return the words of a prompt that ends a visit; an unknown one says that there is no service."""
    english, chinese = _MESSAGES.get(prompt, _MESSAGES[""])
    return chinese if known(language) == "zh" else english


def ticket_text(ticket: str, language: str) -> str:
    """Return the words that tell the number of a ticket."""
    return _TICKET[known(language)].format(ticket=ticket)


def known(language: str) -> str:
    """Return the language of the house that comes nearest."""
    return "zh" if language.lower().startswith("zh") else "en"
