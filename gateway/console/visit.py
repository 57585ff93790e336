"""One request on its way through the console, and what a page answers it with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

from gateway.console.dependencies import ConsoleDependencies
from gateway.console.forms import Form
from gateway.console.refusal import Refusal
from gateway.console.words import say
from gateway.domain.failure_texts import Language
from gateway.domain.staff import Action
from gateway.usecases.staff_sessions import SignedIn


@dataclass(slots=True)
class Visit:
    """A request together with whoever makes it."""

    request: web.Request = field(repr=False)
    deps: ConsoleDependencies = field(repr=False)
    trace_id: str
    now: datetime
    language: Language
    address: str = field(repr=False)
    csrf: str = field(repr=False, default="")
    """What the forms of the answer carry. Empty while nobody has looked whose it has to be: then it has no forms."""
    began: float = 0.0
    """By `deps.monotonic`."""
    who: SignedIn | None = field(repr=False, default=None)
    form: Form = field(repr=False, default_factory=Form)

    @property
    def staff(self) -> SignedIn:
        """Who makes it.

        Raises:
            Refusal: nobody; a route that asks for this has to need an action.
        """
        if self.who is None:
            raise Refusal(HTTPStatus.FORBIDDEN, "not_allowed")
        return self.who

    def may(self, action: Action) -> bool:
        """Whether the page offers this action. The use case asks again."""
        return self.who is not None and self.who.role_for(action) is not None

    def say(self, words: str, **values: object) -> str:
        """A sentence in the language of the page."""
        return say(self.language, words, **values)


NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Shown:
    """A page."""

    template: str
    values: Mapping[str, Any] = field(repr=False, default_factory=lambda: NOTHING)
    status: HTTPStatus = HTTPStatus.OK
    not_before: float = 0.0
    """By `deps.monotonic`: drawn at once, answered no sooner than then."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Go on with another page: after a form that changed something, so that loading again does not repeat it."""

    path: str
    sign_in: str | None = field(repr=False, default=None)
    """The cookie's token of a session that was opened."""
    sign_out: bool = False
    language: Language | None = None


Answered = Shown | Moved | web.StreamResponse
