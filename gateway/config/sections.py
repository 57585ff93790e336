"""The sections of the configuration: every setting, its unit in its name, its bounds, its default.

Everything listens on loopback until told otherwise, and nothing secret appears in a repr.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

LOOPBACK = "127.0.0.1"


def is_loopback(host: str) -> bool:
    """True when nobody outside this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_host(text: str) -> str:
    if not text or len(text) > 253 or any(letter.isspace() or letter in "/@#?\0" for letter in text):  # noqa: PLR2004 - RFC 1035, 2.3.4
        raise ValueError("is no host name or address")
    return text


Host = Annotated[str, AfterValidator(_is_host)]
Port = Annotated[int, Field(ge=1, le=65_535)]
PortOrFree = Annotated[int, Field(ge=0, le=65_535)]
"""0 takes any free port; the log says which."""


class Section(BaseModel):
    """A table of the file. A name that it does not have is an error, so no misspelt setting is passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_ELSEWHERE: Final = frozenset({"service", "servicefile"})
"""Parameters of libpq that take the address from a file."""


def address_problem(url: str, allowed_hosts: tuple[str, ...]) -> str | None:
    """What is wrong with a database's address, without any of it; None when it is known and inside the region."""
    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] == "sqlite":
        return None
    if parts.scheme not in ("postgresql", "postgresql+psycopg"):
        return "must begin with sqlite:/// or postgresql+psycopg://"
    parameters = parse_qs(parts.query, keep_blank_values=True)
    if not parameters.keys().isdisjoint(_ELSEWHERE):
        return "may not name a service: what that leads to is written elsewhere"
    # libpq calls `hostaddr` whatever `host` says.
    named = [*parameters.get("host", []), *parameters.get("hostaddr", [])]
    hosts = [host for value in named for host in value.split(",")]
    if parts.hostname is not None:
        hosts.append(parts.hostname)
    if all(host.startswith("/") or is_loopback(host) or host in allowed_hosts for host in hosts):
        return None
    return "names a host that is not in allowed_hosts: data stays in its region"


class DatabaseSection(Section):
    """Where the truth is kept."""

    url: SecretStr | None = Field(
        None, description="sqlite:///file or postgresql+psycopg://…; default: a file in data_folder"
    )
    threads: int = Field(8, ge=1, le=64, description="Connections on PostgreSQL")
    reader_threads: int = Field(
        0,
        ge=0,
        le=16,
        description="Of their own for reading on SQLite. 0: reading shares the writer's thread, quickest on a small "
        "machine; 2 or more where many read while few write",
    )
    allowed_hosts: tuple[Host, ...] = Field((), description="Hosts inside the region; loopback always is")

    @model_validator(mode="after")
    def _known_and_in_its_region(self) -> Self:
        if self.url is None:
            return self
        problem = address_problem(self.url.get_secret_value(), self.allowed_hosts)
        if problem is not None:
            raise ValueError(f"url {problem}")
        return self


