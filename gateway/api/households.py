"""Routes of homes: make one, invite, join, leave, and say that somebody is there."""

from typing import Final

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.conditions import require_match
from gateway.api.household_models import (
    ChangeHome,
    HomeInvitationShown,
    HomePath,
    HomeShown,
    HomesShown,
    JoinHome,
    MemberPath,
    NewHome,
    SomeoneHere,
    shown_home,
)
from gateway.api.problem import FieldError, Problem
from gateway.api.routes import Reply, Route
from gateway.domain.households import HomeRef, MemberRef
from gateway.usecases import households as usecase
from gateway.usecases.households import CodeRefused, KeeperOnly, NoHome, NoZone, SeenHome, TooMany
from gateway.usecases.transaction import Transaction


async def make_home(call: Call) -> Reply:
    """Make a home."""
    body = call.get(NewHome)

    def work(tx: Transaction) -> Answer | Problem:
        made = usecase.make(tx, call.deps, call.account_id, body.time_zone, body.label, call.now)
        match made:
            case SeenHome():
                return _answer(made, 201, location=f"/v1/homes/{made.home.home_ref}")
            case NoZone():
                return _no_zone()
            case TooMany():
                return Problem(ApiCode.HOME_LIMIT)

    return await call.commit(work)


async def list_homes(call: Call) -> Reply:
    """All homes of this account: five at most, so in one piece."""
    found = await call.read(lambda tx: usecase.of_account(tx, call.deps, call.account_id))
    return Answer(200, HomesShown(items=[shown_home(seen) for seen in found]))


async def show_home(call: Call) -> Reply:
    """One home."""
    home_ref = HomeRef(call.get(HomePath).home_ref)
    return _or_not_found(await call.read(lambda tx: usecase.one(tx, call.deps, call.account_id, home_ref)))


async def change_home(call: Call) -> Reply:
    """Change the time zone, or one's own word for it."""
    home_ref, body = HomeRef(call.get(HomePath).home_ref), call.get(ChangeHome)

    def work(tx: Transaction) -> Answer | Problem:
        seen = usecase.one(tx, call.deps, call.account_id, home_ref)
        if isinstance(seen, NoHome):
            return Problem(ApiCode.NOT_FOUND)
        require_match(call.request, seen.edition)
        if body.time_zone is not None and isinstance(usecase.move(tx, seen, body.time_zone, call.now), NoZone):
            return _no_zone()
        if "label" in body.model_fields_set:
            usecase.name(tx, call.deps, call.account_id, home_ref, body.label)
        return _or_not_found(usecase.one(tx, call.deps, call.account_id, home_ref))

    return await call.commit(work)


async def switch_someone_here(call: Call) -> Reply:
    """Say that somebody without a phone is at home, or no more."""
    home_ref, on = HomeRef(call.get(HomePath).home_ref), call.get(SomeoneHere).on

    def work(tx: Transaction) -> Answer | Problem:
        return _or_not_found(usecase.switch(tx, call.deps, call.account_id, home_ref, call.now, someone_here=on))

    return await call.commit(work)


async def invite_home(call: Call) -> Reply:
    """A code for one person to join with."""
    home_ref = HomeRef(call.get(HomePath).home_ref)

    def work(tx: Transaction) -> Answer | Problem:
        invited = usecase.invite(tx, call.deps, call.account_id, home_ref, call.now)
        match invited:
            case NoHome():
                return Problem(ApiCode.NOT_FOUND)
            case TooMany():
                return Problem(ApiCode.HOME_LIMIT)
            case _:
                return Answer(201, HomeInvitationShown(code=invited.code, expires_at=invited.expires_at))

    return await call.commit(work)


async def join_home(call: Call) -> Reply:
    """Join a home with a code."""
    body = call.get(JoinHome)

    def work(tx: Transaction) -> Answer | Problem:
        joined = usecase.join(tx, call.deps, call.account_id, body.code, body.label, call.now)
        match joined:
            case SeenHome():
                return _answer(joined)
            case CodeRefused():
                return Problem(ApiCode.HOME_CODE_REFUSED)
            case TooMany():
                return Problem(ApiCode.HOME_LIMIT)

    return await call.commit(work)


