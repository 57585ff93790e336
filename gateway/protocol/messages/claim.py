"""Messages before activation: `hg/v1/claim/<cn>/req` and `…/reply`."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.protocol.messages.fields import (
    Code,
    CodeNumber,
    Count,
    DeviceName,
    Epoch,
    Firmware,
    Host,
    Instant,
    Mac,
    MachineCode,
    Message,
    Name,
    OwnCode,
    Pem,
    Port,
    Proof,
    PublicKey,
    RequestId,
    Seconds,
    Token,
    TraceId,
    TypeId,
    problem,
)

MAX_REMEMBERED = 16
"""Failures that an appliance remembers and hands over."""

Retry = Literal["never", "now", "after"]
"""Whether asking again can help: `after` comes with the number of seconds."""


class Radio(Message):
    """How the appliance hears its access point. Neither name nor address of it."""

    rssi: Annotated[int, Field(ge=-128, le=20)] | None = None
    """dBm."""
    security: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,24}$")] | None = None
    band: Literal["2.4", "5", "6"] | None = None
    """GHz."""


class RememberedFailure(Message):
    """A failure that happened while the appliance had nobody to tell."""

    stage: Name
    code: OwnCode
    count: Annotated[int, Field(ge=1, le=65535)] = 1
    ago_ms: Count
    """Milliseconds since the last time it happened, by the appliance's own running clock."""


class ActivationRequest(Message):
    """An appliance asks to be activated."""

    request_id: RequestId
    machine_code: MachineCode = Field(repr=False)
    mac: Mac = Field(repr=False)
    type_id: TypeId
    firmware: Firmware
    csr: Pem = Field(repr=False)
    reset_counter: Count
    bind_token: Token | None = Field(default=None, repr=False)
    proof: Proof | None = Field(default=None, repr=False)
    radio: Radio | None = None
    history: Annotated[tuple[RememberedFailure, ...], Field(max_length=MAX_REMEMBERED)] | None = None


class Endpoint(Message):
    """Where an activated appliance connects."""

    host: Host
    port: Port


class ActivationAccepted(Message):
    """The appliance has its certificate. `bound` says whether it also has an owner; `bind_code` says why not."""

    request_id: RequestId
    ok: Literal[True] = True
    device_id: DeviceName = Field(repr=False)
    certificate: Pem = Field(repr=False)
    chain: Pem = Field(repr=False)
    not_after: Instant
    renew_after: Instant
    endpoint: Endpoint
    bound: bool
    epoch: Epoch
    command_key: PublicKey
    time: Instant
    trace_id: TraceId
    bind_code: Code | None = None


class ActivationRefused(Message):
    """The appliance is not activated, and whether asking again can help."""

    request_id: RequestId
    ok: Literal[False] = False
    code: Code
    number: CodeNumber
    retry: Retry
    retry_after_s: Seconds | None = None
    trace_id: TraceId

    @model_validator(mode="after")
    def _after_says_when(self) -> "ActivationRefused":
        if (self.retry == "after") != (self.retry_after_s is not None):
            raise problem("retry_after_s belongs to the retry 'after', and only to it")
        return self
