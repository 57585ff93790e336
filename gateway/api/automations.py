"""Routes of rules: what happens when one comes or goes, why it did, and how to take it back."""

from typing import Final, assert_never

from gateway.api.answer import Answer
from gateway.api.automation_models import (
    AutomationPath,
    AutomationShown,
    AutomationsPage,
    ChangeAutomation,
    Explanation,
    FiringPath,
    FiringShown,
    NewAutomation,
    shown_automation,
    shown_firing,
    shown_line,
    wish_of,
)
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.conditions import require_match, version_tag
from gateway.api.location import consent_required
from gateway.api.models import Page
from gateway.api.problem import FieldError, Problem
from gateway.api.routes import Reply, Route
from gateway.domain.automations import Automation, AutomationId
from gateway.domain.firings import Firing, FiringId
from gateway.domain.households import HomeRef
from gateway.domain.identity import DeviceId
from gateway.usecases import automations as usecase
from gateway.usecases.automations import Changed, Invalid, Made, NotAllowed, NotFound, NotGranted, TooLate, TooMany
from gateway.usecases.transaction import Transaction

_LONGEST_CURSOR: Final = 18


async def make_automation(call: Call) -> Reply:
    """Make a rule."""
    body = call.get(NewAutomation)
    deps, home_ref, device_id = call.deps, HomeRef(body.home_ref), DeviceId(body.device_id)

    def work(tx: Transaction) -> Answer | Problem:
        made = usecase.make(
            tx, deps.identifiers, deps.types, call.account_id, home_ref, device_id, wish_of(body), call.now
        )
        if not isinstance(made, Automation):
            return _refused(made)
        return _answer(made, 201, location=f"/v1/automations/{made.automation_id}")

    return await call.commit(work)


async def list_automations(call: Call) -> Reply:
    """A piece of the account's rules."""
    page = call.get(Page)
    after = None if page.cursor is None else AutomationId(page.cursor)
    found, following = await call.read(lambda tx: usecase.page(tx, call.account_id, after, page.limit))
    return Answer(200, AutomationsPage(items=[shown_automation(rule) for rule in found], next=following))


async def show_automation(call: Call) -> Reply:
    """One rule."""
    automation_id = _asked(call)
    rule = await call.read(lambda tx: tx.automations.one(call.account_id, automation_id))
    return Problem(ApiCode.NOT_FOUND) if rule is None else _answer(rule)


async def change_automation(call: Call) -> Reply:
    """Edit a rule."""
    automation_id, wish = _asked(call), wish_of(call.get(ChangeAutomation))

    def work(tx: Transaction) -> Answer | Problem:
        rule = tx.automations.one(call.account_id, automation_id)
        if rule is None:
            return Problem(ApiCode.NOT_FOUND)
        require_match(call.request, version_tag(rule.version))
        changed = usecase.change(tx, call.deps.types, rule, wish, call.now)
        return _answer(changed) if isinstance(changed, Automation) else _refused(changed)

    return await call.commit(work)


async def remove_automation(call: Call) -> Reply:
    """Remove a rule."""
    automation_id = _asked(call)

    def work(tx: Transaction) -> Answer | Problem:
        removed = usecase.remove(tx, call.account_id, automation_id, call.now)
        return Answer(204) if removed else Problem(ApiCode.NOT_FOUND)

    return await call.commit(work)


async def explain_automation(call: Call) -> Reply:
    """Why a rule did something, or nothing."""
    automation_id, page = _asked(call), call.get(Page)
    before = None if page.cursor is None else _number(page.cursor)
    found = await call.read(lambda tx: usecase.explain(tx, call.account_id, automation_id, before, page.limit))
    if isinstance(found, NotFound):
        return Problem(ApiCode.NOT_FOUND)
    lines, following = found
    items = [shown_line(line) for line in lines]
    return Answer(200, Explanation(items=items, next=None if following is None else str(following)))


async def undo_firing(call: Call) -> Reply:
    """Take back what a rule is about to do, or turn off what it turned on."""
    firing_id = FiringId(call.get(FiringPath).firing_id)

    def work(tx: Transaction) -> Answer | Problem:
        undone = usecase.undo(tx, call.account_id, firing_id, call.now)
        match undone:
            case Firing():
                return Answer(200, shown_firing(undone))
            case NotFound():
                return Problem(ApiCode.NOT_FOUND)
            case TooLate(firing=firing):
                return Problem(ApiCode.FIRING_OVER, extra={"state": firing.state.value})

    return await call.commit(work)


