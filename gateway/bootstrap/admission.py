"""Who may connect to the broker: the certificate's issuer first, then the gateway's books. And who no longer may."""

from typing import Final

from gateway.bootstrap.homes import home_index
from gateway.bootstrap.secrets import Secrets
from gateway.broker.mosquitto.broker import RevocationLists
from gateway.broker.port import Deny, Permit, Presented
from gateway.domain.failures import Code
from gateway.domain.identity import Kind
from gateway.observability.metrics import Metrics
from gateway.security.authorities import AuthorityName
from gateway.security.crl import RevokedCertificate, build_crls
from gateway.security.presented import PresentedCertificates, PresentedProblem
from gateway.usecases import connections, revocations
from gateway.usecases.connections import Connecting, Denied, Standing
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database


class Admission:
    """Who may connect to the broker: the certificate's issuer first, then the gateway's books."""

    def __init__(self, database: Database, secrets: Secrets, clock: Clock, metrics: Metrics) -> None:
        self._database: Final = database
        self._secrets: Final = secrets
        self._clock: Final = clock
        self._decisions: Final = metrics.broker_decisions
        names = (AuthorityName.FACTORY, AuthorityName.DEVICE, AuthorityName.SERVICE)
        self._certificates: Final = PresentedCertificates(
            authority for name in names for authority in secrets.authorities.trusted(name)
        )

    async def decide(self, presented: Presented) -> Permit | Deny:
        """Answer one connection attempt."""
        answer = await self._decide(presented)
        outcome, reason = ("permitted", "") if isinstance(answer, Permit) else ("denied", answer.code)
        self._decisions.labels(outcome, reason).inc()
        return answer

    async def _decide(self, presented: Presented) -> Permit | Deny:
        shown = self._certificates.read(presented.certificate_pem)
        now = self._clock()
        if isinstance(shown, PresentedProblem) or not shown.not_before <= now < shown.not_after:
            return Deny(Code.TLS_CLIENT_CERT_INVALID.value)
        if shown.is_canary:
            if presented.client_id != shown.common_name:
                return Deny(Code.OPCONN_ID_MISMATCH.value)
            return Permit(Kind.DEVICE, shown.common_name, until=shown.not_after)
        connecting = Connecting(
            kind=shown.kind,
            common_name=shown.common_name,
            client_id=presented.client_id,
            serial=shown.serial,
            fingerprint=shown.fingerprint,
            not_after=shown.not_after,
            address_index=home_index(self._secrets.indexes, presented.address),
        )
        outcome = await self._database.run(
            lambda tx: connections.decide(tx, connecting, self._secrets.identifiers, now),
        )
        if isinstance(outcome, Denied):
            return Deny(outcome.code.value)
        return Permit(
            shown.kind,
            shown.common_name,
            renew_only=outcome.standing is Standing.RENEW_ONLY,
            until=outcome.until,
        )

    async def lists(self) -> RevocationLists:
        """The revocation lists as of now, for brokers that decide from files."""
        return await revocation_lists(self._database, self._secrets, self._clock)


async def revocation_lists(database: Database, secrets: Secrets, clock: Clock) -> RevocationLists:
    """The revocation lists as of now. A factory whose key is not ours publishes its own, if at all."""
    now = clock()
    revoked = await database.run(lambda tx: revocations.next_list(tx, now))
    entries = [RevokedCertificate(int(one.serial, 16), one.ended_at or now) for one in revoked.certificates]
    trusted = secrets.authorities
    device = build_crls(trusted.all_signing(AuthorityName.DEVICE), entries, number=revoked.number, now=now)
    own_factory = trusted.all_signing(AuthorityName.FACTORY)
    every_key_is_ours = len(own_factory) == len(trusted.trusted(AuthorityName.FACTORY))
    claim = build_crls(own_factory, (), number=revoked.number, now=now) if every_key_is_ours else None
    return RevocationLists(claim=claim, device=device)
