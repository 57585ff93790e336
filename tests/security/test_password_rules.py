"""What a password may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.security.password_rules import common_passwords, wrong_with

GOOD = "plum tractor eleven"


def wide(text: str) -> str:
    """The same letters as an East Asian keyboard may type them."""
    return text.translate({letter: letter + 0xFEE0 for letter in range(0x21, 0x7F)})


@pytest.mark.parametrize(
    "password",
    [GOOD, "12345679", "tr0ub4dor&3", "x" * 255 + "y", "пароль-на-завтра", "😀😁😂🤣😃😄😅😆"],
)
def test_a_long_enough_password_may_be_chosen(password: str) -> None:
    assert wrong_with(password) is None


@pytest.mark.parametrize("password", ["", "a", "sevenab", "😀" * 7])
def test_fewer_than_eight_characters_are_refused(password: str) -> None:
    assert wrong_with(password) == "it is shorter than 8 characters"


@pytest.mark.parametrize("password", ["ab" * 128 + "c", "ab" * 600, "ab" * (512 * 1024), "\ufdfa" * 20])
def test_more_than_256_characters_are_refused(password: str) -> None:
    assert wrong_with(password) == "it is longer than 256 characters"


def test_length_is_counted_after_normalisation() -> None:
    decomposed = "e\u0301" * 7  # seven letters for people, fourteen code points
    assert wrong_with(decomposed) == "it is shorter than 8 characters"
    assert wrong_with("o\u0308xyz" * 64) is None  # 320 code points, 256 letters


@pytest.mark.parametrize(
    "password", ["password", "PassWord1", "qwertyuiop", "woaini1314", wide("password"), "zzzzzzzz"]
)
def test_passwords_that_are_tried_first_are_refused_in_any_spelling(password: str) -> None:
    assert wrong_with(password) == "it is one of the passwords that are tried first"


def test_the_block_list_is_worth_its_name() -> None:
    assert len(common_passwords()) >= 400
    assert all(len(entry) >= 8 for entry in common_passwords())


def test_the_login_name_is_no_password() -> None:
    assert wrong_with("Anna@Example.com", login_name="anna@example.com") == "it is the login name"
    assert wrong_with("Anna@Example.com", login_name="bob@example.com") is None
    assert wrong_with("Anna@Example.com") is None


def test_a_lone_surrogate_is_not_text() -> None:
    assert wrong_with("plum tractor \ud800") == "it contains something that is not a character"


@given(st.text(alphabet=st.characters(), max_size=40))
def test_whatever_is_wrong_the_answer_never_quotes_the_password(password: str) -> None:
    wrong = wrong_with(password)
    assert wrong is None or len(password) < 8 or password not in wrong
