"""The words of every clip, English and Mandarin. A clip is rendered anew only when its words change here."""

from __future__ import annotations

from typing import Final

ENGLISH: Final[dict[str, str]] = {
    "welcome": "Welcome, and thank you for calling.",
    "queue_greeting": (
        "All of our agents are helping other customers. You are now in line, and calls are answered in order."
    ),
    "keep_waiting": "Thank you for waiting. You have kept your place in line.",
    "position_before": "You are number",
    "position_after": "in line.",
    "position_next": "You are next in line.",
    "position_many": "There are more than ninety nine calls before yours.",
    "wait_before": "The estimated wait is about",
    "wait_after": "minutes.",
    "wait_one": "The estimated wait is about one minute.",
    "wait_many": "The estimated wait is more than an hour and a half.",
    "overflow_offer": (
        "All of our agents are busy. Press 1 to leave your matter with our assistant, and we will call you back. "
        "Press 2 to keep waiting. Your place in line is safe."
    ),
    "return_call_offer": "Press 1 and we will call you back at this number when it is your turn.",
    "return_call_booked": "Thank you. We will call you back when it is your turn.",
    "intake_matter": (
        "Please tell us about your matter after the tone. When you have finished, press the hash key. "
        "To go back to your place in line, press 0."
    ),
    "intake_again": (
        "Sorry, we could not hear you. Please speak after the tone, and press the hash key when you have finished."
    ),
    "intake_category": (
        "What is it about? If a product does not work, press 1. For an order or a delivery, press 2. "
        "For billing or a refund, press 3. For anything else, press 4."
    ),
    "intake_number_before": "We will call you back at",
    "intake_number_after": "If this is right, press 1. To give another number, press 2.",
    "intake_number_enter": "Please enter the number to call, and then press the hash key.",
    "intake_thanks": "Thank you. We have taken your matter down, and we will call you back.",
    "intake_ticket_before": "Thank you. Your ticket number is",
    "intake_ticket_after": "We will call you back.",
    "invalid_key": "Sorry, this key cannot be used here.",
    "closed": "Thank you for calling. We are closed at the moment. Please call again during our opening hours.",
    "emergency": "We are sorry. Our lines are closed at the moment because of an emergency. Please call again later.",
    "unavailable": "We are sorry. This service is not available at the moment. You are still in line.",
    "goodbye": "Goodbye.",
}

MANDARIN: Final[dict[str, str]] = {
    "welcome": "您好，欢迎致电。",
    "queue_greeting": "客服人员正在为其他客户服务。您已进入排队，我们将按顺序接听。",
    "keep_waiting": "感谢您的等待，您的排队位置已保留。",
    "position_before": "您现在排在第",
    "position_after": "位。",
    "position_next": "下一位就是您。",
    "position_many": "您前面有超过九十九位客户。",
    "wait_before": "预计等待时间大约",
    "wait_after": "分钟。",
    "wait_one": "预计等待时间大约一分钟。",
    "wait_many": "预计等待时间超过一个半小时。",
    "overflow_offer": "客服人员全部忙碌。留下您的问题，由我们回电，请按一。继续等待，请按二。您的排队位置会保留。",
    "return_call_offer": "如需轮到您时我们拨打此号码回电，请按一。",
    "return_call_booked": "谢谢，轮到您时我们会给您回电。",
    "intake_matter": "请在提示音后说明您的问题，说完请按井号键。返回排队，请按零。",
    "intake_again": "抱歉，没有听到您的声音。请在提示音后说明您的问题，说完请按井号键。",
    "intake_category": "请选择问题类别。产品故障，请按一。订单或物流，请按二。账单或退款，请按三。其他问题，请按四。",
    "intake_number_before": "我们将拨打以下号码给您回电",
    "intake_number_after": "正确请按一，更换号码请按二。",
    "intake_number_enter": "请输入回电号码，以井号键结束。",
    "intake_thanks": "谢谢，您的问题已经记录，我们会给您回电。",
    "intake_ticket_before": "谢谢，您的工单号码是",
    "intake_ticket_after": "我们会给您回电。",
    "invalid_key": "抱歉，此按键无效。",
    "closed": "感谢您的来电。现在是非工作时间，请在工作时间再次致电。",
    "emergency": "非常抱歉，因紧急情况，我们的热线暂时关闭，请稍后再拨。",
    "unavailable": "非常抱歉，此服务暂时无法使用，您仍在排队。",
    "goodbye": "再见。",
}

_ONES: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_CHINESE: Final = "零一二三四五六七八九"


def english_words(number: int) -> str:
    """Return 0 to 99 in words."""
    if number < 10:
        return _ONES[number]
    if number < 20:
        return _TEENS[number - 10]
    tens = _TENS[number // 10 - 2]
    return tens if number % 10 == 0 else f"{tens} {_ONES[number % 10]}"


def mandarin_words(number: int) -> str:
    """Return 0 to 99 in words: the cardinal, as in a position or a count of minutes."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        # Two minutes and second place: er in an ordinal, liang before a measure; one clip serves both politely.
        return _CHINESE[ones]
    return ("" if tens == 1 else _CHINESE[tens]) + "十" + (_CHINESE[ones] if ones else "")


def mandarin_digit(digit: int) -> str:
    """Return one digit as telephone numbers are read: 1 is yao."""
    return "幺" if digit == 1 else _CHINESE[digit]
