"""Routes of accounts: register, change the password."""

from typing import Annotated, Final

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import AccountIdText, RequestModel, ResponseModel
from gateway.api.problem import FieldError, Problem
from gateway.api.routes import Cost, Reply, Route
from gateway.domain.accounts import LoginName
from gateway.domain.throttle import Wait
from gateway.usecases import accounts as usecase
from gateway.usecases.accounts import (
    ChangedMeanwhile,
    NameTaken,
    NotProven,
    PasswordChanged,
    Proven,
    Registered,
)
from gateway.usecases.transaction import Transaction

LoginNameText = Annotated[
    str,
    Field(min_length=3, max_length=320, description="A mail address, or a telephone number with + and country code"),
]
PasswordText = Annotated[str, Field(min_length=1, max_length=1024, description="8 to 256 characters, not a common one")]


class Register(RequestModel):
    """A new account."""

    login_name: LoginNameText = Field(repr=False, examples=["ann@example.org"])
    password: PasswordText = Field(repr=False)
    adult: bool = Field(description="Whether the person is of age. Nothing more is asked about it")


class AccountMade(ResponseModel):
    """The account is there; log in next."""

    account_id: AccountIdText


class ChangePassword(RequestModel):
    """The present password and the next."""

    old_password: PasswordText = Field(repr=False)
    new_password: PasswordText = Field(repr=False)


async def register(call: Call) -> Reply:
    """Register. Says so when the login name is taken; see `usecases.accounts` for why."""
    body, deps = call.get(Register), call.deps
    name = usecase.check_registration(body.login_name, body.password, deps.passwords)
    if not isinstance(name, LoginName):
        raise Problem(ApiCode.VALIDATION, errors=[FieldError("body", bad.field, bad.message) for bad in name])
    registration = await usecase.prepare_registration(
        name,
        body.password,
        adult=body.adult,
        address=call.address,
        passwords=deps.passwords,
        indexes=deps.indexes,
        identifiers=deps.identifiers,
    )

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.register(tx, registration, call.now):
            case Registered(account_id=account_id):
                return Answer(201, AccountMade(account_id=account_id))
            case NameTaken():
                return Problem(ApiCode.NAME_TAKEN)
            case Wait(seconds=seconds):
                return Problem(ApiCode.RATE_LIMITED, retry_after_s=seconds)

    return await call.commit(work)


async def proven(call: Call, password: str) -> Proven:
    """Ask a signed-in person for the password again, for routes that cannot be undone.

    Raises:
        Problem: it does not fit, or there were too many tries.
    """
    deps = call.deps
    outcome = await usecase.reauthenticate(
        deps.database, deps.passwords, deps.indexes, call.account_id, password, address=call.address, now=call.now
    )
    match outcome:
        case Proven():
            return outcome
        case NotProven(retry_after_s=seconds):
            raise Problem(ApiCode.REAUTHENTICATION_REFUSED, retry_after_s=seconds)


async def change_password(call: Call) -> Reply:
    """Change the password; every other session ends."""
    body, deps = call.get(ChangePassword), call.deps
    wrong = deps.passwords.check_rules(body.new_password)
    if wrong is not None:
        raise Problem(ApiCode.VALIDATION, errors=[FieldError("body", "new_password", wrong)])
    confirmed = await proven(call, body.old_password)
    record = await deps.passwords.hash(body.new_password)

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.change_password(tx, confirmed, record, keep=call.session.session_id, now=call.now):
            case PasswordChanged():
                return Answer(204)
            case ChangedMeanwhile():
                return Problem(ApiCode.CONFLICT)

    answer = await call.commit(work)
    call.streams.sign_out(call.account_id, but=call.session.session_id)
    return answer


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/accounts",
        handler=register,
        summary="Register",
        tag="accounts",
        request=Register,
        answers={201: AccountMade},
        problems=(ApiCode.NAME_TAKEN,),
        auth=False,
        cost=Cost.PASSWORD,
    ),
    Route(
        method="POST",
        path="/v1/me/password",
        handler=change_password,
        summary="Change the password",
        tag="accounts",
        request=ChangePassword,
        answers={204: None},
        problems=(ApiCode.REAUTHENTICATION_REFUSED, ApiCode.CONFLICT),
        cost=Cost.PASSWORD,
        description="Needs the present one. Every other session ends.",
    ),
)
