"""Routes of support: let somebody see a device, see who may, end it, and see every look that was made."""

from typing import Annotated, Final, Literal

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import DeviceIdText, Moment, Page, ParameterModel, RequestModel, ResponseModel, identifier
from gateway.api.problem import FieldError, Problem
from gateway.api.routes import Reply, Route
from gateway.domain.identity import DeviceId
from gateway.domain.support_access import CODE_DIGITS, Grant, GrantId
from gateway.usecases import support_grants as usecase
from gateway.usecases.audit import Activity, activity_of
from gateway.usecases.support_grants import NotYours, OwnerOnly, ShownCode
from gateway.usecases.transaction import Transaction

GrantIdText = Annotated[str, identifier("x")]
Case = Annotated[str, Field(description="The case, as support calls it")]
Reason = Annotated[str, Field(description="Why, in support's words")]

_LONGEST_CURSOR: Final = 18


class SupportDevice(RequestModel):
    """Which device support is to see."""

    device_id: DeviceIdText


class GrantPath(ParameterModel):
    """Which grant."""

    grant_id: GrantIdText


class SupportCodeShown(ResponseModel):
    """To be read out to support. It works once, and a new one takes its place."""

    device_id: DeviceIdText
    code: str = Field(repr=False, pattern=rf"^[0-9]{{{CODE_DIGITS}}}$", examples=["042917"])
    expires_at: Moment


class SupportGrant(ResponseModel):
    """One device is open to one person of the staff."""

    grant_id: GrantIdText
    device_id: DeviceIdText
    kind: Literal["code", "break_glass"] = Field(
        description="By the code of this account, or, in an emergency, by two of the staff without it"
    )
    case: Case
    reason: Reason
    opened_at: Moment
    until: Moment


class SupportGrants(ResponseModel):
    """What is open now, newest first."""

    items: list[SupportGrant]


class ActivityShown(ResponseModel):
    """One look at a device of this account, or one decision about it."""

    at: Moment
    role: str = Field(
        description="In which role: viewer, agent, lead, engineer, privacy_officer; admin or machine where a grant "
        "ended with the account of who had it; customer for what was done in the app. Names of staff are not told"
    )
    action: str = Field(description="What was done", examples=["view_unit", "use_code", "view_customer"])
    result: Literal["granted", "refused", "not_found"]
    device_id: DeviceIdText | None
    case: Case | None
    reason: Reason | None


class ActivityPage(ResponseModel):
    """A piece of the list, newest first."""

    items: list[ActivityShown]
    next: str | None = Field(description="`cursor` of the next piece; null at the end")


async def show_support_code(call: Call) -> Reply:
    """Show a code with which support may see one device."""
    device_id = DeviceId(call.get(SupportDevice).device_id)

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.show_one(tx, call.account_id, device_id, tokens=call.deps.tokens, now=call.now):
            case ShownCode(code=code, expires_at=expires_at):
                return Answer(201, SupportCodeShown(device_id=device_id, code=code, expires_at=expires_at))
            case NotYours():
                return Problem(ApiCode.NOT_FOUND)
            case OwnerOnly():
                return Problem(ApiCode.FORBIDDEN)

    return await call.commit(work)


async def list_support_grants(call: Call) -> Reply:
    """What is open to support now."""
    grants = await call.read(lambda tx: usecase.of_account(tx, call.account_id, call.now))
    return Answer(200, SupportGrants(items=[_shown(grant) for grant in grants]))


async def end_support_grant(call: Call) -> Reply:
    """End a grant now."""
    grant_id = GrantId(call.get(GrantPath).grant_id)

    def work(tx: Transaction) -> Answer | Problem:
        ended = usecase.end_one(tx, call.account_id, grant_id, call.now)
        return Answer(204) if ended else Problem(ApiCode.NOT_FOUND)

    return await call.commit(work)


async def list_activity(call: Call) -> Reply:
    """Every look of support at a device of this account."""
    page = call.get(Page)
    before = None if page.cursor is None else _number(page.cursor)
    found, following = await call.read(lambda tx: activity_of(tx, call.account_id, before, page.limit))
    items = [_activity(one) for one in found]
    return Answer(200, ActivityPage(items=items, next=None if following is None else str(following)))


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _LONGEST_CURSOR):
        raise Problem(ApiCode.VALIDATION, errors=[FieldError("query", "cursor", "is none that an answer gave")])
    return int(cursor)


def _shown(grant: Grant) -> SupportGrant:
    return SupportGrant(
        grant_id=grant.grant_id,
        device_id=grant.device_id,
        kind=grant.kind.value,
        case=grant.case,
        reason=grant.reason,
        opened_at=grant.opened_at,
        until=grant.until,
    )


def _activity(one: Activity) -> ActivityShown:
    return ActivityShown.model_validate(
        {
            "at": one.at,
            "role": one.role,
            "action": one.action,
            "result": one.result,
            "device_id": one.device_id,
            "case": one.case or None,
            "reason": one.reason or None,
        }
    )


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/support-codes",
        handler=show_support_code,
        summary="Let support see a device",
        tag="support",
        request=SupportDevice,
        answers={201: SupportCodeShown},
        problems=(ApiCode.NOT_FOUND, ApiCode.FORBIDDEN),
        description="Six digits for fifteen minutes. Who has them sees this one device for 24 hours. For its owner "
        "only. After five wrong tries a new code is needed.",
    ),
    Route(
        method="GET",
        path="/v1/support-grants",
        handler=list_support_grants,
        summary="What support may see now",
        tag="support",
        answers={200: SupportGrants},
    ),
    Route(
        method="DELETE",
        path="/v1/support-grants/{grant_id}",
        handler=end_support_grant,
        summary="End it",
        tag="support",
        parameters=GrantPath,
        answers={204: None},
        problems=(ApiCode.NOT_FOUND,),
        description="At once. One that is over already stays so, and that is no error.",
    ),
    Route(
        method="GET",
        path="/v1/me/activity",
        handler=list_activity,
        summary="Every look of support",
        tag="support",
        query=Page,
        answers={200: ActivityPage},
        description="Who (the role), when, why, which device, and whether it was granted. Kept for two years.",
    ),
)
