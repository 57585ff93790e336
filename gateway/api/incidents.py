"""The route of incidents: what went wrong with data of this account, for those alone whom it concerns."""

from dataclasses import asdict
from typing import Annotated, Final

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.models import Moment, ResponseModel, identifier
from gateway.api.routes import Reply, Route
from gateway.usecases import incidents as usecase

IncidentIdText = Annotated[str, identifier("i")]


class IncidentParts(ResponseModel):
    """The four parts, in one language."""

    what: str = Field(description="What happened")
    effects: str = Field(description="What it may mean")
    measures: str = Field(description="What was done about it")
    advice: str = Field(description="What one can do, and what is offered to make good")


class IncidentShown(ResponseModel):
    """One incident."""

    incident_id: IncidentIdText
    began_at: Moment
    ended_at: Moment | None = Field(description="Null while it lasted when it was told")
    told_at: Moment
    texts: dict[str, IncidentParts] = Field(description="By language: en, zh")


class Incidents(ResponseModel):
    """What this account was told of, newest first."""

    items: list[IncidentShown]


async def list_incidents(call: Call) -> Reply:
    """What went wrong with data of this account."""
    found = await call.read(lambda tx: usecase.of_account(tx, call.account_id))
    items = [
        IncidentShown(
            incident_id=one.incident_id,
            began_at=one.began_at,
            ended_at=one.ended_at,
            told_at=one.told_at,
            texts={language: IncidentParts(**asdict(parts)) for language, parts in one.texts.items()},
        )
        for one in found
    ]
    return Answer(200, Incidents(items=items))


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/me/incidents",
        handler=list_incidents,
        summary="What went wrong with one's data",
        tag="rights",
        answers={200: Incidents},
        description="The app is told with a notice `incident`. Nobody sees an incident that does not concern them.",
    ),
)
