"""The demo's stage: settings on free ports, a factory, a household. Kept in a folder for the next start."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from device_sim.appliance import Appliance
from device_sim.descriptor import Descriptor
from device_sim.factory import MadeUnit, flash_of, make_units, read_folder, write_folder
from device_sim.flash import Address
from device_sim.happenings import Watcher
from device_sim.models import Model
from gateway.bootstrap.secrets import Secrets
from gateway.cli.ports import free_port, is_free
from gateway.config import Settings
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.security.certificates import issue_claim_certificate
from gateway.security.files import create_private
from gateway.usecases.types import TypeCatalogue

HOUSEHOLD: Final = ("heater.panel.s2", "refrigerator.r1", "washer.front.m1")
"""Types of the three appliances. The first one is told to warm up."""

LOGIN_NAME: Final = "demo@example.org"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens. Chosen at the first start, kept for the next."""

    mqtt: int
    nats: int
    api: int
    operator: int
    console: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What the first start decided."""

    folder: Path
    ports: Ports
    password: str = field(repr=False)
    is_new: bool

    @property
    def settings(self) -> Settings:
        """A gateway on loopback with its built-in broker and SQLite."""
        return Settings.model_validate(
            {
                "data_folder": self.folder / "gateway",
                "region": "local",
                "broker": {"kind": "nats", "nats": {"mqtt_port": self.ports.mqtt, "client_port": self.ports.nats}},
                "api": {"port": self.ports.api},
                "console": {"port": self.ports.console},
                "operator": {"port": self.ports.operator},
            },
        )


def set_up(folder: Path) -> Stage:
    """The stage in a folder: as it was left, or a new one. Ports that somebody else took meanwhile are chosen anew."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "demo.json"
    fresh = Ports(*(free_port() for _ in range(5)))
    is_new = create_private(path, json.dumps({"ports": asdict(fresh), "password": secrets.token_urlsafe(12)}).encode())
    kept: dict[str, Any] = json.loads(path.read_text())
    ports = Ports(**{**asdict(fresh), **kept["ports"]})  # a folder of an earlier version names fewer
    if not all(is_free(port) for port in asdict(ports).values()):
        ports = fresh
    return Stage(folder, ports, kept["password"], is_new)


@dataclass(frozen=True, slots=True)
class Factory:
    """Makes appliances under the gateway's own Factory authority, and puts them together as they were left."""

    stage: Stage
    secrets: Secrets = field(repr=False)
    types: TypeCatalogue

    def make(self, name: str, type_ids: tuple[str, ...], seed: int) -> list[MadeUnit]:
        """A batch of one unit a type: made at the first start, found again at the next."""
        folder = self.stage.folder / name
        if not (folder / "production.jsonl").exists():
            write_folder(make_units(type_ids, len(type_ids), seed, self._claim_certificate), folder)
        return read_folder(folder)

    def _claim_certificate(self, claim_id: str) -> tuple[str, str]:
        factory = self.secrets.authorities.signing(AuthorityName.FACTORY)
        identity = issue_claim_certificate(factory, claim_id, utc_now())
        return identity.certificate_pem + identity.chain_pem, identity.key_pem

    def appliance(self, made: MadeUnit, watch: Watcher, seed: int) -> Appliance:
        """One appliance, with the flash as its last run left it."""
        known = self.types.get(made.type_id)
        descriptor = Descriptor.generic(made.type_id) if known is None else Descriptor.of(known.document)
        return Appliance(
            flash_of(
                made,
                self.stage.folder / "appliances",
                self.secrets.authorities.bundle(AuthorityName.HTTPS),
                Address("127.0.0.1", self.stage.ports.mqtt),
            ),
            made.unit,
            partial(_model, descriptor),
            clock=utc_now,
            seed=seed,
            watch=watch,
            device_address=Address("127.0.0.1", self.stage.ports.mqtt),
        )


def _model(descriptor: Descriptor, rng: Random, settings: dict[str, Any]) -> Model:
    return Model(descriptor, rng, settings)
