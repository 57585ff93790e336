"""The start-up canary: two appliances that exist only for it, one observer with this gateway's own certificate."""

import asyncio
import contextlib
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gateway.bootstrap.reach import Reached
from gateway.bootstrap.secrets import Secrets
from gateway.broker.canary import CanaryPlan, Finding, ProbeObserver, fly
from gateway.broker.probe import Probe, ProbeRefusedError
from gateway.domain.identity import Kind
from gateway.security.authorities import AuthorityName
from gateway.security.certificates import issue_canary_certificate
from gateway.usecases.services import Clock

MORE_FLIGHTS: Final = 5
PAUSE_S: Final = 1.0


class Canary:
    """Flies once at each start. Its certificates say what they are, for whichever gateway is asked to let them in."""

    def __init__(self, reached: Reached, secrets: Secrets, observer_id: str, clock: Clock) -> None:
        self._reached: Final = reached
        self._secrets: Final = secrets
        self._observer_id: Final = observer_id
        self._clock: Final = clock

    async def fly(self) -> tuple[Finding, ...]:
        """Try what must fail; empty is good.

        When what is allowed does not work either, nothing was proven, and it flies again: at a site that is starting,
        another gateway may be asked about our canary before it can answer.

        Raises:
            ProbeRefusedError: this gateway's own certificate is not let in.
        """
        await self._reached.admitting()
        for _ in range(MORE_FLIGHTS):
            with contextlib.suppress(ProbeRefusedError):
                findings = await self._fly_once()
                if not any(finding.what.startswith("control.") for finding in findings):
                    return findings
            await asyncio.sleep(PAUSE_S)
        return await self._fly_once()

    async def _fly_once(self) -> tuple[Finding, ...]:
        new = self._secrets.identifiers.new
        name, other = new(Kind.DEVICE.value), new(Kind.DEVICE.value)
        trusted = self._secrets.authorities.bundle(AuthorityName.HTTPS)
        anonymous = _client_context(trusted)
        with TemporaryDirectory() as folder:
            plan = CanaryPlan(
                host=self._reached.host,
                port=self._reached.device_port,
                name=name,
                tls=self._context(trusted, name, Path(folder)),
                other_name=other,
                other_tls=self._context(trusted, other, Path(folder)),
                anonymous_tls=anonymous,
            )
        probe = await Probe.connect(
            self._reached.host, self._reached.observer_port, self._reached.own_tls, self._observer_id
        )
        try:
            observer = ProbeObserver(probe)
            await observer.start()
            return await fly(plan, observer)
        finally:
            await probe.close()

    def _context(self, trusted: str, name: str, folder: Path) -> ssl.SSLContext:
        authority = self._secrets.authorities.signing(AuthorityName.DEVICE)
        identity = issue_canary_certificate(authority, name, self._clock())
        # The ssl module reads certificates from files only; the folder is private and gone a moment later.
        path = folder / f"{name}.pem"
        path.touch(mode=0o600)
        path.write_text(identity.certificate_pem + identity.chain_pem + identity.key_pem)
        context = _client_context(trusted)
        context.load_cert_chain(path)
        return context


def _client_context(trusted: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=trusted)
    return context
