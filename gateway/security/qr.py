"""QR codes of what an authenticator is to read, for a terminal."""

import io
from typing import Final

import segno

_WHITE_ON_BLACK: Final = "\x1b[97;40m"
_AS_BEFORE: Final = "\x1b[0m"


def qr_for_terminal(text: str) -> str:
    """Lines of half blocks in explicit black and white, whatever the terminal's own colours; ends with a line feed."""
    out = io.StringIO()
    segno.make(text, error="m", micro=False).terminal(out, compact=True)
    lines = (f"{_WHITE_ON_BLACK}{line}{_AS_BEFORE}\n" for line in out.getvalue().splitlines())
    return "".join(lines)
