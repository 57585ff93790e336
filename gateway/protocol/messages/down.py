"""What an activated appliance hears: `hg/v1/dev/<cn>/down/…`, and the hints between gateways.

What an appliance obeys is signed. A signed message is made in two steps, so that the type says whether it may leave:
`UnsignedCommand` is a complete command, `.signed(sig)` makes the `Command` of it.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from gateway.protocol.canonical import NotCanonicalError, canonical
from gateway.protocol.messages.claim import Retry
from gateway.protocol.messages.fields import (
    Code,
    CodeNumber,
    Count,
    Epoch,
    FreeJson,
    GatewayName,
    Instant,
    Message,
    Name,
    Pem,
    PublicKey,
    RequestId,
    Seconds,
    Signature,
    TraceId,
    Uuid,
    problem,
)


class Report(Message):
    """What to report: every so many seconds, and whether one full report is wanted now."""

    every_s: Annotated[int, Field(ge=1, le=86400)]
    full: bool


class Welcome(Message):
    """The answer to a hello."""

    time: Instant
    epoch: Epoch
    bound: bool
    command_key: PublicKey
    report: Report


def _signable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse at the start what could not be signed at the end."""
    try:
        canonical(value)
    except NotCanonicalError:
        raise problem("holds a number that has no canonical form") from None
    return value


class UnsignedCommand(Message):
    """Everything that a command says."""

    command_id: Uuid
    seq: Count
    epoch: Epoch
    action: Name
    params: Annotated[FreeJson, AfterValidator(_signable)]
    issued_at: Instant
    expires_at: Instant

    @model_validator(mode="after")
    def _lives_for_a_while(self) -> "UnsignedCommand":
        if self.expires_at <= self.issued_at:
            raise problem("expires before it is issued")
        return self

    def signed(self, sig: str) -> "Command":
        """The command with its signature (base64 over `signing.command_signing_bytes`)."""
        return Command(**dict(self), sig=sig)


class Command(UnsignedCommand):
    """An appliance obeys it when it is signed, unexpired, of its present epoch and not seen before."""

    sig: Signature = Field(repr=False)


class UnsignedVerdict(Message):
    """Everything that a verdict on binding says.

    Bound; or refused, with a code and whether asking again can help; or released (not bound, no code, `wipe`).
    """

    verdict_id: Uuid
    request_id: RequestId | None = None
    bound: bool
    epoch: Epoch
    code: Code | None = None
    number: CodeNumber | None = None
    trace_id: TraceId
    wipe: bool = False
    retry: Retry | None = None
    retry_after_s: Seconds | None = None
    time: Instant

    @model_validator(mode="after")
    def _says_one_thing(self) -> "UnsignedVerdict":
        if (self.code is None) != (self.number is None):
            raise problem("code and number come together")
        if self.bound and (self.code is not None or self.wipe or self.retry is not None):
            raise problem("bound, and yet refused or released")
        if (self.retry == "after") != (self.retry_after_s is not None):
            raise problem("retry_after_s belongs to the retry 'after', and only to it")
        return self

    def signed(self, sig: str) -> "BindVerdict":
        """The verdict with its signature (base64 over `signing.verdict_signing_bytes`)."""
        return BindVerdict(**dict(self), sig=sig)


class BindVerdict(UnsignedVerdict):
    """An appliance shows "paired" on this and on nothing else."""

    sig: Signature = Field(repr=False)


class RenewReply(Message):
    """A new certificate, or why not."""

    request_id: RequestId
    ok: bool
    certificate: Pem | None = Field(default=None, repr=False)
    chain: Pem | None = Field(default=None, repr=False)
    not_after: Instant | None = None
    renew_after: Instant | None = None
    code: Code | None = None
    number: CodeNumber | None = None
    retry: Retry | None = None
    retry_after_s: Seconds | None = None
    trace_id: TraceId

    @model_validator(mode="after")
    def _one_answer(self) -> "RenewReply":
        granted = (self.certificate, self.chain, self.not_after, self.renew_after)
        refused = (self.code, self.number, self.retry)
        given, withheld = (granted, refused) if self.ok else (refused, granted)
        if any(part is None for part in given) or any(part is not None for part in withheld):
            raise problem("needs a whole certificate or a whole refusal, and not both")
        if (self.retry == "after") != (self.retry_after_s is not None):
            raise problem("retry_after_s belongs to the retry 'after', and only to it")
        return self


class BusHint(Message):
    """Gateways tell each other that something of an account changed; what it was is read from the database."""

    kind: Name
    sender: GatewayName | None = None
    """Whose hint it is: a gateway passes over its own."""
