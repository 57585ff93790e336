"""What a route is: method, path, who may take it, and the page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, unique

from gateway.console.forms import FORM_AT_MOST
from gateway.console.visit import Answered, Visit
from gateway.domain.staff import Action

Page = Callable[[Visit], Awaitable[Answered]]


@unique
class Open(Enum):
    """Routes that need no action of `domain.staff`."""

    EVERYBODY = "everybody"
    """Nobody has to be signed in."""
    STAFF = "staff"
    """Whoever is signed in, in whatever role."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `POST` alone has effects, and always with a form of ours."""

    method: str
    path: str
    needs: Action | Open
    page: Page
    costs_password: bool = False
    """Hashes a password, and is limited by address for it: counted once the role allows it."""
    form_at_most: int = FORM_AT_MOST
    """Bytes of its form, from those whose role allows it. From others it is never read further than any form."""
