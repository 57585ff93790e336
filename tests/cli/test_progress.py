"""A bar where somebody watches, and silence where nobody does."""

import io

import pytest

from gateway.cli.progress import progress_bar


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "wanted", "seen"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_bar_is_shown_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool, wanted: bool, seen: bool
) -> None:
    screen = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("units", 10, wanted=wanted) as advance:
        advance(5, "500 rows")
    assert ("units" in screen.getvalue()) is seen
    if not seen:
        assert screen.getvalue() == ""
