"""The route of types: what an appliance is and can do."""

from typing import Annotated, Any, Final

from pydantic import Field, RootModel

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import ParameterModel
from gateway.api.problem import Problem
from gateway.api.routes import Reply, Route


class TypePath(ParameterModel):
    """Which type."""

    type_id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", examples=["heater.panel.s2"])]


class TypeDescriptor(RootModel[dict[str, Any]]):
    """A W3C Thing Model with a few terms of our own; references within it are resolved."""


async def show_type(call: Call) -> Reply:
    """The descriptor of a type."""
    descriptor = call.deps.types.get(call.get(TypePath).type_id)
    if descriptor is None:
        return Problem(ApiCode.NOT_FOUND)
    return Answer(200, TypeDescriptor(descriptor.document), etag=f"v{descriptor.version}")


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/types/{type_id}",
        handler=show_type,
        summary="The descriptor of a type",
        tag="types",
        parameters=TypePath,
        answers={200: TypeDescriptor},
        description="Properties, actions and events with their limits and units; what is safe from afar; names and "
        "sentences in English and Chinese.",
    ),
)