async def remove_home_member(call: Call) -> Reply:
    """Leave a home, or remove somebody from it."""
    asked = call.get(MemberPath)

    def work(tx: Transaction) -> Answer | Problem:
        refused = usecase.remove(tx, call.account_id, HomeRef(asked.home_ref), MemberRef(asked.member_ref), call.now)
        match refused:
            case None:
                return Answer(204)
            case NoHome():
                return Problem(ApiCode.NOT_FOUND)
            case KeeperOnly():
                return Problem(ApiCode.FORBIDDEN, "Only the keeper of a home removes others.")

    return await call.commit(work)


def _or_not_found(seen: SeenHome | NoHome) -> Answer | Problem:
    return Problem(ApiCode.NOT_FOUND) if isinstance(seen, NoHome) else _answer(seen)


def _answer(seen: SeenHome, status: int = 200, location: str | None = None) -> Answer:
    return Answer(status, shown_home(seen), location, etag=seen.edition)


def _no_zone() -> Problem:
    return Problem(ApiCode.VALIDATION, errors=[FieldError("body", "time_zone", "is no IANA time zone")])


_ETAG: Final = {"ETag": "Of what can be edited: the time zone, the switch, and one's own word for the home"}

ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/homes",
        handler=make_home,
        summary="Make a home",
        tag="homes",
        request=NewHome,
        answers={201: HomeShown},
        problems=(ApiCode.HOME_LIMIT,),
        description="A random name and a time zone. Where it is, only the phones of its members know. Five an account.",
        headers={"Location": "Where to look at it", **_ETAG},
    ),
    Route(
        method="GET",
        path="/v1/homes",
        handler=list_homes,
        summary="List homes",
        tag="homes",
        answers={200: HomesShown},
    ),
    Route(
        method="POST",
        path="/v1/homes/join",
        handler=join_home,
        summary="Join a home",
        tag="homes",
        request=JoinHome,
        answers={200: HomeShown},
        problems=(ApiCode.HOME_CODE_REFUSED, ApiCode.HOME_LIMIT),
        description="Rules of the others may then ask whether everybody left, and so tell them when the home is empty. "
        "Nobody is shown where another is. Ten members a home.",
        headers=_ETAG,
    ),
    Route(
        method="GET",
        path="/v1/homes/{home_ref}",
        handler=show_home,
        summary="One home",
        tag="homes",
        parameters=HomePath,
        answers={200: HomeShown},
        headers=_ETAG,
    ),
    Route(
        method="PATCH",
        path="/v1/homes/{home_ref}",
        handler=change_home,
        summary="Change a home",
        tag="homes",
        parameters=HomePath,
        request=ChangeHome,
        answers={200: HomeShown},
        guarded=True,
        headers=_ETAG,
    ),
    Route(
        method="PUT",
        path="/v1/homes/{home_ref}/someone-here",
        handler=switch_someone_here,
        summary="Somebody is here",
        tag="homes",
        parameters=HomePath,
        request=SomeoneHere,
        answers={200: HomeShown},
        description="While it is on, nothing turns off because people leave. Any member may switch it.",
        headers=_ETAG,
    ),
    Route(
        method="POST",
        path="/v1/homes/{home_ref}/invitations",
        handler=invite_home,
        summary="Invite into a home",
        tag="homes",
        parameters=HomePath,
        answers={201: HomeInvitationShown},
        problems=(ApiCode.HOME_LIMIT,),
        description="A code for one person, once, for 24 hours. Five open ones a home.",
    ),
    Route(
        method="DELETE",
        path="/v1/homes/{home_ref}/members/{member_ref}",
        handler=remove_home_member,
        summary="Leave a home, or remove a member",
        tag="homes",
        parameters=MemberPath,
        answers={204: None},
        problems=(ApiCode.FORBIDDEN,),
        description="With one's own `member_ref`: leave. What was known of the member, and their rules for this home, "
        "are gone at once. After the last member the home is gone; after its keeper the longest there keeps it.",
    ),
)
