"""Routes of closing: ask with the password, settle what stands in the way, confirm. There is no way back."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, assert_never

from pydantic import Field

from gateway.api.accounts import PasswordText, proven
from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import Moment, RequestModel, ResponseModel
from gateway.api.problem import Problem
from gateway.api.routes import Cost, Reply, Route
from gateway.api.wards import WardPath
from gateway.domain.closures import Blocker, BlockerKind
from gateway.domain.identity import AccountId
from gateway.usecases import closures as usecase
from gateway.usecases.closures import Blocked, Confirmable, NotAWard, Unconfirmed
from gateway.usecases.erasure import Begun
from gateway.usecases.transaction import Transaction


class CloseAccount(RequestModel):
    """The proof that it is really the person."""

    password: PasswordText = Field(repr=False)


class ConfirmClosure(RequestModel):
    """What the first step answered with."""

    token: Annotated[str, Field(repr=False, min_length=16, max_length=512)]


class ClosureOffered(ResponseModel):
    """Nothing has happened yet. Offer a copy first where there is none."""

    token: str = Field(repr=False, description="For POST /v1/me/closure/confirm; fifteen minutes")
    expires_at: Moment
    has_copy: bool = Field(description="Whether a copy was asked for: after closing there is nothing to copy any more")
    copy_with: Literal["POST /v1/me/exports"] = "POST /v1/me/exports"


class Closed(ResponseModel):
    """The account is closed, and with it everything about it ends."""

    erasure_id: str
    receipt_token: str = Field(
        repr=False, description="Fetches the signed receipt of the erasure, once: nobody can log in for it any more"
    )


async def ask_for_closure(call: Call) -> Reply:
    """Ask to close the account."""
    confirmed = await proven(call, call.get(CloseAccount).password)

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.ask(tx, confirmed, call.deps.tokens, call.now):
            case Confirmable(token=token, expires_at=expires_at, has_copy=has_copy):
                return Answer(200, ClosureOffered(token=token, expires_at=expires_at, has_copy=has_copy))
            case Blocked(blockers=blockers):
                return _blocked(blockers)

    return await call.commit(work)


async def confirm_closure(call: Call) -> Reply:
    """Close the account for good."""
    token = call.get(ConfirmClosure).token

    def work(tx: Transaction) -> Answer | Problem:
        outcome = usecase.confirm(tx, call.deps, call.account_id, token, call.now)
        match outcome:
            case Begun(erasure_id=erasure_id, receipt_token=receipt):
                return Answer(200, Closed(erasure_id=erasure_id, receipt_token=receipt))
            case Blocked(blockers=blockers):
                return _blocked(blockers)
            case Unconfirmed():
                return Problem(ApiCode.CLOSURE_UNCONFIRMED)
            case _:
                assert_never(outcome)

    # Not through `Call.commit`: an answer that is kept for a repetition would be a row about somebody who is gone.
    answer = await call.deps.database.run(work)
    call.kept = True
    if isinstance(answer, Answer):
        call.streams.sign_out(call.account_id)
    return answer


async def close_ward(call: Call) -> Reply:
    """Have everything of a minor deleted."""
    confirmed = await proven(call, call.get(CloseAccount).password)
    ward_id = call.get(WardPath).ward_id
    closed: list[AccountId] = []

    def work(tx: Transaction) -> Answer | Problem:
        closed[:] = [link.account_id for link in tx.guardians.of_guardian(call.account_id) if link.ward_id == ward_id]
        outcome = usecase.close_ward(tx, call.deps, confirmed, ward_id, call.now)
        match outcome:
            case Begun(erasure_id=erasure_id, receipt_token=receipt):
                return Answer(200, Closed(erasure_id=erasure_id, receipt_token=receipt))
            case Blocked(blockers=blockers):
                return _blocked(blockers)
            case NotAWard():
                return Problem(ApiCode.NOT_FOUND)
            case _:
                assert_never(outcome)

    answer = await call.commit(work)
    if isinstance(answer, Answer):
        for account_id in closed:
            call.streams.sign_out(account_id)
    return answer


async def withdraw_closure(call: Call) -> Reply:
    """Stay."""

    def work(tx: Transaction) -> Answer:
        usecase.withdraw(tx, call.account_id)
        return Answer(204)

    return await call.commit(work)


_SETTLED_BY: Final = {
    BlockerKind.SHARED_DEVICE: ("device_id", "POST /v1/devices/{device_id}/release"),
    BlockerKind.OPEN_REQUEST: ("request_id", "DELETE /v1/me/requests/{request_id}"),
    BlockerKind.WARD: ("ward_id", "DELETE /v1/wards/{ward_id}"),
}


def _blocked(blockers: Sequence[Blocker]) -> Problem:
    told = [
        {"kind": one.kind.value, _SETTLED_BY[one.kind][0]: one.what, "settled_by": _SETTLED_BY[one.kind][1]}
        for one in blockers
    ]
    return Problem(ApiCode.CLOSURE_BLOCKED, extra={"blockers": told})


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/me/closure",
        handler=ask_for_closure,
        summary="Ask to close the account",
        tag="rights",
        request=CloseAccount,
        answers={200: ClosureOffered},
        problems=(ApiCode.REAUTHENTICATION_REFUSED, ApiCode.CLOSURE_BLOCKED),
        cost=Cost.PASSWORD,
        description="Needs the password. Names what has to be settled first, each with the request that settles it: an "
        "appliance that others use too (`shared_device`), a request without an answer (`open_request`), a minor who "
        "needs them (`ward`).",
    ),
    Route(
        method="DELETE",
        path="/v1/me/closure",
        handler=withdraw_closure,
        summary="Do not close it after all",
        tag="rights",
        answers={204: None},
    ),
    Route(
        method="POST",
        path="/v1/me/closure/confirm",
        handler=confirm_closure,
        summary="Close the account for good",
        tag="rights",
        request=ConfirmClosure,
        answers={200: Closed},
        problems=(ApiCode.CLOSURE_UNCONFIRMED, ApiCode.CLOSURE_BLOCKED),
        description="Cannot be undone. Every session ends, appliances are released, data is erased; the login name is "
        "free for anybody, who has nothing in common with this account. An Idempotency-Key has no effect here.",
    ),
    Route(
        method="POST",
        path="/v1/wards/{ward_id}/closure",
        handler=close_ward,
        summary="Have everything of a minor deleted",
        tag="rights",
        parameters=WardPath,
        request=CloseAccount,
        answers={200: Closed},
        problems=(ApiCode.REAUTHENTICATION_REFUSED, ApiCode.CLOSURE_BLOCKED),
        cost=Cost.PASSWORD,
        description="By the guardian, with the guardian's own password. Cannot be undone.",
    ),
)
