"""The configuration file of the built-in NATS server, rendered from one description.

Everything that bounds a stranger is set here explicitly, so that a default that changes with a version changes nothing.
"""

import json
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from gateway.broker.nats.credentials import NatsCredentials, write_private

ACCOUNT: Final = "HG"
"""The account in which appliances and gateways meet."""

MAX_PAYLOAD: Final = 32 * 1024
"""Bytes of one message; the protocol allows 16 KiB of JSON, an MQTT packet 32 KiB (protocol.md)."""

AUTH_SECONDS: Final = 5
"""How long a connection may take to say who it is, the answer of the gateway included."""


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on. Ports are concrete: the caller finds a free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """True when nobody outside this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of one listener. `ca` holds every authority whose certificates may connect."""

    certificate: Path
    key: Path
    ca: Path


@dataclass(frozen=True, slots=True)
class Cluster:
    """This node's place among several. All nodes share credentials and name; `tls` is needed off loopback."""

    name: str
    listen: Listen
    routes: tuple[Listen, ...]
    tls: TlsFiles | None = None


@dataclass(frozen=True, slots=True)
class NatsSettings:
    """One nats-server.

    Attributes:
        folder: where the store, the configuration and the pid file live.
        client: where gateways connect; TLS with `client_tls` unless it is loopback.
        mqtt: where appliances connect, always with `mqtt_tls` (certificates of both sides).
        credentials: see `credentials.py`.
        server_name: unique in a cluster.
        max_store_bytes: what the store may take on disk; when it is full no PUBACK is given and nothing is dropped.
        sync_always: each message is synced to disk before its PUBACK (slower; for a lone node that must survive a
            power cut).
        max_connections: of all kinds.
    """

    folder: Path
    client: Listen
    mqtt: Listen
    mqtt_tls: TlsFiles
    credentials: NatsCredentials = field(repr=False)
    client_tls: TlsFiles | None = None
    cluster: Cluster | None = None
    server_name: str = "hearthgate-1"
    max_store_bytes: int = 2 * 1024**3
    sync_always: bool = False
    max_connections: int = 65_536

    @property
    def file(self) -> Path:
        """The rendered configuration."""
        return self.folder / "nats-server.conf"

    @property
    def pid_file(self) -> Path:
        """Written by the server; names the orphan that a killed gateway leaves behind."""
        return self.folder / "nats-server.pid"

    @property
    def replicas(self) -> int:
        """Copies of every stored message."""
        return 1 if self.cluster is None else 3


class UnsafeListenerError(Exception):
    """A listener that others can reach has no TLS."""


def write_configuration(settings: NatsSettings) -> Path:
    """Render and write the file (mode 0600: it holds passwords); give its path.

    Raises:
        UnsafeListenerError: see `render`.
    """
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(settings.file, render(settings).encode())
    return settings.file


def render(settings: NatsSettings) -> str:
    """The configuration's text.

    Raises:
        UnsafeListenerError: the client or the cluster listener is not on loopback and has no TLS.
    """
    lines = [*_server(settings), *_store(settings), *_accounts(settings.credentials), *_mqtt(settings)]
    if settings.cluster is not None:
        lines += _cluster(settings.cluster, settings.credentials)
    return "\n".join(lines) + "\n"


def _server(settings: NatsSettings) -> list[str]:
    lines = [
        "# Written by hearthgate at every start; changes made here are lost.",
        f"server_name: {_text(settings.server_name)}",
        f"listen: {_text(str(settings.client))}",
        f"pid_file: {_text(str(settings.pid_file))}",
        f"max_payload: {MAX_PAYLOAD}",
        f"max_connections: {settings.max_connections}",
        "max_subscriptions: 64",
        "max_control_line: 4096",
        "max_pending: 67108864",
        'write_deadline: "5s"',
        'ping_interval: "20s"',
        "ping_max: 2",
        'lame_duck_duration: "30s"',
        "logtime_utc: true",
        "connect_error_reports: 3600",
    ]
    if settings.client_tls is not None:
        lines += ["tls {", *_tls(settings.client_tls), "  verify: true", "}"]
    elif not settings.client.is_loopback:
        raise UnsafeListenerError("the client listener of NATS is not on loopback and has no TLS")
    return lines


def _store(settings: NatsSettings) -> list[str]:
    sync = "always" if settings.sync_always else "2m"
    return [
        "jetstream {",
        f"  store_dir: {_text(str(settings.folder / 'store'))}",
        "  max_memory_store: 67108864",
        f"  max_file_store: {settings.max_store_bytes}",
        f"  sync_interval: {_text(sync)}",
        "}",
    ]


def _accounts(credentials: NatsCredentials) -> list[str]:
    def user(name: str, password: str) -> str:
        # STANDARD: these names cannot be tried from the MQTT listener, which strangers reach.
        return f'{{ user: {name}, password: {_text(password)}, allowed_connection_types: ["STANDARD"] }}'

    return [
        "accounts {",
        f"  {ACCOUNT} {{",
        "    jetstream: enabled",
        f"    users: [ {user('gateway', credentials.gateway)}, {user('callout', credentials.callout)} ]",
        "  }",
        f"  SYS {{ users: [ {user('sys', credentials.sys)} ] }}",
        "}",
        "system_account: SYS",
        "authorization {",
        f"  timeout: {AUTH_SECONDS}",
        "  auth_callout {",
        f"    issuer: {_text(credentials.issuer)}",
        "    auth_users: [ gateway, callout, sys ]",
        f"    account: {ACCOUNT}",
        "  }",
        "}",
    ]


def _mqtt(settings: NatsSettings) -> list[str]:
    lines = [
        "mqtt {",
        f"  listen: {_text(str(settings.mqtt))}",
        "  max_ack_pending: 1000",
        '  ack_wait: "30s"',
        "  reject_qos2_publish: true",
        "  downgrade_qos2_subscribe: true",
        "  tls {",
        *("  " + line for line in _tls(settings.mqtt_tls)),
        "    verify: true",
        "  }",
    ]
    if settings.cluster is not None:
        lines.append(f"  stream_replicas: {settings.replicas}")  # consumers follow their stream
    return [*lines, "}"]


def _cluster(cluster: Cluster, credentials: NatsCredentials) -> list[str]:
    if cluster.tls is None and not all(each.is_loopback for each in (cluster.listen, *cluster.routes)):
        raise UnsafeListenerError("the cluster listener of NATS is not on loopback and has no TLS")
    routes = ", ".join(_text(f"nats://route:{credentials.route}@{each}") for each in cluster.routes)
    lines = [
        "cluster {",
        f"  name: {_text(cluster.name)}",
        f"  listen: {_text(str(cluster.listen))}",
        f"  authorization {{ user: route, password: {_text(credentials.route)}, timeout: {AUTH_SECONDS} }}",
        f"  routes: [ {routes} ]",
    ]
    if cluster.tls is not None:
        lines += ["  tls {", *("  " + line for line in _tls(cluster.tls)), "    verify: true", "  }"]
    return [*lines, "}"]


def _tls(files: TlsFiles) -> list[str]:
    return [
        f"  cert_file: {_text(str(files.certificate))}",
        f"  key_file: {_text(str(files.key))}",
        f"  ca_file: {_text(str(files.ca))}",
        '  min_version: "1.2"',
        f"  timeout: {AUTH_SECONDS}",
    ]


def _text(value: str) -> str:
    """A quoted string of the configuration language. JSON's escapes are a subset of what it reads."""
    return json.dumps(value, ensure_ascii=False)
