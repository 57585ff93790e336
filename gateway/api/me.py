"""Routes of a person about themselves: all in one look, log-ins, another login name, deleting one kind of data."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from gateway.api.accounts import LoginNameText, PasswordText, proven
from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.consent_models import ConsentShown, shown_consent
from gateway.api.device_models import Device, shown_device
from gateway.api.disclosures import DisclosureShown, shown_disclosure
from gateway.api.exports import ExportShown, shown_export
from gateway.api.models import AccountIdText, Moment, ParameterModel, RequestModel, ResponseModel, identifier
from gateway.api.problem import FieldError, Problem
from gateway.api.requests import RequestShown, shown_request
from gateway.api.routes import Cost, Reply, Route
from gateway.domain.accounts import BadLoginName, normal_login_name
from gateway.domain.deletions import DataClass
from gateway.domain.sessions import Session
from gateway.usecases import deletions
from gateway.usecases import rights as usecase
from gateway.usecases.rights import LoginCorrected, NameIsTaken, NoAccount, Overview
from gateway.usecases.transaction import Transaction

SessionIdText = Annotated[str, identifier("s")]


class SessionShown(ResponseModel):
    """One log-in."""

    session_id: SessionIdText
    opened_at: Moment
    used_at: Moment = Field(description="When it last got new tokens")
    ended_at: Moment | None
    end: str | None = Field(description="Why it ended", examples=["logged_out"])
    current: bool = Field(description="The one that asks")


class SessionsShown(ResponseModel):
    """Where the account is or was logged in, the latest first."""

    items: list[SessionShown]


class AccountFacts(ResponseModel):
    """What is known of the account itself. The login name cannot be read back, not even for its person."""

    account_id: AccountIdText
    login_kind: Literal["mail", "phone"]
    adult: bool
    has_guardian: bool
    created_at: Moment
    password_changed_at: Moment | None


class Me(ResponseModel):
    """Everything that concerns this account in one look: at most 200 of each kind, each with a list of its own."""

    account: AccountFacts
    devices: list[Device]
    sessions: list[SessionShown]
    consents: list[ConsentShown]
    open_requests: list[RequestShown]
    exports: list[ExportShown]
    disclosures: list[DisclosureShown]
    more: dict[str, str] = Field(description="Where the rest is")


class CorrectMe(RequestModel):
    """What can be corrected here, with the password."""

    login_name: LoginNameText = Field(repr=False, examples=["ann.new@example.org"])
    password: PasswordText = Field(repr=False)


class DataClassPath(ParameterModel):
    """Which kind of data."""

    data_class: DataClass


class Deleted(ResponseModel):
    """What was deleted in which store, signed: the signature is over the canonical form (RFC 8785) of `receipt`."""

    receipt: dict[str, Any]
    key: str = Field(description="Public Ed25519 key, base64; GET /v1/consents/key has the same")
    signature: str


_MORE: Final = {
    "activity": "/v1/me/activity",
    "sessions": "/v1/me/sessions",
    "requests": "/v1/me/requests",
    "exports": "/v1/me/exports",
    "disclosures": "/v1/me/disclosures",
    "incidents": "/v1/me/incidents",
    "consents": "/v1/consents",
    "notices": "/v1/notices",
    "devices": "/v1/devices",
    "support_grants": "/v1/support-grants",
}


async def show_me(call: Call) -> Reply:
    """Everything in one look."""

    def work(tx: Transaction) -> Answer | Problem:
        found = usecase.overview(tx, call.account_id, call.deps.names_of(call.account_id), call.now)
        return Problem(ApiCode.UNAUTHENTICATED) if found is None else Answer(200, _me(call, found))

    return await call.read(work)


async def list_sessions(call: Call) -> Reply:
    """The account's log-ins."""
    found = await call.read(lambda tx: usecase.sessions_of(tx, call.account_id))
    return Answer(200, SessionsShown(items=[_session(one, call) for one in found]))


async def correct_me(call: Call) -> Reply:
    """Log in under another name from now on."""
    body, deps = call.get(CorrectMe), call.deps
    name = normal_login_name(body.login_name)
    if isinstance(name, BadLoginName):
        raise Problem(ApiCode.VALIDATION, errors=[FieldError("body", "login_name", name.reason)])
    confirmed = await proven(call, body.password)

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.correct_login(tx, confirmed, name, deps.indexes, keep=call.session.session_id, now=call.now):
            case LoginCorrected():
                return Answer(204)
            case NameIsTaken():
                return Problem(ApiCode.NAME_TAKEN)
            case NoAccount():
                return Problem(ApiCode.UNAUTHENTICATED)

    answer = await call.commit(work)
    if isinstance(answer, Answer):
        call.streams.sign_out(call.account_id, but=call.session.session_id)
    return answer


async def delete_my_data(call: Call) -> Reply:
    """Delete one kind of data."""
    which = call.get(DataClassPath).data_class

    def work(tx: Transaction) -> Answer:
        done = deletions.delete(tx, call.account_id, which, call.deps.receipts, call.now)
        return Answer(200, Deleted(receipt=done.record, key=done.key, signature=done.signature))

    return await call.commit(work)


def _me(call: Call, found: Overview) -> Me:
    account = found.account
    return Me(
        account=AccountFacts(
            account_id=account.account_id,
            login_kind=account.login_kind.value,
            adult=account.adult,
            has_guardian=found.has_guardian,
            created_at=account.created_at,
            password_changed_at=account.password_changed_at,
        ),
        devices=[shown_device(one) for one in found.devices],
        sessions=[_session(one, call) for one in found.sessions],
        consents=[shown_consent(one) for one in found.consents],
        open_requests=[shown_request(one) for one in found.open_requests],
        exports=[shown_export(one) for one in found.exports],
        disclosures=[shown_disclosure(one) for one in found.disclosures],
        more=_MORE,
    )


def _session(session: Session, call: Call) -> SessionShown:
    return SessionShown(
        session_id=session.session_id,
        opened_at=session.opened_at,
        used_at=session.refreshed_at,
        ended_at=session.ended_at,
        end=None if session.end is None else session.end.value,
        current=session.session_id == call.session.session_id,
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/me",
        handler=show_me,
        summary="Everything in one look",
        tag="rights",
        answers={200: Me},
    ),
    Route(
        method="GET",
        path="/v1/me/sessions",
        handler=list_sessions,
        summary="Where the account is logged in",
        tag="rights",
        answers={200: SessionsShown},
    ),
    Route(
        method="PATCH",
        path="/v1/me",
        handler=correct_me,
        summary="Correct the login name",
        tag="rights",
        request=CorrectMe,
        answers={204: None},
        problems=(ApiCode.NAME_TAKEN, ApiCode.REAUTHENTICATION_REFUSED),
        cost=Cost.PASSWORD,
        description="With the password; every other session ends. What is known of appliances comes from the registry "
        "only, and whether somebody is of age is the guardian's to say: ask for a `correction` if it is wrong.",
    ),
    Route(
        method="DELETE",
        path="/v1/me/data/{data_class}",
        handler=delete_my_data,
        summary="Delete one kind of data",
        tag="rights",
        parameters=DataClassPath,
        answers={200: Deleted},
        description="At once, with a signed receipt. What is still under way (a command, an open pairing, a request "
        "without an answer) is left to end. A second time finds nothing, and that is no error.",
    ),
)
