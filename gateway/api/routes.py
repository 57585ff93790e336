"""The row of the route table. From one table come aiohttp's routes, the OpenAPI document and the readable page."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from aiohttp import web
from pydantic import BaseModel

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.problem import Problem
from gateway.domain.failures import Code

Reply = Answer | Problem | web.StreamResponse
"""What a handler may give back."""

Handler = Callable[[Call], Awaitable[Reply]]

_PARAMETER: Final = re.compile(r"\{([a-z_]+)\}")


class Cost(StrEnum):
    """Which token bucket of its address (and account) a route empties, besides the general one."""

    USUAL = "usual"
    PASSWORD = "password"  # noqa: S105 - the name of a bucket
    """Every request costs a password hash (about 230 ms of a core)."""
    WORK = "work"
    """Every request gives work to others: a copy to make, words to answer, somebody's server to call."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path.

    `POST` routes take an `Idempotency-Key` unless they are streams, or their requests bear a number of their own.
    """

    method: str
    path: str
    """With parameters in braces, each a field of `parameters`: `/v1/devices/{device_id}`."""
    handler: Handler
    summary: str
    tag: str
    answers: Mapping[int, type[BaseModel] | None]
    """Body of each successful status; None where there is none."""
    problems: tuple[ApiCode | Code, ...] = ()
    """Codes besides those that every route may answer with."""
    request: type[BaseModel] | None = None
    body_bytes: int | None = None
    """The largest body, where that is less than for other routes."""
    query: type[BaseModel] | None = None
    parameters: type[BaseModel] | None = None
    auth: bool = True
    stream: bool = False
    """Answers with `text/event-stream`; the request has no time limit."""
    waits: bool = False
    """Honours `Prefer: wait=SECONDS`."""
    replays_early: bool = True
    """Look for a kept answer before the handler runs: it may refuse, or spend a password hash, before its transaction
    looks as well. False where it does neither, which saves a reading."""
    numbered: bool = False
    """A number in the body tells a repetition; no answer is kept, and an `Idempotency-Key` is not looked at."""
    guarded: bool = False
    """Two people may edit it: `If-Match` with the ETag is required."""
    cost: Cost = Cost.USUAL
    description: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Answer headers worth a word, with the word."""

    def __post_init__(self) -> None:
        declared = set() if self.parameters is None else set(self.parameters.model_fields)
        if declared != set(_PARAMETER.findall(self.path)):
            message = f"{self.method} {self.path}: the path and its parameter model differ"
            raise ValueError(message)

    @property
    def idempotent(self) -> bool:
        """True when the route takes an `Idempotency-Key`."""
        return self.method == "POST" and not self.stream and not self.numbered

    @property
    def operation(self) -> str:
        """A name that is unique in the table."""
        return self.handler.__name__
