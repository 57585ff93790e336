"""What people type to find an activation."""

import pytest

from gateway.domain.look_up import MAX_WORDS, NO_ID, LookedFor, read_words

ID = "0123456789abcdefghjkmnpqrs"


@pytest.mark.parametrize(
    "words",
    ["a4:c1:38:00:4f:2a", "A4-C1-38-00-4F-2A", "a4c1.3800.4f2a", "A4C138004F2A", "  a4:C1:38:00:4f:2A\n"],
)
def test_a_mac_is_read_in_every_notation(words: str) -> None:
    assert read_words(words).mac == "a4:c1:38:00:4f:2a"


def test_full_width_letters_are_letters() -> None:
    assert read_words("SQ24-0001-1183").machine_code == "SQ24-0001-1183"
    assert read_words("303 k7q-4m2").trace_id == "k7q-4m2"


def test_a_mac_without_separators_may_be_a_machine_code_as_well() -> None:
    assert read_words("a4c138004f2a").machine_code == "A4C138004F2A"


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("303 k7q-4m2", "303"),
        ("303 K7Q 4M2", "303"),
        ("303-k7q-4m2", "303"),
        ("303/k7q4m2", "303"),
        ("303k7q4m2", "303"),
        ("001: k7q-4m2", "001"),
        ("1 k7q-4m2", "001"),
        ("1/k7q4m2", "001"),
        ("30: k7q-4m2", "030"),
        ("502 · k7q-4m2", "502"),
        ("1 · k7q-4m2", "001"),
        ("k7q-4m2", None),
        ("K7Q4M2", None),
    ],
)
def test_digits_and_trace_id_are_read_as_people_say_them(words: str, digits: str | None) -> None:
    looked_for = read_words(words)
    assert (looked_for.digits, looked_for.trace_id) == (digits, "k7q-4m2")


@pytest.mark.parametrize(
    "words", ["303", "303 k7q", "1k7q-4m2", "30k7q4m2", "30-k7q-4m2", "3033 k7q-4m2", "303 k7q-4m2 x", "303 k7q-4l2"]
)
def test_what_is_no_trace_id_is_not_taken_for_one(words: str) -> None:
    assert (read_words(words).digits, read_words(words).trace_id) == (None, NO_ID)


def test_ids_of_ours_are_told_apart_by_their_letter() -> None:
    assert read_words(f"T-{ID.upper()}").attempt_id == f"t-{ID}"
    assert read_words(f"p-{ID}").pairing_id == f"p-{ID}"
    assert read_words(f"d-{ID}").device_id == f"d-{ID}"
    assert read_words(f"u-{ID}").unit_id == f"u-{ID}"
    assert read_words(f"c-{ID}").claim_id == f"c-{ID}"
    assert read_words(f"p-{ID}").attempt_id == NO_ID
    assert read_words(f"a-{ID}") == LookedFor(machine_code=f"A-{ID.upper()}")  # an account is nobody's to look up


@pytest.mark.parametrize("words", ["", " ", "%", "a*", "x" * (MAX_WORDS + 1), "'; --", "\0", "\ud800", "K7Q\n4M2 303"])
def test_anything_else_is_nothing_and_no_error(words: str) -> None:
    assert read_words(words) == LookedFor()


def test_what_was_typed_shows_in_no_repr() -> None:
    shown = repr(read_words("a4c138004f2a")) + repr(read_words("303 k7q-4m2")) + repr(read_words(f"d-{ID}"))
    assert "a4" not in shown.lower()
    assert "k7q" not in shown
    assert ID not in shown
