"""What a password may be: long enough, not enormous, and none of those that everybody tries first."""

import functools
import unicodedata
from importlib.resources import files
from typing import Final

MIN_CHARACTERS: Final = 8
MAX_CHARACTERS: Final = 256
_MAX_RAW_CHARACTERS: Final = 4 * MAX_CHARACTERS
"""Before normalisation, which composes at most four code points into one. Longer text is refused unread."""


def normalised(password: str) -> str | None:
    """The password as it is hashed (NFKC, so that every keyboard spells it alike); None when it cannot be one.

    None means: too long before or after normalisation, or not Unicode text (a lone surrogate).
    """
    if len(password) > _MAX_RAW_CHARACTERS:
        return None
    try:
        password.encode()
    except UnicodeEncodeError:
        return None
    text = unicodedata.normalize("NFKC", password)
    return text if len(text) <= MAX_CHARACTERS else None


def wrong_with(password: str, *, login_name: str | None = None) -> str | None:
    """What is wrong with a password that somebody wants to choose; None when nothing is. Never quotes it.

    Length is counted in characters after NFKC. There are no rules about kinds of characters (NIST SP 800-63B, 5.1.1.2).
    """
    if len(password) <= _MAX_RAW_CHARACTERS and _is_no_text(password):
        return "it contains something that is not a character"
    text = normalised(password)
    if text is None:
        return f"it is longer than {MAX_CHARACTERS} characters"
    if len(text) < MIN_CHARACTERS:
        return f"it is shorter than {MIN_CHARACTERS} characters"
    folded = text.casefold()
    if folded in common_passwords() or len(set(folded)) == 1:
        return "it is one of the passwords that are tried first"
    if login_name is not None and folded == unicodedata.normalize("NFKC", login_name).casefold():
        return "it is the login name"
    return None


@functools.cache
def common_passwords() -> frozenset[str]:
    """The block-list, case-folded. Lines that begin with `# ` are comments."""
    text = files("gateway.security").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.casefold() for line in text.splitlines() if line and not line.startswith("# "))


def _is_no_text(password: str) -> bool:
    try:
        password.encode()
    except UnicodeEncodeError:
        return True
    return False
