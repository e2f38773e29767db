"""What the bot writes in a chat, in both languages; what it says on the telephone is named here too. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from acd.intake.dialogue import Ask, Category, Question
from acd.ports import ChatChoice, Prompt

_TEXTS: dict[str, dict[Question, tuple[str, str]]] = {
    "en": {
        Question.MATTER: (
            "I am the assistant. Please tell me what it is about, and a person will call you back. "
            "Write “person” at any time to go back to your place in the line.",
            "Sorry, I did not get that. Please tell me in a few words what it is about.",
        ),
        Question.CATEGORY: ("Thank you. What kind of matter is it?", "Please choose one of these."),
        Question.NUMBER: ("Shall we call you back at {number}?", "Please choose, or write another number."),
        Question.NUMBER_ENTRY: (
            "At which number may we call you back?",
            "Sorry, that is no telephone number. Please write the number with its area code.",
        ),
    },
    "zh": {
        Question.MATTER: (
            "我是智能助手。请说明您的问题，我们会有专人给您回电。随时输入“人工”即可回到原来的排队位置。",
            "抱歉，没有理解。请简单说明您的问题。",
        ),
        Question.CATEGORY: ("谢谢。请选择问题类别。", "请从以下类别中选择。"),
        Question.NUMBER: ("我们拨打 {number} 给您回电，可以吗？", "请选择，或输入其他号码。"),
        Question.NUMBER_ENTRY: ("请输入您的回电号码。", "抱歉，这不是电话号码，请输入带区号的号码。"),
    },
}
_CHOICES: dict[str, dict[Question, tuple[ChatChoice, ...]]] = {
    "en": {
        Question.NUMBER: (
            ChatChoice("yes", "Yes"),
            ChatChoice("other", "Another number"),
            ChatChoice("skip", "No call, please"),
        ),
        Question.NUMBER_ENTRY: (ChatChoice("skip", "No call, please"),),
    },
    "zh": {
        Question.NUMBER: (
            ChatChoice("yes", "可以"),
            ChatChoice("other", "换个号码"),
            ChatChoice("skip", "不用回电"),
        ),
        Question.NUMBER_ENTRY: (ChatChoice("skip", "不用回电"),),
    },
}
_PERSON = {"en": ChatChoice("person", "A person, please"), "zh": ChatChoice("人工", "转人工")}
_BACK = {"en": "You are back in the line, at your old place.", "zh": "您已回到原来的排队位置。"}


def text_of(ask: Ask, language: str) -> str:
    """Return the question as a line of chat."""
    first, again = _TEXTS[_known(language)][ask.question]
    return (again if ask.misses else first).format(number=ask.number)


def choices_of(ask: Ask, categories: Sequence[Category], language: str) -> list[ChatChoice]:
    """Return the buttons under a question; the last one always leads to a person."""
    known = _known(language)
    if ask.question is Question.CATEGORY:
        choices = [ChatChoice(each.value, each.zh if known == "zh" else each.en) for each in categories]
    else:
        choices = list(_CHOICES[known].get(ask.question, ()))
    return [*choices, _PERSON[known]]


def farewell_of(language: str) -> str:
    """Return what is written when the bot hands back to the line."""
    return _BACK[_known(language)]


def prompts_of(ask: Ask) -> list[Prompt]:
    """Return the question as prompts of the media room."""
    if ask.question is Question.MATTER:
        return [Prompt("intake_again" if ask.misses else "intake_matter")]
    before = [Prompt("invalid_key")] if ask.misses else []
    if ask.question is Question.CATEGORY:
        return [*before, Prompt("intake_category")]
    if ask.question is Question.NUMBER:
        return [*before, Prompt("intake_number", digits=ask.number)]
    return [*before, Prompt("intake_number_enter")]


def _known(language: str) -> str:
    return "zh" if language.lower().startswith("zh") else "en"
