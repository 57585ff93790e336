"""Where a failure code is explained to people: the link that every answer with such a code carries."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.domain.failures import CATALOGUE, Code

CODES_PATH: Final = "/docs/codes"


def help_path(code: Code) -> str:
    """The page of a code, on the API's own port: `/docs/codes/303`."""
    return f"{CODES_PATH}/{CATALOGUE[code].digits}"


def help_for(code: str | None) -> str | None:
    """The page of a code that comes as text; None without one, and for a word that is no failure code."""
    try:
        return None if code is None else help_path(Code(code))
    except ValueError:
        return None


def with_help(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event tells, with the link beside its `code` where it has one."""
    path = help_for(data["code"]) if isinstance(data.get("code"), str) else None
    return dict(data) if path is None else {**data, "help": path}
