"""`hearthgate broker render`: the configuration for a Mosquitto or EMQX that somebody else runs."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, command, new_group, say, say_json

if TYPE_CHECKING:
    from gateway.config import Settings

group = new_group()

_AUTHORITIES = {"claim": "factory", "device": "device", "service": "service"}


class Kind(StrEnum):
    """Brokers that a configuration can be rendered for."""

    MOSQUITTO = "mosquitto"
    EMQX = "emqx"
    NATS = "nats"


@group.callback()
def broker() -> None:
    """The broker."""


@group.command("render")
@command
def render(
    kind: Annotated[Kind, typer.Argument(help="mosquitto, emqx or nats.")],
    folder: Annotated[Path, typer.Argument(help="Where to write; as the broker will see it.")],
    *,
    service_bind: Annotated[
        str, typer.Option(help="Address of the listener for gateways: loopback or a private network.")
    ] = "127.0.0.1",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a broker's configuration, access rules, authorities and server certificate.

    Ports and names are those of [broker.external] and [endpoint]. A server certificate that is there already stays.
    """
    from gateway.config import load
    from gateway.security.files import replace_private

    settings = load(config)
    folder = folder.absolute()
    if kind is Kind.NATS:
        _nats(settings, folder, as_json=as_json)
        return
    certificates = _certificates(settings, folder)
    try:
        rendered = (
            _mosquitto(settings, folder, service_bind)
            if kind is Kind.MOSQUITTO
            else _emqx(settings, folder, service_bind)
        )
    except ValueError as error:
        raise CommandError(str(error)) from None
    for name, text in {**rendered, **certificates}.items():
        replace_private(folder / name, text.encode())
    names = sorted({*rendered, *certificates, "server.pem", "server.key"})
    if as_json:
        say_json({"folder": str(folder), "files": names})
        return
    for name in names:
        say(str(folder / name))
    say("the broker's account must be able to read them: they are readable by their owner only")


def _nats(settings: "Settings", folder: Path, *, as_json: bool) -> None:
    """The configuration of the NATS server that the gateway would run itself, to be run beside it.

    Certificates and credentials stay in the data folder, which both need to see under the same path.
    """
    from gateway.bootstrap.nats import anywhere, nats_settings
    from gateway.bootstrap.secrets import open_secrets
    from gateway.broker.nats.configuration import write_configuration
    from gateway.runtime.clock import utc_now

    path = write_configuration(anywhere(nats_settings(settings, open_secrets(settings, utc_now), utc_now, folder)))
    if as_json:
        say_json({"folder": str(folder), "files": [path.name]})
    else:
        say(str(path))


def _certificates(settings: "Settings", folder: Path) -> dict[str, str]:
    """The authorities of each listener, and the server certificate unless there is one."""
    from gateway.cli.opening import authorities
    from gateway.runtime.clock import utc_now
    from gateway.security.authorities import AuthorityName
    from gateway.security.certificates import issue_broker_certificate

    known = authorities(settings)
    files = {f"{listener}-ca.pem": known.bundle(AuthorityName(name)) for listener, name in _AUTHORITIES.items()}
    if not all(files.values()):
        raise CommandError("there are no authorities yet; run: hearthgate ca init")
    if not ((folder / "server.pem").exists() and (folder / "server.key").exists()):
        hosts = dict.fromkeys((settings.endpoint.host, settings.broker.external.host, "localhost", "127.0.0.1"))
        issued = issue_broker_certificate(known.signing(AuthorityName.HTTPS), list(hosts), utc_now())
        files["server.pem"] = issued.certificate_pem + issued.chain_pem
        files["server.key"] = issued.key_pem
    return files


def _mosquitto(settings: "Settings", folder: Path, service_bind: str) -> dict[str, str]:
    from gateway.broker.mosquitto.configuration import ListenerSettings, MosquittoSettings, render

    ports = settings.broker.external
    return render(
        MosquittoSettings(
            folder=folder,
            certificate=folder / "server.pem",
            key=folder / "server.key",
            claim=ListenerSettings(ports.claim_port, folder / "claim-ca.pem"),
            device=ListenerSettings(ports.device_port, folder / "device-ca.pem"),
            service=ListenerSettings(ports.service_port, folder / "service-ca.pem", service_bind),
            log_to="topic",
        )
    )


def _emqx(settings: "Settings", folder: Path, service_bind: str) -> dict[str, str]:
    from gateway.broker.emqx.configuration import RULES_FILE, EmqxListener, EmqxSettings, render

    ports = settings.broker.external
    return render(
        EmqxSettings(
            rules=folder / RULES_FILE,
            certificate=folder / "server.pem",
            key=folder / "server.key",
            claim=EmqxListener(f"0.0.0.0:{ports.claim_port}", folder / "claim-ca.pem"),
            device=EmqxListener(f"0.0.0.0:{ports.device_port}", folder / "device-ca.pem"),
            service=EmqxListener(f"{service_bind}:{ports.service_port}", folder / "service-ca.pem"),
        )
    )
