"""Activations: TLS with the claim certificate, request, certificate, reconnect, hello; against bare handshakes."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.appliances import request_of, works
from benchmarks.processes import GatewayProcess, configuration, helping, running
from benchmarks.results import Figure
from device_sim.keys import new_key
from gateway.protocol.codec import encode

UNITS: Final = 400
AT_ONCE: Final = 32


async def measure(folder: Path, runs: int, kind: str) -> list[Figure]:
    """Whole activations a second, and handshakes a second that the same clients get from the same broker."""
    figure = Figure(f"activations, {kind}, sqlite", "/s", "TLS handshakes alone, same clients", "≥ 0.5")
    gateway = GatewayProcess(folder, configuration(folder, kind=kind))
    broker = gateway.settings.broker
    device_port = broker.nats.mqtt_port if kind == "nats" else broker.mosquitto.device_port
    plans = []
    async with works(gateway.settings, folder / "clients") as made:
        for run in range(runs):
            plan = []
            for unit in await made.make(UNITS, seed=run + 1):
                key = new_key()
                request = json.loads(encode(request_of(unit, key)))
                account = asdict(made.claimant(unit))
                plan.append({"account": account, "request": request, "key": key, "device_port": device_port})
            plans.append(plan)
    with running(gateway):
        for plan in plans:
            async with helping("benchmarks.activators", clients=plan, at_once=AT_ONCE) as activators:
                await activators.hear()
                await activators.tell(what="handshakes")
                handshakes = (await activators.hear())["seconds"]
                used, clients = gateway.cpu_seconds(), activators.cpu_seconds()
                await activators.tell(what="activations")
                seconds = (await activators.hear())["seconds"]
                used, clients = gateway.cpu_seconds() - used, activators.cpu_seconds() - clients
            figure.run(UNITS / seconds, UNITS / handshakes)
            figure.notes.append(
                f"{used / UNITS * 1e3:.1f} ms of the gateway's and {clients / UNITS * 1e3:.1f} ms of the clients'"
                " processor time an activation",
            )
    figure.notes.append("an activation holds two handshakes: 0.5 would leave no time for anything else")
    return [figure]
