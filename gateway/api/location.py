"""The route by which a phone tells that its owner came or went: four words and a minute, and no field for a place."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.household_models import HomeRefText
from gateway.api.models import Moment, RequestModel, ResponseModel
from gateway.api.problem import Problem
from gateway.api.routes import Reply, Route
from gateway.domain.households import HomeRef
from gateway.domain.location import Accuracy, Ignored, Spot, Transition
from gateway.usecases import location as usecase
from gateway.usecases.location import NoHome, NotGranted, Taken
from gateway.usecases.transaction import Transaction
from gateway.usecases.whereabouts import known_of

BODY_AT_MOST: Final = 512

_MINUTE: Final = "%Y-%m-%dT%H:%MZ"


def _whole_minute(text: str) -> str:
    try:
        datetime.strptime(text, _MINUTE).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("is no minute such as 2026-03-01T12:05Z") from None
    return text


MinuteText = Annotated[
    str,
    Field(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z$", examples=["2026-03-01T12:05Z"]),
    AfterValidator(_whole_minute),
]


class LocationTransition(RequestModel):
    """All that is ever told. A coordinate, a network or any other field is refused by its name."""

    home_ref: HomeRefText
    state: Literal["near", "home", "away"] = Field(repr=False)
    seq: int = Field(ge=0, le=2**53 - 1, description="Counts up in the phone; a number is taken once")
    minute: MinuteText = Field(repr=False, description="When the state began, or was last found the same; UTC")
    accuracy: Literal["good", "fair", "poor"]


class TransitionAnswer(ResponseModel):
    """What became of it."""

    outcome: Literal["taken", "ignored"] = Field(description="`ignored`: it fires nothing, and `why` says the reason")
    why: Literal["used_seq", "out_of_order", "clock_ahead", "too_old", "away_too_short", "once_a_trip"] | None = Field(
        description="`too_old`, `away_too_short` and `once_a_trip` are known all the same; the others are not"
    )


class WhereaboutsShown(ResponseModel):
    """All that is known of where one is, at one home."""

    home_ref: HomeRefText
    state: Literal["near", "home", "away"] = Field(repr=False)
    since: Moment = Field(repr=False, description="The minute in which the state began")
    minute: Moment = Field(repr=False, description="The minute of the latest word")
    seq: int = Field(description="The latest number; the next word needs a greater one")


class LocationShown(ResponseModel):
    """At every home of which something is known."""

    items: list[WhereaboutsShown]


async def show_location(call: Call) -> Reply:
    """What is known of where one is."""
    found = await call.read(lambda tx: known_of(tx, call.deps.persons, call.account_id))
    items = [
        WhereaboutsShown(
            home_ref=home_ref, state=known.state.value, since=known.since, minute=known.minute, seq=known.seq
        )
        for home_ref, known in found
    ]
    return Answer(200, LocationShown(items=items))


async def tell_transition(call: Call) -> Reply:
    """Take a transition."""
    body = call.get(LocationTransition)
    told = Transition(
        state=Spot(body.state),
        seq=body.seq,
        minute=datetime.strptime(body.minute, _MINUTE).replace(tzinfo=UTC),
        accuracy=Accuracy(body.accuracy),
    )

    def work(tx: Transaction) -> Answer | Problem:
        outcome = usecase.tell(tx, call.deps, call.account_id, HomeRef(body.home_ref), told, call.now)
        match outcome:
            case NotGranted():
                return consent_required()
            case NoHome():
                return Problem(ApiCode.NOT_FOUND)
            case Ignored(why=why):
                return Answer(200, TransitionAnswer(outcome="ignored", why=why.value))
            case Taken(unfit=unfit) if unfit is not None:
                return Answer(200, TransitionAnswer(outcome="ignored", why=unfit.value))
            case Taken():
                return Answer(200, TransitionAnswer(outcome="taken", why=None))

    return await call.commit(work)


def consent_required() -> Problem:
    """Nothing about location was granted; how to grant it."""
    steps = {
        "purposes": [purpose.value for purpose in usecase.PURPOSES],
        "notice": "POST /v1/consents/{purpose}/notice",
        "grant": "PUT /v1/consents/{purpose}",
    }
    return Problem(
        ApiCode.CONSENT_REQUIRED,
        "Show the notice of one of these purposes, and grant it with the notice's id.",
        extra={"how": steps},
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/location",
        handler=show_location,
        summary="What is known of where one is",
        tag="location",
        answers={200: LocationShown},
        description="One's own only. A phone that was set up anew goes on with a greater `seq`.",
    ),
    Route(
        method="POST",
        path="/v1/location/transitions",
        handler=tell_transition,
        summary="Tell that one came or went",
        tag="location",
        request=LocationTransition,
        body_bytes=BODY_AT_MOST,
        answers={200: TransitionAnswer},
        problems=(ApiCode.CONSENT_REQUIRED, ApiCode.NOT_FOUND),
        numbered=True,
        description="The phone decides where it is. Of the words that it tells, the latest is kept, encrypted under "
        "the person's own key, until the consent is withdrawn, the home left, or nothing was heard for two days. "
        "Without a grant of one of the location purposes: 403, and nothing is stored. `seq` tells a repetition, so "
        "there is no `Idempotency-Key`.",
    ),
)
