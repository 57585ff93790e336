"""EMQX's configuration and access rules, rendered from the one description of who may say what. EMQX 5.9 or newer.

Nothing here was run against an EMQX by the project's tests, which compare text only. The names of options and the
rule language were taken from EMQX's documentation and source (`emqx_schema.erl`, `emqx_authz_rule.erl`, and the release
notes of 5.9, which brought the `listener` condition). The start-up canary tries the real thing before it serves.

Three TLS listeners, one per certificate authority, each with a zone of its own. A rule holds for one listener only: so
a name that a foreign authority vouches for (the factory's is not ours) opens nothing at another listener.

Revocation: EMQX checks lists only as a distribution point named in the client's certificate, and ours name none. So
an evicted appliance may connect again until its certificate ends; the gateway, which knows that it is revoked, does
not read what it says.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.protocol.access import ACCESS, substitute

CONFIGURATION_FILE: Final = "emqx.conf"
RULES_FILE: Final = "acl.conf"

_KEEPALIVE_S: Final = 300
_LARGEST_PACKET: Final = "32KB"
_KINDS: Final = (("claim", "c"), ("device", "d"), ("service", "g"))


@dataclass(frozen=True, slots=True)
class EmqxListener:
    """One TLS listener."""

    bind: str
    """`address:port`."""
    authority: Path
    """PEM file of the certificate authorities that may vouch for clients here."""
    max_connections: int = 100_000


@dataclass(frozen=True, slots=True)
class EmqxSettings:
    """All that the rendered configuration depends on. Paths as the EMQX nodes see them."""

    rules: Path
    """Where the access rules will be."""
    certificate: Path
    key: Path = field(repr=False)
    claim: EmqxListener
    device: EmqxListener
    service: EmqxListener
    """On a private network."""
    inflight_messages: int = 2_000
    """Delivered to a gateway and not acknowledged, at most."""
    session_expiry: str = "14d"


def render(settings: EmqxSettings) -> dict[str, str]:
    """The two files by name: what belongs into EMQX's own configuration, and the access rules.

    Raises:
        ValueError: a path or an address that would end the quoted text that it stands in.
    """
    _check(settings)
    parts = [
        "# Written by `hearthgate broker render emqx`.",
        "listeners.tcp.default.enable = false",
        "listeners.ssl.default.enable = false",
        "listeners.ws.default.enable = false",
        "listeners.wss.default.enable = false",
        *(_listener(settings, name) for name, _ in _KINDS),
        *(_zone(settings, name) for name, _ in _KINDS),
        _whole(settings),
    ]
    return {CONFIGURATION_FILE: "\n".join(parts) + "\n", RULES_FILE: _rules()}


def _listener(settings: EmqxSettings, name: str) -> str:
    listener: EmqxListener = getattr(settings, name)
    return f"""
listeners.ssl.{name} {{
  bind = "{listener.bind}"
  zone = {name}
  max_connections = {listener.max_connections}
  enable_authn = false
  tcp_options.nodelay = true
  ssl_options {{
    cacertfile = "{listener.authority}"
    certfile = "{settings.certificate}"
    keyfile = "{settings.key}"
    verify = verify_peer
    fail_if_no_peer_cert = true
    versions = ["tlsv1.3", "tlsv1.2"]
    reuse_sessions = false
    client_renegotiation = false
  }}
}}"""


def _zone(settings: EmqxSettings, name: str) -> str:
    if name == "service":
        # A gateway has several connections, and takes over a client id to evict. Its intakes need room while it is
        # away: the default queue of 1,000 drops the oldest without a word.
        special = f"""  peer_cert_as_clientid = disabled
  max_inflight = {settings.inflight_messages}
  max_mqueue_len = infinity"""
    else:
        special = f"""  peer_cert_as_clientid = cn
  server_keepalive = {_KEEPALIVE_S}"""
    return f"""
zones.{name}.mqtt {{
  peer_cert_as_username = cn
{special}
}}"""


def _whole(settings: EmqxSettings) -> str:
    return f"""
mqtt {{
  max_packet_size = {_LARGEST_PACKET}
  max_clientid_len = 64
  max_topic_levels = 16
  max_topic_alias = 0
  retain_available = false
  exclusive_subscription = false
  shared_subscription = true
  # Reports of one appliance keep their order when several gateways share: they all go to the same one.
  shared_subscription_strategy = hash_clientid
  session_expiry_interval = {settings.session_expiry}
  mqueue_store_qos0 = false
}}

retainer.enable = false
delayed.enable = false

authentication = []
authorization {{
  no_match = deny
  deny_action = ignore
  cache.enable = true
  sources = [
    {{type = file, enable = true, path = "{settings.rules}"}}
  ]
}}"""


def _rules() -> str:
    """EMQX holds a shared subscription against the filter behind `$share/<group>/`: it needs no rule of its own."""
    lines = ["%% Written by `hearthgate broker render emqx`."]
    for name, kind in _KINDS:
        access = substitute(ACCESS[kind], "${username}")
        # `\\z`, not `$`: that would let a trailing newline through.
        user = f'{{username, {{re, "^{kind}-[0-9a-z]{{26}}\\\\z"}}}}'
        who = f"{{'and', [{{listener, \"ssl:{name}\"}}, {user}]}}"
        lines.append(f"{{allow, {who}, publish, [{_quoted(access.publish)}]}}.")
        lines.append(f"{{allow, {who}, subscribe, [{_quoted(access.subscribe)}]}}.")
    return "\n".join([*lines, "{deny, all}."]) + "\n"


def _quoted(entries: tuple[str, ...]) -> str:
    return ", ".join(f'"{entry}"' for entry in entries)


def _check(settings: EmqxSettings) -> None:
    texts = [str(settings.rules), str(settings.certificate), str(settings.key)]
    for listener in (settings.claim, settings.device, settings.service):
        texts += [listener.bind, str(listener.authority)]
    for text in texts:
        if not text.isprintable() or any(c in text for c in '"\\$'):
            raise ValueError("EMQX's configuration cannot carry this path or address")
