"""Mosquitto's configuration and access lists, rendered from the one description of who may say what.

Three TLS listeners, one per certificate authority, because that is the only way to tell Mosquitto which authority may
vouch for which kind of name. Each has an access list made of `pattern` lines only: they hold for every user, with the
certificate's common name in the place of `%u`. (`topic` lines before the first `user` line would hold for anonymous
clients only, and there are none.)

Every option is known to 2.0.11 (Debian 12) and to 2.1, whose `per_listener_settings` and `acl_file` are deprecated and
still work. What differs, by version:

- Receive Maximum of a client: ignored by 2.0.11, honoured since 2.0.21; `max_inflight_messages` bounds it in all.
- `max_keepalive`: holds for MQTT 5 clients only; one of 3.1.1 gets what it asked for. The gateway has its own timer.
- `max_packet_size`: no limit unless set in 2.0; 2,000,000 in 2.1.
- `allow_duplicate_messages`: the default changed in 2.1, but it concerns clients with overlapping filters only.
- A refused publication is logged at `debug` in 2.0 and 2.1. That level writes a line a message, so it is off here;
  the start-up canary and the tests watch what arrives instead.
- A revocation list that is past its next update refuses every client of its listener, in all versions (OpenSSL's rule).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from gateway.protocol.access import ACCESS, substitute

CONFIGURATION_FILE: Final = "mosquitto.conf"
_KEEPALIVE_S: Final = 300
_LARGEST_PACKET: Final = 32_768
_LARGEST_PAYLOAD: Final = 16_384
"""Of protocol.md: at most 16 KiB of JSON in packets of at most 32 KiB."""

_LOG_TOPICS: Final = "$SYS/broker/log/#"


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """One TLS listener: where it listens, and whose certificates it takes."""

    port: int
    authority: Path
    """PEM file of the certificate authorities that may vouch for clients here."""
    bind: str | None = None
    """Address to listen on; all of them when None."""
    revoked: Path | None = None
    """PEM file of revoked certificates. It must be renewed before its next update, or nobody gets in."""
    max_connections: int = 100_000


@dataclass(frozen=True, slots=True)
class MosquittoSettings:
    """All that the rendered configuration depends on."""

    folder: Path
    """Where Mosquitto's files live. Absolute, without spaces or line breaks."""
    certificate: Path
    key: Path = field(repr=False)
    claim: ListenerSettings
    device: ListenerSettings
    service: ListenerSettings
    """Loopback or a private network: `bind` must be set."""
    run_as: str | None = None
    """The account that Mosquitto changes to when it is started as root; ignored otherwise."""
    log_to: Literal["stderr", "topic"] = "stderr"
    """`stderr` for a broker that the gateway runs, `topic` ($SYS/broker/log) for one that somebody else runs."""
    queued_bytes: int = 256 * 1024 * 1024
    """Per client, beyond what is in flight. The intakes of a gateway that is away need this room."""
    inflight_messages: int = 2_000
    expiration: str = "14d"
    """When the session of somebody who stayed away is forgotten."""


def render(settings: MosquittoSettings) -> dict[str, str]:
    """The files of `settings.folder` by name: the configuration, and one access list a listener.

    Raises:
        ValueError: a path that Mosquitto's line format cannot carry, or a service listener open to all.
    """
    if settings.service.bind is None:
        raise ValueError("the service listener needs an address of loopback or of a private network")
    _check_paths(settings)
    lines = [
        "# Written by hearthgate; changes are lost at the next start.",
        *_global(settings),
        *_listener(settings, "claim", settings.claim),
        *_listener(settings, "device", settings.device),
        *_listener(settings, "service", settings.service),
    ]
    return {
        CONFIGURATION_FILE: "\n".join(lines) + "\n",
        "claim.acl": _access_list("c"),
        "device.acl": _access_list("d"),
        "service.acl": _access_list("g", f"pattern read {_LOG_TOPICS}"),
    }


def _global(settings: MosquittoSettings) -> list[str]:
    return [
        "per_listener_settings true",  # first: what follows is read by its light
        *([f"user {settings.run_as}"] if settings.run_as else []),
        "persistence true",
        f"persistence_location {settings.folder}/",
        "autosave_interval 1",  # seconds; the default of 1,800 loses half an hour with the power
        "autosave_on_changes false",
        f"persistent_client_expiration {settings.expiration}",
        "retain_available false",
        f"max_packet_size {_LARGEST_PACKET}",
        f"message_size_limit {_LARGEST_PAYLOAD}",
        f"max_inflight_messages {settings.inflight_messages}",
        "max_queued_messages 0",  # the default of 1,000 drops, without a word, what a publisher saw acknowledged
        f"max_queued_bytes {settings.queued_bytes}",
        "queue_qos0_messages false",
        f"max_keepalive {_KEEPALIVE_S}",
        "set_tcp_nodelay true",
        "sys_interval 0",
        f"log_dest {settings.log_to}",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_type information",
        "log_timestamp false",
        "connection_messages true",
    ]


def _listener(settings: MosquittoSettings, name: str, listener: ListenerSettings) -> list[str]:
    return [
        "",
        f"listener {listener.port}" + (f" {listener.bind}" if listener.bind else ""),
        f"max_connections {listener.max_connections}",
        "max_topic_alias 0",
        f"cafile {listener.authority}",
        f"certfile {settings.certificate}",
        f"keyfile {settings.key}",
        *([f"crlfile {listener.revoked}"] if listener.revoked else []),
        "tls_version tlsv1.2",  # unset, 2.0.11 takes TLS 1.1 too
        "require_certificate true",
        "use_identity_as_username true",
        # The service listener lets a gateway choose: it has several connections, and takes over a client id to evict.
        f"use_username_as_clientid {'false' if name == 'service' else 'true'}",
        "allow_anonymous false",
        "allow_zero_length_clientid false",
        f"acl_file {settings.folder / f'{name}.acl'}",
    ]


def _access_list(kind: str, *more: str) -> str:
    access = substitute(ACCESS[kind], "%u")
    lines = [f"pattern write {entry}" for entry in access.publish]
    lines += [f"pattern read {entry}" for entry in access.subscribe]
    return "\n".join([*lines, *more]) + "\n"


def _check_paths(settings: MosquittoSettings) -> None:
    listeners = (settings.claim, settings.device, settings.service)
    paths = [settings.folder, settings.certificate, settings.key]
    paths += [path for one in listeners for path in (one.authority, one.revoked) if path is not None]
    for path in paths:
        # 2.0 reads some values up to the end of the line and others up to a space; a line break would start an option.
        if not path.is_absolute() or any(c.isspace() for c in str(path)):
            raise ValueError("Mosquitto needs absolute paths without white space")
