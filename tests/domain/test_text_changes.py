"""Comparing two texts: nothing is lost, nothing is invented, and what changed is marked by words."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.text_changes import (
    LINES_AT_MOST,
    PAIRS_AT_MOST,
    WORDS_AT_MOST,
    Change,
    LeftOut,
    Line,
    TooLongToCompare,
    changes,
)

TEXTS = st.lists(
    st.sampled_from(["", "we keep it 30 days", "we keep it 31 days", "我们保存三十天。", "<b>", "x y"])
).map("\n".join)


def lines_of(before: str, after: str) -> tuple[Line | LeftOut, ...]:
    found = changes(before, after)
    assert not isinstance(found, TooLongToCompare)
    return found


def marked(line: Line | LeftOut) -> list[str]:
    assert isinstance(line, Line)
    return [piece.text for piece in line.pieces if piece.changed]


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_the_comparison(before: str, after: str) -> None:
    first, second = before.splitlines(), after.splitlines()
    at_first, at_second = 0, 0
    for line in lines_of(before, after) or (LeftOut(len(first)),):
        if isinstance(line, LeftOut):
            assert first[at_first : at_first + line.lines] == second[at_second : at_second + line.lines]
            at_first, at_second = at_first + line.lines, at_second + line.lines
            continue
        if line.change is not Change.ADDED:
            assert line.text == first[at_first]
            at_first += 1
        if line.change is not Change.REMOVED:
            assert line.text == second[at_second]
            at_second += 1
    assert (at_first, at_second) == (len(first), len(second))


def test_the_same_text_has_no_changes() -> None:
    assert lines_of("one\ntwo\n", "one\ntwo\n") == ()


def test_words_that_changed_are_marked_and_no_others() -> None:
    old, new = lines_of("We keep it for 30 days.", "We keep it for 90 days.")
    assert (marked(old), marked(new)) == (["30"], ["90"])


def test_in_chinese_characters_are_marked() -> None:
    old, new = lines_of("我们保存三十天。", "我们保存九十天。")
    assert (marked(old), marked(new)) == (["三"], ["九"])


def test_lines_that_have_nothing_in_common_are_two() -> None:
    old, new = lines_of("Kept for ever.", "我们不保存。")
    assert (marked(old), marked(new)) == (["Kept for ever."], ["我们不保存。"])


def test_lines_far_from_a_change_are_left_out() -> None:
    before = [f"line {number}" for number in range(20)]
    after = [*before[:10], "something else", *before[10:]]
    found = lines_of("\n".join(before), "\n".join(after))
    assert [one.lines if isinstance(one, LeftOut) else one.text for one in found] == [
        *(8, "line 8", "line 9", "something else", "line 10", "line 11", 8),
    ]


def test_a_single_line_is_not_worth_leaving_out() -> None:
    assert not [one for one in lines_of("a\nb", "a\nc") if isinstance(one, LeftOut)]


def test_too_long_texts_are_not_compared_and_too_long_lines_not_by_words() -> None:
    long = "x\n" * LINES_AT_MOST
    assert lines_of(long, long) == ()
    assert changes(long, long + "x\n") == TooLongToCompare()
    wide = "a " * WORDS_AT_MOST
    old, new = lines_of(wide, wide + "b")
    assert (marked(old), marked(new)) == ([wide], [wide + "b"])


def test_so_many_lines_are_compared_by_words_and_no_more() -> None:
    number = PAIRS_AT_MOST + 1
    old = "\n".join(f"kept {n} days" for n in range(number))
    new = "\n".join(f"kept {n} hours" for n in range(number))
    assert {tuple(marked(line)) for line in lines_of(old, new)} == {
        *((f"kept {n} days",) for n in range(number)),
        *((f"kept {n} hours",) for n in range(number)),
    }