class KeysSection(Section):
    """The master key, and where the keys of persons are. Without either, both are in the data folder."""

    master_key: SecretStr | None = Field(None, description="32 bytes as base64 or hexadecimal digits")
    master_key_file: Path | None = None
    store_url: SecretStr | None = Field(
        None,
        description="Keys of persons: postgresql+psycopg://… of a database of their own, which all gateways of one "
        "database share; default: persons.db in data_folder. Its host is one of database.allowed_hosts",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.master_key is not None and self.master_key_file is not None:
            raise ValueError("give master_key or master_key_file, not both")
        return self


class NatsClusterSection(Section):
    """This server's place among several. All share the credentials in their data folders."""

    name: str = Field("hearthgate", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    host: Host = LOOPBACK
    port: Port = 6222
    routes: tuple[str, ...] = Field((), description="host:port of every server; empty for a single one")
    certificate_file: Path | None = None
    key_file: Path | None = None
    ca_file: Path | None = None


class NatsSection(Section):
    """The built-in broker."""

    supervised: bool = Field(
        default=True, description="False: you run it, with what `hearthgate broker render nats` wrote"
    )
    program: Path | None = Field(None, description="A nats-server of yours; default: the one that is installed with us")
    server_name: str = Field("hearthgate-1", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    mqtt_host: Host = LOOPBACK
    mqtt_port: Port = 8883
    client_host: Host = LOOPBACK
    client_port: Port = 4222
    sync_always: bool = Field(
        default=False, description="Every message on disk before it is acknowledged to its sender"
    )
    store_bytes: int = Field(2 * 1024**3, ge=16 * 1024**2, le=1024**5)
    connections: int = Field(65_536, ge=16, le=10_000_000)
    cluster: NatsClusterSection = NatsClusterSection()


class MosquittoSection(Section):
    """A local Mosquitto that the gateway runs."""

    program: Path = Path("mosquitto")
    host: Host = Field(LOOPBACK, description="Where appliances connect")
    claim_port: Port = 8884
    device_port: Port = 8883
    service_host: Host = LOOPBACK
    service_port: Port = 8885
    run_as: str | None = Field(None, pattern=r"^[a-z_][a-z0-9_-]{0,31}$", description="Account, when started as root")
    connections_per_listener: int = Field(100_000, ge=16, le=10_000_000)
    queued_bytes_per_client: int = Field(256 * 1024**2, ge=1024**2, le=1024**4)
    inflight_messages: int = Field(2000, ge=1, le=65_535)


class ExternalBrokerSection(Section):
    """A broker that somebody else runs, set up with `hearthgate broker render`."""

    host: Host = LOOPBACK
    claim_port: Port = 8884
    device_port: Port = 8883
    service_port: Port = 8885
    shared: bool = Field(
        default=True,
        description="Share the intakes with other gateways. A lone gateway on a Mosquitto is better off without: "
        "Mosquitto 2.0 forgets shared subscriptions when it restarts",
    )
    ca_file: Path | None = Field(None, description="Who vouches for the broker; default: our HTTPS authority")
    certificate_file: Path | None = Field(
        None, description="The gateway's own; default: issued by our Service authority"
    )
    key_file: Path | None = None


class BrokerSection(Section):
    """Which broker carries the messages."""

    kind: Literal["nats", "mosquitto", "external"] = "nats"
    nats: NatsSection = NatsSection()
    mosquitto: MosquittoSection = MosquittoSection()
    external: ExternalBrokerSection = ExternalBrokerSection()


class EndpointSection(Section):
    """What appliances are told to connect to. Behind a router this is not where the broker listens."""

    host: Host = "localhost"
    port: Port | None = Field(None, description="Default: the port on which the broker listens")


class ApiSection(Section):
    """The HTTP API for the app."""

    host: Host = LOOPBACK
    port: PortOrFree = 8080
    tls: Literal["off", "issued", "files"] = Field("off", description="issued: by our HTTPS authority, for `hosts`")
    certificate_file: Path | None = None
    key_file: Path | None = None
    hosts: tuple[Host, ...] = Field(
        ("localhost", LOOPBACK), min_length=1, description="Names under which it is reached"
    )

    @model_validator(mode="after")
    def _plain_on_loopback_only(self) -> Self:
        if self.tls == "off" and not is_loopback(self.host):
            raise ValueError("only loopback may go without TLS: set tls to issued or files")
        if (self.tls == "files") != (self.certificate_file is not None and self.key_file is not None):
            raise ValueError("tls = files goes with certificate_file and key_file, and they with it")
        return self


class ControllerSection(Section):
    """Who runs this installation and answers for it: in the privacy policy and in every receipt of a consent."""

    name: str = Field("the operator of this installation", min_length=1, max_length=200)
    address: str = Field("not given", min_length=1, max_length=500)
    contact: str = Field("in the app, under your rights", min_length=1, max_length=200)


class ConsoleSection(ApiSection):
    """The support console: listens as the API does, on a port of its own."""

    port: PortOrFree = 8444


class OperatorSection(Section):
    """`/livez`, `/readyz` and `/metrics`, for the operator only."""

    host: Host = LOOPBACK
    port: PortOrFree = 9090


class PasswordsSection(Section):
    """bcrypt, on threads of its own."""

    bcrypt_cost: int = Field(12, ge=10, le=16, description="12 takes about 230 ms; each step doubles it")
    workers: int | None = Field(None, ge=1, le=64, description="Threads; default: one a core")
    queue: int = Field(64, ge=1, le=10_000, description="Passwords waiting; one more is told to come again")


class LimitsSection(Section):
    """How much anybody may ask of the gateway."""

    ingest_batch_messages: int = Field(500, ge=1, le=10_000, description="State reports of one transaction")
    ingest_in_flight_messages: int = Field(2000, ge=1, le=65_535)
    control_in_flight_messages: int = Field(256, ge=1, le=65_535)
    appliance_messages_per_second: float = Field(20, gt=0, le=10_000)
    appliance_burst_messages: int = Field(60, ge=1, le=100_000)
    account_requests_per_second: float = Field(20, gt=0, le=10_000)
    account_burst_requests: int = Field(120, ge=1, le=100_000)
    address_requests_per_second: float = Field(40, gt=0, le=10_000)
    address_burst_requests: int = Field(240, ge=1, le=100_000)
    address_passwords_per_second: float = Field(0.5, gt=0, le=1000)
    address_burst_passwords: int = Field(20, ge=1, le=10_000)
    account_streams: int = Field(5, ge=1, le=100, description="Event streams of one account")
    request_body_bytes: int = Field(65_536, ge=32_768, le=1_048_576)
    request_body_seconds: float = Field(10, gt=0, le=120)
    drain_seconds: float = Field(20, ge=0, le=600, description="For finishing what is in hand when told to stop")


class DeliverySection(Section):
    """What people have sent to addresses that they name. https only; the Internet only; this says at which ports."""

    ports: tuple[Port, ...] = Field((443,), min_length=1, max_length=16, description="Ports that may be called")


class LogSection(Section):
    """What the process says of itself, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"
