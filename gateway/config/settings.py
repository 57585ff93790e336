"""All settings together, and what follows from several of them."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from gateway.config.sections import (
    ApiSection,
    BrokerSection,
    ConsoleSection,
    ControllerSection,
    DatabaseSection,
    DeliverySection,
    EndpointSection,
    KeysSection,
    LimitsSection,
    LogSection,
    OperatorSection,
    PasswordsSection,
    Section,
    address_problem,
)


class Settings(Section):
    """The configuration of one gateway process. Made by `loading.load`."""

    data_folder: Path = Path("hearthgate-data")
    region: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="Where the data may be stored")
    types_folder: Path | None = Field(None, description="Your own type descriptors, besides ours")
    database: DatabaseSection = DatabaseSection()
    keys: KeysSection = KeysSection()
    broker: BrokerSection = BrokerSection()
    endpoint: EndpointSection = EndpointSection()
    api: ApiSection = ApiSection()
    console: ConsoleSection = ConsoleSection()
    controller: ControllerSection = ControllerSection()
    operator: OperatorSection = OperatorSection()
    passwords: PasswordsSection = PasswordsSection()
    limits: LimitsSection = LimitsSection()
    delivery: DeliverySection = DeliverySection()
    log: LogSection = LogSection()

    @model_validator(mode="after")
    def _keys_in_the_region_and_apart(self) -> Self:
        if self.keys.store_url is None:
            return self
        url = self.keys.store_url.get_secret_value()
        problem = address_problem(url, self.database.allowed_hosts)
        if problem is not None:
            raise ValueError(f"keys.store_url {problem.replace('allowed_hosts', 'database.allowed_hosts')}")
        if _place(url) == _place(self.database_url.get_secret_value()):
            raise ValueError(
                "keys.store_url is the database itself: a backup of it would hold the keys to what it seals"
            )
        return self

    @property
    def person_keys_url(self) -> SecretStr:
        """The store of persons' keys: as configured, else a file in the data folder."""
        return self.keys.store_url or SecretStr(f"sqlite:///{self.data_folder / 'persons.db'}")

    @property
    def person_copies_folder(self) -> Path:
        """The daily copies of that store."""
        return self.data_folder / "persons-copies"

    @property
    def erasure_ledger_file(self) -> Path:
        """The erasures that were carried out: outside of the database, so that no backup takes it back."""
        return self.data_folder / "erasures.ledger"

    @property
    def database_url(self) -> SecretStr:
        """The database: as configured, else a file in the data folder."""
        return self.database.url or SecretStr(f"sqlite:///{self.data_folder / 'hearthgate.db'}")

    @property
    def master_key_file(self) -> Path:
        """Where the master key is read from (and made at the first start), unless it was given itself."""
        return self.keys.master_key_file or self.data_folder / "keys" / "master.key"

    @property
    def authorities_folder(self) -> Path:
        """The certificate authorities."""
        return self.data_folder / "authorities"

    @property
    def endpoint_port(self) -> int:
        """The port that appliances are told."""
        if self.endpoint.port is not None:
            return self.endpoint.port
        match self.broker.kind:
            case "nats":
                return self.broker.nats.mqtt_port
            case "mosquitto":
                return self.broker.mosquitto.device_port
            case "external":
                return self.broker.external.device_port

    def listeners(self) -> list[tuple[str, str, int]]:
        """Every (setting, host, port) on which this process, or a broker that it runs, will listen."""
        found = [
            ("api", self.api.host, self.api.port),
            ("console", self.console.host, self.console.port),
            ("operator", self.operator.host, self.operator.port),
        ]
        match self.broker.kind:
            case "nats":
                nats = self.broker.nats
                found.append(("broker.nats.mqtt", nats.mqtt_host, nats.mqtt_port))
                found.append(("broker.nats.client", nats.client_host, nats.client_port))
                if nats.cluster.routes:
                    found.append(("broker.nats.cluster", nats.cluster.host, nats.cluster.port))
            case "mosquitto":
                own = self.broker.mosquitto
                found.append(("broker.mosquitto.claim", own.host, own.claim_port))
                found.append(("broker.mosquitto.device", own.host, own.device_port))
                found.append(("broker.mosquitto.service", own.service_host, own.service_port))
            case "external":
                pass
        return found

    def problems_of_serving(self) -> list[str]:
        """What keeps a gateway with these settings from serving; each a sentence that says what to set."""
        problems = []
        if self.region is None:
            problems.append("region: is required; name the region in which the data may be stored, such as eu-central")
        taken: dict[int, str] = {}
        for name, _, port in self.listeners():
            if port == 0:
                continue
            if port in taken:
                problems.append(f"{name}: its port {port} is that of {taken[port]}; give them different ones")
            taken.setdefault(port, name)
        for name, path in self._files():
            if path is not None and not path.is_file():
                problems.append(f"{name}: there is no file {path}")
        if self.types_folder is not None and not self.types_folder.is_dir():
            problems.append(f"types_folder: there is no folder {self.types_folder}")
        return problems

    def _files(self) -> list[tuple[str, Path | None]]:
        external, cluster = self.broker.external, self.broker.nats.cluster
        return [
            ("api.certificate_file", self.api.certificate_file),
            ("api.key_file", self.api.key_file),
            ("console.certificate_file", self.console.certificate_file),
            ("console.key_file", self.console.key_file),
            ("broker.external.ca_file", external.ca_file),
            ("broker.external.certificate_file", external.certificate_file),
            ("broker.external.key_file", external.key_file),
            ("broker.nats.program", self.broker.nats.program),
            ("broker.nats.cluster.certificate_file", cluster.certificate_file),
            ("broker.nats.cluster.key_file", cluster.key_file),
            ("broker.nats.cluster.ca_file", cluster.ca_file),
        ]


def _place(url: str) -> tuple[str, str]:
    """Which database an address means, whatever user and driver it names."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}:{parts.port or ''}?{parts.query}", parts.path
