"""Routes of minors and their guardians: link, see and give consents for the minor, and end it."""

from typing import Annotated

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.consent_models import (
    ConsentsShown,
    WardIdText,
    shown_consent,
)
from gateway.api.consents import giving, showing, taking_back
from gateway.api.models import Moment, ParameterModel, RequestModel, ResponseModel
from gateway.api.problem import Problem
from gateway.api.routes import Reply
from gateway.domain.consent import Purpose
from gateway.domain.guardians import CODE_DIGITS, Guardianship
from gateway.domain.throttle import Wait
from gateway.usecases import consents, guardians, throttling
from gateway.usecases.consent_giving import Speaker
from gateway.usecases.guardians import NotForThisAccount, ShownGuardianCode, Ward, WrongCode
from gateway.usecases.transaction import Transaction

GuardianDigits = Annotated[str, Field(pattern=rf"^[0-9]{{{CODE_DIGITS}}}$", examples=["0429176358"])]


class GuardianCodeShown(ResponseModel):
    """To be entered in the guardian's app. It works once, and a new one takes its place."""

    code: GuardianDigits = Field(repr=False)
    expires_at: Moment


class GuardianShown(ResponseModel):
    """Whether somebody decides for this account."""

    since: Moment | None = Field(description="Null where nobody does")


class EnterCode(RequestModel):
    """What the minor's app shows."""

    code: GuardianDigits = Field(repr=False)


class WardShown(ResponseModel):
    """A minor for whom this account decides."""

    ward_id: WardIdText
    since: Moment


class WardsShown(ResponseModel):
    """All of them, oldest first."""

    items: list[WardShown]


class WardPath(ParameterModel):
    """Which minor."""

    ward_id: WardIdText


class WardPurposePath(WardPath):
    """Which minor, which purpose."""

    purpose: Purpose


async def show_guardian_code(call: Call) -> Reply:
    """Show a code for one's guardian."""

    def work(tx: Transaction) -> Answer | Problem:
        match guardians.show_one(tx, call.account_id, tokens=call.deps.tokens, now=call.now):
            case ShownGuardianCode(code=code, expires_at=expires_at):
                return Answer(201, GuardianCodeShown(code=code, expires_at=expires_at))
            case NotForThisAccount():
                return Problem(ApiCode.GUARDIAN_NOT_FOR_ACCOUNT)

    return await call.commit(work)


async def show_guardian(call: Call) -> Reply:
    """Whether somebody decides for this account."""
    found = await call.read(lambda tx: guardians.guardian_of(tx, call.account_id))
    return Answer(200, GuardianShown(since=None if found is None else found.since))


async def leave_guardian(call: Call) -> Reply:
    """End it, from the minor's side."""

    def work(tx: Transaction) -> Answer:
        found = guardians.guardian_of(tx, call.account_id)
        if found is not None:
            guardians.end(tx, call.deps, found, call.now)
        return Answer(204)

    return await call.commit(work)


async def enter_guardian_code(call: Call) -> Reply:
    """Enter a minor's code."""
    deps = call.deps
    keys = throttling.keys_of(deps.indexes, what="guardian", name=call.account_id, address=call.address)

    def work(tx: Transaction) -> Answer | Problem:
        linked = guardians.link(
            tx,
            call.account_id,
            call.get(EnterCode).code,
            tokens=deps.tokens,
            identifiers=deps.identifiers,
            keys=keys,
            now=call.now,
        )
        match linked:
            case Guardianship():
                return Answer(201, _shown(linked), location=f"/v1/wards/{linked.ward_id}")
            case WrongCode():
                return Problem(ApiCode.GUARDIAN_CODE_REFUSED)
            case Wait(seconds=seconds):
                return Problem(ApiCode.RATE_LIMITED, retry_after_s=seconds)

    return await call.commit(work)


async def list_wards(call: Call) -> Reply:
    """For whom this account decides."""
    found = await call.read(lambda tx: guardians.wards(tx, call.account_id))
    return Answer(200, WardsShown(items=[_shown(one) for one in found]))


async def end_guardianship(call: Call) -> Reply:
    """End it, from the guardian's side."""

    def work(tx: Transaction) -> Answer | Problem:
        ward = _ward(tx, call)
        if ward is None:
            return Problem(ApiCode.NOT_FOUND)
        guardians.end(tx, call.deps, ward.guardianship, call.now)
        return Answer(204)

    return await call.commit(work)


async def declare_of_age(call: Call) -> Reply:
    """The minor is of age now."""

    def work(tx: Transaction) -> Answer | Problem:
        ward = _ward(tx, call)
        done = ward is not None and guardians.come_of_age(tx, call.deps, ward, call.now)
        return Answer(204) if done else Problem(ApiCode.NOT_FOUND)

    return await call.commit(work)


async def list_ward_consents(call: Call) -> Reply:
    """Where every purpose stands for a minor."""

    def read(tx: Transaction) -> ConsentsShown | None:
        ward = _ward(tx, call)
        if ward is None:
            return None
        return ConsentsShown(items=[shown_consent(one) for one in consents.states(tx, ward.account_id, call.now)])

    body = await call.read(read)
    return Problem(ApiCode.NOT_FOUND) if body is None else Answer(200, body)


async def show_ward_notice(call: Call) -> Reply:
    """Show the guardian the text of a purpose."""

    def work(tx: Transaction) -> Answer | Problem:
        ward = _ward(tx, call)
        if ward is None:
            return Problem(ApiCode.NOT_FOUND)
        return showing(tx, call, _speaker(call, ward), call.get(WardPurposePath).purpose)

    return await call.commit(work)


async def grant_ward_consent(call: Call) -> Reply:
    """Say yes for a minor."""

    def work(tx: Transaction) -> Answer | Problem:
        ward = _ward(tx, call)
        if ward is None:
            return Problem(ApiCode.NOT_FOUND)
        return giving(tx, call, _speaker(call, ward), call.get(WardPurposePath).purpose)

    return await call.commit(work)


async def withdraw_ward_consent(call: Call) -> Reply:
    """Take back for a minor."""

    def work(tx: Transaction) -> Answer | Problem:
        ward = _ward(tx, call)
        if ward is None:
            return Problem(ApiCode.NOT_FOUND)
        return taking_back(tx, call, _speaker(call, ward), call.get(WardPurposePath).purpose)

    return await call.commit(work)


def _ward(tx: Transaction, call: Call) -> Ward | None:
    path = call.get(WardPurposePath if WardPurposePath in call.models else WardPath)
    return guardians.ward_of(tx, call.account_id, path.ward_id)


def _speaker(call: Call, ward: Ward) -> Speaker:
    return Speaker(ward.account_id, call.account_id)


def _shown(guardianship: Guardianship) -> WardShown:
    return WardShown(ward_id=guardianship.ward_id, since=guardianship.since)
