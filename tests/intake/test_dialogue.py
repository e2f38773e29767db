"""The dialogue, answer by answer, by voice and by text."""

import pytest

from acd.intake.dialogue import Ask, Category, Dialogue, Finish, GiveUp, Notes, Question, Said, Spoken, Turn

CATEGORIES = (Category("product", "A product", "产品"), Category("other", "Other", "其他"))
OWN = "13800138000"


def dialogue(own: str = OWN, known: Notes = Notes(), reads_back: bool = False) -> Dialogue:
    return Dialogue(CATEGORIES, own, known, 3, reads_back)


def at(question: Question, own: str = OWN, reads_back: bool = False) -> Dialogue:
    """A dialogue that has come to this question."""
    known = {
        Question.MATTER: Notes(),
        Question.CATEGORY: Notes(words="leaks"),
        Question.NUMBER: Notes(words="leaks", category="product"),
        Question.NUMBER_ENTRY: Notes(words="leaks", category="product"),
    }[question]
    begun = dialogue("" if question is Question.NUMBER_ENTRY else own, known, reads_back)
    turn = begun.begin()
    assert isinstance(turn.next, Ask) and turn.next.question is question
    return begun


def test_by_voice_a_matter_is_taken_down_piece_by_piece() -> None:
    voice = dialogue(reads_back=True)
    assert voice.begin() == Turn(Ask(Question.MATTER))
    noted = Notes(recording="a.wav")
    assert voice.hear(Spoken("a.wav", "#")) == Turn(Ask(Question.CATEGORY), noted)
    noted = Notes("other", recording="a.wav")
    assert voice.hear(Said("2")) == Turn(Ask(Question.NUMBER, number=OWN), noted)
    noted = Notes("other", recording="a.wav", number=OWN)
    assert voice.hear(Said("1")) == Turn(Finish(True), noted)


def test_by_text_too() -> None:
    text = dialogue()
    assert text.hear(Said(" It leaks. ")) == Turn(Ask(Question.CATEGORY), Notes(words="It leaks."))
    assert text.hear(Said("产品")).noted == Notes("product", "It leaks.")
    assert text.hear(Said("yes")) == Turn(Finish(True), Notes("product", "It leaks.", number=OWN))


def test_another_number_entered_by_key_is_read_back_before_it_is_taken() -> None:
    voice = at(Question.NUMBER, reads_back=True)
    assert voice.hear(Said("2")) == Turn(Ask(Question.NUMBER_ENTRY))
    assert voice.hear(Said("01065551234")) == Turn(Ask(Question.NUMBER, number="01065551234"))
    assert voice.hear(Said("2")) == Turn(Ask(Question.NUMBER_ENTRY))
    voice.hear(Said("02165551234"))
    turn = voice.hear(Said("1"))
    assert turn.next == Finish(True) and turn.noted is not None and turn.noted.number == "02165551234"


def test_another_number_written_in_a_chat_is_taken_at_once() -> None:
    turn = at(Question.NUMBER).hear(Said("+86 (10) 6555-1234"))
    assert turn.next == Finish(True) and turn.noted is not None and turn.noted.number == "+861065551234"


@pytest.mark.parametrize("question", [Question.NUMBER, Question.NUMBER_ENTRY])
def test_who_wants_no_call_is_done_without_one(question: Question) -> None:
    assert at(question).hear(Said("skip")) == Turn(Finish(return_call=False))


def test_a_withheld_number_is_asked_for() -> None:
    assert at(Question.CATEGORY, own="").hear(Said("1")).next == Ask(Question.NUMBER_ENTRY)


@pytest.mark.parametrize("question", list(Question))
def test_three_answers_that_are_not_understood_lead_back_to_the_line(question: Question) -> None:
    begun = at(question)
    answer = Spoken("") if question is Question.MATTER else Said("7")
    assert begun.hear(answer).next == Ask(question, 1, OWN if question is Question.NUMBER else "")
    assert begun.hear(answer).next == Ask(question, 2, OWN if question is Question.NUMBER else "")
    assert begun.hear(answer) == Turn(GiveUp("not_understood"))


@pytest.mark.parametrize("question", list(Question))
@pytest.mark.parametrize(
    "wish", ["person", "Agent!", "0", "人工", "转人工", "I want to talk to a real person, please."]
)
def test_a_wish_for_a_person_leads_back_to_the_line_at_any_question(question: Question, wish: str) -> None:
    assert at(question).hear(Said(wish)) == Turn(GiveUp("asked_for_person"))


def test_the_key_0_in_a_recording_leads_back_to_the_line() -> None:
    assert dialogue().hear(Spoken("a.wav", "0")) == Turn(GiveUp("asked_for_person"))


def test_misses_are_counted_for_each_question_alone() -> None:
    begun = dialogue()
    begun.hear(Said(""))
    begun.hear(Said(""))
    begun.hear(Said("leaks"))
    begun.hear(Said("7"))
    assert begun.hear(Said("7")).next == Ask(Question.CATEGORY, 2)


def test_what_is_told_instead_of_a_category_belongs_to_the_matter() -> None:
    turn = at(Question.CATEGORY).hear(Said("and it smells"))
    assert turn == Turn(Ask(Question.CATEGORY, 1), Notes(words="leaks\nand it smells"))


def test_words_without_end_are_cut() -> None:
    begun = dialogue()
    begun.hear(Said("x" * 9_000))
    assert len(begun.notes.words) == 8_000


@pytest.mark.parametrize(
    ("known", "question"),
    [
        (Notes(), Question.MATTER),
        (Notes(recording="a.wav"), Question.CATEGORY),
        (Notes("other", "leaks"), Question.NUMBER),
    ],
)
def test_after_a_crash_it_goes_on_with_the_first_question_without_an_answer(
    known: Notes, question: Question
) -> None:
    turn = dialogue(known=known).begin()
    assert isinstance(turn.next, Ask) and turn.next.question is question
