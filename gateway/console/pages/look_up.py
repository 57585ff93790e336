"""The look-up: one exact identifier, a page that looks the same whether it was found or not, after the same time."""

from http import HTTPStatus
from typing import Any

from gateway.console.refusal import Refusal
from gateway.console.roles import require
from gateway.console.views.card import card_view, unit_facts
from gateway.console.views.found import rows_of, summary_of
from gateway.console.visit import Answered, Moved, Shown, Visit
from gateway.domain.identity import DeviceId
from gateway.domain.look_up import MAX_WORDS, NO_ID, LookedFor, read_words
from gateway.domain.staff import Action
from gateway.domain.support_access import LookedEnough
from gateway.observability.logging import logger
from gateway.usecases import audit, support
from gateway.usecases.services import IndexedField
from gateway.usecases.support import Card, Found
from gateway.usecases.support_access import look_up
from gateway.usecases.transaction import Transaction

_log = logger(__name__)

Hit = tuple[Found, Card | None]


async def show_home(visit: Visit) -> Answered:
    """The form for a look-up."""
    return Shown("home.html", {"may_look_up": visit.may(Action.VIEW_UNIT)})


async def go_home(_visit: Visit) -> Answered:
    """Where somebody lands who loads the address of a form's answer: results are not kept."""
    return Moved("/")


async def show_found(visit: Visit) -> Answered:
    """Look something up and show what was found."""
    words = visit.form.text("words", at_most=MAX_WORDS)
    action = action_for(read_words(words))
    await require(visit, action)
    found = await _look_up(visit, words, action)
    # A hit has more page to draw, too: every look-up is answered at the same moment after it came in.
    return Shown("found.html", _values(visit, found), not_before=visit.began + visit.deps.limits.look_up_seconds)


def action_for(looked_for: LookedFor) -> Action:
    """What this look-up is: of a trace, or of an appliance. By the form of the words alone, not by what they find."""
    named = (looked_for.trace_id, looked_for.attempt_id, looked_for.pairing_id)
    return Action.READ_TRACE if any(name != NO_ID for name in named) else Action.VIEW_UNIT


async def _look_up(visit: Visit, words: str, action: Action) -> Hit | None:
    deps, who, now = visit.deps, visit.staff, visit.now
    target = deps.indexes.index(IndexedField.AUDIT_TARGET, words.lower())

    def find(tx: Transaction) -> Hit | None:
        found = support.find(tx, deps.indexes, words)
        card = support.card(tx, found.newest, now)  # also after a miss: the same queries
        return None if found.is_miss else (found, card)

    looked = await audit.recorded(
        deps.database,
        lambda tx: look_up(tx, who, action=action, target=target, find=find, device_of=_device_of, now=now),
    )
    if isinstance(looked, LookedEnough):
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "looked_enough", retry_after_s=looked.retry_after_s)
    if looked.alarm:
        _log.warning("many_misses")  # nobody's name, and not what was looked for
    return looked.found


def _device_of(hit: Hit) -> DeviceId | None:
    found, card = hit
    unit = found.unit or (None if card is None else card.unit)
    return None if unit is None else unit.device_id


def _values(visit: Visit, hit: Hit | None) -> dict[str, Any]:
    found, card = (None, None) if hit is None else hit
    unit = None if found is None else found.unit or (None if card is None else card.unit)
    return {
        "unit": unit_facts(unit, visit.language),
        "digits_differ": found is not None and found.digits_differ,
        "summary": summary_of(found, visit.language),
        "attempts": () if found is None else rows_of(found.attempts, visit.language),
        "card": None if card is None else card_view(card, visit.language),
        "device_id": None if hit is None else _device_of(hit),
        "may_see_attempts": visit.may(Action.VIEW_ATTEMPT),
        "may_check": visit.may(Action.RUN_CHECK),
        "may_open": visit.may(Action.USE_CODE),
    }
