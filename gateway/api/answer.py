"""What a handler gives back: a status and a model. The bytes are made once, here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer."""

    status: int = HTTPStatus.OK
    body: BaseModel | None = field(default=None, repr=False)
    location: str | None = field(default=None, repr=False)
    """The path of what was made (201) or of what will be (202)."""
    etag: str | None = None
    """A strong entity tag without its quotes; see `gateway.api.conditions`."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def content(self) -> bytes:
        """The body as JSON; empty without one. Fields that are None stay, as null."""
        return b"" if self.body is None else self.body.model_dump_json(by_alias=True).encode()

    def response(self) -> web.Response:
        """The whole answer."""
        return response(self.status, self.content(), self.location, self.etag, self.headers)


def response(
    status: int,
    content: bytes,
    location: str | None = None,
    etag: str | None = None,
    more: Mapping[str, str] | None = None,
) -> web.Response:
    """An answer from its parts."""
    headers = dict(more or {})
    if location is not None:
        headers["Location"] = location
    if etag is not None:
        headers["ETag"] = f'"{etag}"'
    if not content:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, body=content, content_type="application/json", headers=headers)
