"""`hearthgate simulate`: a fleet of simulated appliances and their people against a running gateway."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command

if TYPE_CHECKING:
    from device_sim.factory import MadeUnit
    from device_sim.flash import Address
    from gateway.config import Settings


@command
def simulate(
    *,
    appliances: Annotated[int, typer.Option(help="How many.")] = 200,
    accounts: Annotated[int, typer.Option(help="People they belong to.")] = 10,
    rate: Annotated[float, typer.Option(help="State reports a second, of the whole fleet.")] = 5.0,
    command_rate: Annotated[float, typer.Option(help="Commands a second, of the whole fleet.")] = 1.0,
    seconds: Annotated[float, typer.Option(help="How long, once all are paired.")] = 30.0,
    seed: Annotated[int, typer.Option(help="The same seed does the same again.")] = 0,
    report_p99_ms: Annotated[float | None, typer.Option(help="Fail when reports take longer.")] = None,
    command_p99_ms: Annotated[float | None, typer.Option(help="Fail when commands take longer.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the appliances are kept; else in the data folder.")] = None,
    host: Annotated[str | None, typer.Option(help="Where the gateway is; else as configured, on this machine.")] = None,
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help="Load machines other than this one.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Activate, pair, report and command a simulated fleet, and count what was lost.

    Its units are made, signed by our Factory authority and put into the production list. Exit code 1 when something
    was lost, done twice, or too slow.
    """
    import asyncio
    import sys

    from device_sim.descriptor import Descriptor
    from device_sim.fleet import simulate as run
    from device_sim.options import Options, Thresholds, UsageError, check
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases.types import load_catalogue

    settings = load(config)
    catalogue = load_catalogue(settings.types_folder)
    place = folder or settings.data_folder / "simulation" / f"seed-{seed}"
    scheme = "http" if settings.api.tls == "off" else "https"
    options = Options(
        api_url=f"{scheme}://{host or settings.api.host}:{settings.api.port}",
        claim_address=_claim_address(settings, host),
        trust=place / "trust.pem",
        folder=place / "flash",
        appliances=appliances,
        accounts=accounts,
        rate=rate,
        command_rate=command_rate,
        seconds=seconds,
        seed=seed,
        allow_remote=allow_remote,
        thresholds=Thresholds(report_p99_ms=report_p99_ms, command_p99_ms=command_p99_ms),
    )
    try:
        check(options, appliances)
        units = _made(settings, place, appliances, seed, catalogue.type_ids())
    except UsageError as error:
        raise CommandError(str(error), Exit.USAGE) from None
    descriptors = {
        type_id: Descriptor.of(known.document)
        for type_id in catalogue.type_ids()
        if (known := catalogue.get(type_id)) is not None
    }
    outcome = asyncio.run(
        run(options, units, descriptors, clock=utc_now, out=sys.stdout, as_json=True if as_json else None)
    )
    if outcome.missed:
        raise CommandError("; ".join(outcome.missed), Exit(outcome.exit_code))


def _claim_address(settings: "Settings", host: str | None) -> "Address":
    from device_sim.flash import Address

    broker = settings.broker
    match broker.kind:
        case "nats":
            return Address(host or broker.nats.mqtt_host, broker.nats.mqtt_port)
        case "mosquitto":
            return Address(host or broker.mosquitto.host, broker.mosquitto.claim_port)
        case "external":
            return Address(host or broker.external.host, broker.external.claim_port)


def _made(settings: "Settings", place: Path, count: int, seed: int, type_ids: list[str]) -> "list[MadeUnit]":
    """The fleet in its boxes: made and listed the first time, read again afterwards."""
    import asyncio

    from device_sim.factory import PRODUCTION_LIST, make_units, read_folder, write_folder
    from gateway.cli.opening import opened
    from gateway.runtime.clock import utc_now
    from gateway.security.authorities import AuthorityName
    from gateway.security.certificates import issue_claim_certificate
    from gateway.usecases.listed_rows import ListFormat
    from gateway.usecases.production_list import read_production_list
    from gateway.usecases.types import load_catalogue
    from gateway.usecases.unit_rows import UnitIntake
    from gateway.usecases.units import import_units

    made_in = place / "factory"
    with opened(settings) as (database, secrets):
        if not (made_in / PRODUCTION_LIST).exists():
            factory = secrets.authorities.signing(AuthorityName.FACTORY)

            def issue(claim_id: str) -> tuple[str, str]:
                identity = issue_claim_certificate(factory, claim_id, utc_now())
                return identity.certificate_pem, identity.key_pem

            write_folder(make_units(type_ids, count, seed, issue), made_in)
        (place / "trust.pem").write_text(secrets.authorities.bundle(AuthorityName.HTTPS), encoding="ascii")
        units = read_folder(made_in, count)
        catalogue = load_catalogue(settings.types_folder)
        intake = UnitIntake(secrets.indexes, secrets.sealer, secrets.identifiers, catalogue)
        with (made_in / PRODUCTION_LIST).open("rb") as file:
            rows = read_production_list(file, ListFormat.JSONL)
            report = asyncio.run(import_units(database, intake, rows, utc_now()))
    if report.refused:
        first = report.refusals[0]
        raise CommandError(f"the simulated units were refused: line {first.line}: {first.field} {first.reason}")
    return units
