"""The card of one attempt, and the stream that tells an open page that there is something new."""

import asyncio
import re
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from aiohttp import web

from gateway.console.refusal import Refusal
from gateway.console.views.card import card_view
from gateway.console.visit import Answered, Shown, Visit
from gateway.domain.attempts import Outcome
from gateway.domain.audit import Result
from gateway.domain.identity import AttemptId
from gateway.domain.staff import Action
from gateway.usecases import audit, support
from gateway.usecases.repositories.support import ListedAttempt
from gateway.usecases.services import IndexedField
from gateway.usecases.staff_sessions import entry_of, still_signed_in
from gateway.usecases.support import Card
from gateway.usecases.support_access import concerning
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction

STOPPING: Final = web.AppKey("stopping", asyncio.Event)
STREAMS: Final = web.AppKey("streams", set[object])
_VERSION: Final = re.compile(r"[0-9]{1,18}")


async def show_attempt(visit: Visit) -> Answered:
    """The card."""
    card = await _read_card(visit)
    values = {
        "card": card_view(card, visit.language),
        "may_check": visit.may(Action.RUN_CHECK),
        "may_open": visit.may(Action.USE_CODE),
    }
    return Shown("card.html", values)


async def _read_card(visit: Visit) -> Card:
    attempt_id = AttemptId(visit.request.match_info["attempt_id"])
    deps, now = visit.deps, visit.now
    entry = entry_of(visit.staff, Action.VIEW_ATTEMPT, Result.GRANTED, now)
    entry = replace(entry, target=deps.indexes.index(IndexedField.AUDIT_TARGET, attempt_id))

    def read(tx: Transaction) -> Card | None:
        card = support.card(tx, attempt_id, now)
        device_id = None if card is None or card.unit is None else card.unit.device_id
        if card is None:
            audit.append(tx, replace(entry, result=Result.NOT_FOUND))
        else:
            audit.append(tx, entry if device_id is None else concerning(tx, entry, device_id, now))
        return card

    card = await audit.recorded(deps.database, read)
    if card is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "attempt_gone")
    return card


async def tell_changes(visit: Visit) -> Answered:
    """An event stream that says "changed", and nothing else, whenever the attempt did. One look, at its beginning.

    Each event bears the version that it tells of. Whoever comes names the one that they have seen: the page in its
    address, a stream that broke off in `Last-Event-ID`. What changed in between is told at once.
    """
    card = await _read_card(visit)
    streams, limits = visit.request.app[STREAMS], visit.deps.limits
    if len(streams) >= limits.streams_at_most:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", retry_after_s=60)
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    this = object()
    streams.add(this)
    try:
        await answer.prepare(visit.request)
        await _follow(visit, card, answer)
    except (ConnectionError, DatabaseUnavailableError):
        pass  # the page was closed; or it comes back by itself, and is then told what it missed
    finally:
        streams.discard(this)
    return answer


def _seen(request: web.Request, present: int) -> int:
    """The version that the page shows; whoever names none has seen the `present` one."""
    named = request.headers.get("Last-Event-ID") or request.query.get("seen", "")
    return int(named) if _VERSION.fullmatch(named) else present


async def _follow(visit: Visit, card: Card, answer: web.StreamResponse) -> None:
    deps, attempt_id = visit.deps, card.attempt.attempt_id
    version = _seen(visit.request, card.attempt.version)
    stopping = visit.request.app[STOPPING]
    until = visit.began + deps.limits.stream_seconds
    await answer.write(b"retry: 10000\n\n")
    while deps.monotonic() < until and not stopping.is_set():
        now = deps.clock()

        def look(tx: Transaction) -> ListedAttempt | None:
            return tx.support.attempt(attempt_id) if still_signed_in(tx, visit.staff, now) else None  # noqa: B023 - run at once

        listed = await deps.database.read(look)
        if listed is None:
            break
        if listed.attempt.version != version:
            version = listed.attempt.version
            await answer.write(f"event: changed\nid: {version}\ndata: 1\n\n".encode())
        if listed.attempt.outcome is not Outcome.OPEN:
            break
        try:
            await asyncio.wait_for(stopping.wait(), deps.limits.stream_look_seconds)
        except TimeoutError:
            continue
    await answer.write(b"event: end\ndata: 1\n\n")
