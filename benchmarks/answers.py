"""Activation answers: from request to reply with the connections open, against certificate signing alone."""

import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks.appliances import request_of, works
from benchmarks.processes import GatewayProcess, configuration, helping, running
from benchmarks.results import Figure
from device_sim.keys import certificate_request, new_key
from gateway.bootstrap.secrets import Secrets
from gateway.protocol.codec import encode
from gateway.runtime.clock import utc_now
from gateway.usecases.services import CertificatePlan, CsrRefused

UNITS: Final = 1000
"""Distinct units of one run."""
IN_FLIGHT: Final = 200
"""Requests that wait for their answer at once."""
SIGNATURES: Final = 300


async def measure(folder: Path, runs: int, kind: str, database_url: str | None = None) -> list[Figure]:
    """Answers a second, of units that each ask for the first time."""
    figure = Figure(f"activation answer, {kind}, sqlite", "/s", "CSR check and signature alone", "≥ 500 /s")
    waits = Figure(f"activation answer, {kind}, sqlite: median wait with {IN_FLIGHT} waiting", "ms")
    gateway = GatewayProcess(folder, configuration(folder, kind=kind, database_url=database_url))
    plans = []
    async with works(gateway.settings, folder / "clients") as made:
        for run in range(runs):
            units = await made.make(UNITS, seed=run + 1)
            plans.append(
                [
                    {
                        "account": asdict(made.claimant(unit)),
                        "request": encode(request_of(unit, new_key())).decode(),
                    }
                    for unit in units
                ]
            )
        secrets = made.secrets
    with running(gateway):
        for plan in plans:
            async with helping("benchmarks.claimants", clients=plan, in_flight=IN_FLIGHT) as claimants:
                await claimants.hear()
                used = gateway.cpu_seconds()
                await claimants.tell(go=True)
                told = await claimants.hear()
                used = gateway.cpu_seconds() - used
            assert told["accepted"] == UNITS, told
            figure.run(UNITS / told["seconds"], _signing(secrets))
            figure.notes.append(f"{used / UNITS * 1e3:.2f} ms of the gateway's processor time an answer")
            waits.run(told["median_wait_s"] * 1e3)
    return [figure, waits]


def _signing(secrets: Secrets) -> float:
    """Certificates a second that one core checks and signs, with nothing around it."""
    authority, key = secrets.device_authority(), new_key()
    requests = [certificate_request(key, "appliance") for _ in range(SIGNATURES)]
    now, name = utc_now(), secrets.identifiers.new("d")
    began = time.perf_counter()
    for request in requests:
        csr = authority.check_csr(request)
        assert not isinstance(csr, CsrRefused)
        authority.sign(
            CertificatePlan(name, csr.public_key_der, authority.new_serial(), now, now + timedelta(days=365)),
        )
    return SIGNATURES / (time.perf_counter() - began)