def _asked(call: Call) -> AutomationId:
    return AutomationId(call.get(AutomationPath).automation_id)


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _LONGEST_CURSOR):
        raise Problem(ApiCode.VALIDATION, errors=[FieldError("query", "cursor", "is none that an answer gave")])
    return int(cursor)


def _refused(outcome: Made | Changed) -> Problem:
    match outcome:
        case NotFound():
            return Problem(ApiCode.NOT_FOUND)
        case NotGranted():
            return consent_required()
        case Invalid(errors=errors):
            return Problem(
                ApiCode.COMMAND_INVALID, errors=[FieldError("body", error.field, error.says) for error in errors]
            )
        case NotAllowed(why=why):
            return Problem(ApiCode.AUTOMATION_NOT_ALLOWED, extra={"why": why.value})
        case TooMany():
            return Problem(ApiCode.AUTOMATION_LIMIT)
        case Automation():
            raise TypeError("this is no refusal")
    assert_never(outcome)


def _answer(rule: Automation, status: int = 200, location: str | None = None) -> Answer:
    return Answer(status, shown_automation(rule), location, etag=version_tag(rule.version))


_ETAG: Final = {"ETag": "Of what can be edited"}
_REFUSALS: Final = (ApiCode.COMMAND_INVALID, ApiCode.AUTOMATION_NOT_ALLOWED)

ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/automations",
        handler=make_automation,
        summary="Make a rule",
        tag="automations",
        request=NewAutomation,
        answers={201: AutomationShown},
        problems=(ApiCode.NOT_FOUND, ApiCode.CONSENT_REQUIRED, ApiCode.AUTOMATION_LIMIT, *_REFUSALS),
        description="On is a reminder, off may act. A rule that acts waits 60 seconds, in which it can be taken back. "
        "A rule that turns something on does so only for types that allow it, never from 23:00 to 06:00 at home, and "
        "on coming near it is undone after 45 minutes without an arrival. Fifty an account.",
        headers={"Location": "Where to look at it", **_ETAG},
    ),
    Route(
        method="GET",
        path="/v1/automations",
        handler=list_automations,
        summary="List rules",
        tag="automations",
        query=Page,
        answers={200: AutomationsPage},
    ),
    Route(
        method="GET",
        path="/v1/automations/{automation_id}",
        handler=show_automation,
        summary="One rule",
        tag="automations",
        parameters=AutomationPath,
        answers={200: AutomationShown},
        headers=_ETAG,
    ),
    Route(
        method="PUT",
        path="/v1/automations/{automation_id}",
        handler=change_automation,
        summary="Edit a rule",
        tag="automations",
        parameters=AutomationPath,
        request=ChangeAutomation,
        answers={200: AutomationShown},
        problems=_REFUSALS,
        guarded=True,
        description="What it was about to do is dropped, and what it turned on for an arrival is turned off.",
        headers=_ETAG,
    ),
    Route(
        method="DELETE",
        path="/v1/automations/{automation_id}",
        handler=remove_automation,
        summary="Remove a rule",
        tag="automations",
        parameters=AutomationPath,
        answers={204: None},
        description="With everything that explains it.",
    ),
    Route(
        method="GET",
        path="/v1/automations/{automation_id}/explain",
        handler=explain_automation,
        summary="Why it did something, or nothing",
        tag="automations",
        parameters=AutomationPath,
        query=Page,
        answers={200: Explanation},
        description="Every firing and every not firing of the last seven days (at most 500), newest first. There are "
        "no places in it.",
    ),
    Route(
        method="POST",
        path="/v1/automations/firings/{firing_id}/undo",
        handler=undo_firing,
        summary="Take it back",
        tag="automations",
        parameters=FiringPath,
        answers={200: FiringShown},
        problems=(ApiCode.FIRING_OVER,),
        description="Within the 60 seconds it never happens. What was turned on and waits for an arrival is turned "
        "off.",
    ),
)
