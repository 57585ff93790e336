"""Routes of sessions: log in, refresh, log out."""

from typing import Annotated, Final

from pydantic import Field

from gateway.api.accounts import LoginNameText, PasswordText
from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import AccountIdText, Moment, RequestModel, ResponseModel, identifier
from gateway.api.problem import Problem
from gateway.api.routes import Cost, Reply, Route
from gateway.domain.sessions import NotRefreshed
from gateway.usecases import sessions as usecase
from gateway.usecases.sessions import LoginRefused, TokenPair
from gateway.usecases.transaction import Transaction


class LogIn(RequestModel):
    """Who one is, and the proof."""

    login_name: LoginNameText = Field(repr=False, examples=["ann@example.org"])
    password: PasswordText = Field(repr=False)


class Refresh(RequestModel):
    """The refresh token that came last."""

    refresh_token: Annotated[str, Field(repr=False, min_length=16, max_length=512)]


class Tokens(ResponseModel):
    """A pair of tokens. Keep the refresh token where other programs cannot read it; it works once."""

    account_id: AccountIdText
    session_id: Annotated[str, identifier("s")]
    access_token: str = Field(repr=False, description="For `Authorization: Bearer`; 15 minutes")
    access_expires_at: Moment
    refresh_token: str = Field(repr=False, description="For POST /v1/sessions/refresh; 30 days, once")
    refresh_expires_at: Moment


async def log_in(call: Call) -> Reply:
    """Log in. A name that nobody has, a wrong password and too many tries are answered alike."""
    body, deps = call.get(LogIn), call.deps
    checked = await usecase.check_login(
        deps.database,
        deps.passwords,
        deps.indexes,
        body.login_name,
        body.password,
        address=call.address,
        now=call.now,
    )
    if isinstance(checked, LoginRefused):
        deps.metrics.logins.labels("refused").inc()
        return _refused(checked)

    def work(tx: Transaction) -> Answer | Problem:
        outcome = usecase.log_in(tx, checked, tokens=deps.tokens, identifiers=deps.identifiers, now=call.now)
        match outcome:
            case TokenPair():
                return Answer(201, _tokens(outcome))
            case LoginRefused():
                return _refused(outcome)

    answer = await call.commit(work)
    deps.metrics.logins.labels("opened" if isinstance(answer, Answer) else "refused").inc()
    return answer


async def refresh(call: Call) -> Reply:
    """Trade the refresh token for a new pair; a second use of one ends the session."""
    body = call.get(Refresh)

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.refresh(tx, body.refresh_token, tokens=call.deps.tokens, now=call.now):
            case TokenPair() as pair:
                return Answer(200, _tokens(pair))
            case NotRefreshed():
                return Problem(ApiCode.REFRESH_REFUSED)

    return await call.commit(work)


async def log_out(call: Call) -> Reply:
    """Log out here."""
    await call.deps.database.run(lambda tx: usecase.log_out(tx, call.session, call.now))
    call.streams.sign_out(call.account_id, only=call.session.session_id)
    return Answer(204)


async def log_out_everywhere(call: Call) -> Reply:
    """Log out everywhere, here too."""
    await call.deps.database.run(lambda tx: usecase.log_out_everywhere(tx, call.session, call.now))
    call.streams.sign_out(call.account_id)
    return Answer(204)


def _refused(refused: LoginRefused) -> Problem:
    return Problem(ApiCode.LOGIN_REFUSED, retry_after_s=refused.retry_after_s)


def _tokens(pair: TokenPair) -> Tokens:
    return Tokens(
        account_id=pair.account_id,
        session_id=pair.session_id,
        access_token=pair.access_token,
        access_expires_at=pair.access_expires_at,
        refresh_token=pair.refresh_token,
        refresh_expires_at=pair.refresh_expires_at,
    )


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/sessions",
        handler=log_in,
        summary="Log in",
        tag="sessions",
        request=LogIn,
        answers={201: Tokens},
        problems=(ApiCode.LOGIN_REFUSED,),
        auth=False,
        cost=Cost.PASSWORD,
        description="Unknown names, wrong passwords and too many tries are answered alike and equally fast.",
    ),
    Route(
        method="POST",
        path="/v1/sessions/refresh",
        handler=refresh,
        summary="Get new tokens",
        tag="sessions",
        request=Refresh,
        answers={200: Tokens},
        problems=(ApiCode.REFRESH_REFUSED,),
        auth=False,
        description="Send an Idempotency-Key: if the answer is lost, the same request gets the same tokens again, "
        "whereas a second use without it ends the session.",
    ),
    Route(
        method="DELETE",
        path="/v1/sessions/current",
        handler=log_out,
        summary="Log out here",
        tag="sessions",
        answers={204: None},
    ),
    Route(
        method="DELETE",
        path="/v1/sessions",
        handler=log_out_everywhere,
        summary="Log out everywhere",
        tag="sessions",
        answers={204: None},
    ),
)
