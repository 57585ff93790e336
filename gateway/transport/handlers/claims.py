"""`claim/<cn>/req`: an appliance asks to be activated."""

from typing import Final

from pydantic_core import from_json

from gateway.domain.failures import Code
from gateway.domain.identity import ClaimId
from gateway.observability.metrics import Metrics
from gateway.protocol.codec import MAX_BYTES, MalformedMessageError, decode
from gateway.protocol.messages import ActivationRequest
from gateway.protocol.messages.fields import is_request_id
from gateway.transport.flow import Flow
from gateway.usecases import activation, asking
from gateway.usecases.activation import ActivationServices
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database


class ActivateHandler:
    """Claim topics in, one reply out. The intake acknowledges once this returns."""

    def __init__(
        self, database: Database, services: ActivationServices, flow: Flow, clock: Clock, metrics: Metrics
    ) -> None:
        self._database: Final = database
        self._services: Final = services
        self._flow: Final = flow
        self._clock: Final = clock
        self._dropped: Final = metrics.messages_dropped

    async def __call__(self, claim_id: ClaimId, payload: bytes) -> None:
        """Handle one request: decided and recorded in one commit, signed and answered in the next."""
        if not self._flow.allows(claim_id):
            await self._refuse(claim_id, payload, Code.ACT_RATE_LIMITED, "too_many_requests")
            return
        try:
            request = decode(ActivationRequest, payload)
        except MalformedMessageError as malformed:
            says = f"{malformed.path or 'message'}: {malformed.problem}"
            await self._refuse(claim_id, payload, Code(malformed.code), says)
            return
        now = self._clock()
        prepared = await self._database.run(
            lambda tx: activation.prepare(tx, self._services, claim_id, request, now),
        )
        if prepared is not None:
            await self._database.run(
                lambda tx: activation.issue(tx, self._services, claim_id, request, prepared, now),
            )

    async def _refuse(self, claim_id: ClaimId, payload: bytes, code: Code, says: str) -> None:
        self._dropped.labels("claim", code.value).inc()
        request_id, now = _request_id(payload), self._clock()
        await self._database.run(
            lambda tx: asking.refuse_unread(tx, self._services.identifiers, claim_id, request_id, code, says, now),
        )


def _request_id(payload: bytes) -> str | None:
    """The id of a request that is otherwise refused, so that the refusal can name it; None when it cannot be read."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        tree = from_json(payload, allow_inf_nan=False)
    except ValueError:
        return None
    found = tree.get("request_id") if isinstance(tree, dict) else None
    return found if isinstance(found, str) and is_request_id(found) else None
