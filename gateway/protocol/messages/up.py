"""What an activated appliance says: `hg/v1/dev/<cn>/up/…`. The topic says who it is; no payload does."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.protocol.messages.claim import MAX_REMEMBERED, RememberedFailure
from gateway.protocol.messages.fields import (
    Boot,
    Count,
    Epoch,
    Firmware,
    FreeJson,
    Instant,
    Message,
    Name,
    Nonce,
    OwnCode,
    Pem,
    RequestId,
    SerialHex,
    Token,
    Uuid,
    problem,
)


class Hello(Message):
    """The first message of every connection. The first one ever confirms the certificate."""

    firmware: Firmware
    reset_counter: Count
    descriptor_version: Annotated[int, Field(ge=0, le=65535)]
    clock: Instant | None = None
    """What the appliance takes the time to be; absent when it does not know."""
    boot: Boot | None = None
    """A new value whenever `seq` of the reports starts again."""
    serial: SerialHex | None = Field(default=None, repr=False)
    """Of the certificate in use, for brokers that do not tell: the old one may die once the new one is seen."""
    epoch: Epoch | None = None
    """What the appliance believes; the welcome tells it what is true."""


class Bye(Message):
    """`{}`: the will message, also sent before a clean stop."""


class StateReport(Message):
    """Reported state. Merged into what is known, or in its place when `full`."""

    seq: Count
    boot: Boot | None = None
    at: Instant | None = None
    state: FreeJson
    full: bool = False
    epoch: Epoch | None = None
    """The epoch in which it was measured. A report that waited in a queue while the appliance changed hands is told
    apart by this; without it, it would be shown to the wrong person."""


class EventReport(Message):
    """Something that happened once, such as `filter_low`."""

    id: Uuid
    name: Name
    data: FreeJson = Field(default_factory=dict)


class CommandAck(Message):
    """The appliance's word on a command, with its state afterwards where that changed."""

    command_id: Uuid
    status: Literal["received", "applied", "rejected", "failed"]
    code: OwnCode | None = None
    state: FreeJson | None = None
    seq: Count | None = None
    """Places `state` among the reports; required with it."""
    boot: Boot | None = None
    epoch: Epoch | None = None
    """As in a report."""

    @model_validator(mode="after")
    def _state_has_its_place(self) -> "CommandAck":
        if self.state is not None and self.seq is None:
            raise problem("a state needs its seq")
        return self


class Button(Message):
    """A press of the appliance's button."""

    nonce: Nonce = Field(repr=False)


class BindRequest(Message):
    """The appliance hands over a proof that it is paired with: a token from the app, or a press of its button."""

    request_id: RequestId
    bind_token: Token | None = Field(default=None, repr=False)
    button: Button | None = Field(default=None, repr=False)
    reset_counter: Count

    @model_validator(mode="after")
    def _one_proof(self) -> "BindRequest":
        if (self.bind_token is None) == (self.button is None):
            raise problem("needs a bind_token or a button, and not both")
        return self


class RenewRequest(Message):
    """A certificate request over the running connection."""

    request_id: RequestId
    csr: Pem = Field(repr=False)


class LogReport(Message):
    """The failures that the appliance remembered, handed over at the next success."""

    entries: Annotated[tuple[RememberedFailure, ...], Field(max_length=MAX_REMEMBERED)]
