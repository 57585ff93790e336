"""`hearthgate doctor`: everything that goes wrong for new users, and what to do about it. Changes nothing."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer

from gateway.cli.command import AsJson, ConfigFile, Exit, command, say, say_json

if TYPE_CHECKING:
    from gateway.cli.doctor.findings import Finding, Looked

_WIDTH = 28


@command
def doctor(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check this installation and say how to mend it. Exit code 1 when something is wrong."""
    from gateway.cli.doctor.findings import Level

    findings = list(_examine(config))
    bad = any(finding.level is Level.WRONG for finding in findings)
    if as_json:
        rows = [{"check": one.check, "level": one.level, "says": one.says, "fix": one.fix} for one in findings]
        say_json({"ok": not bad, "findings": rows})
    else:
        for one in findings:
            say(f"{one.level.value:8} {one.check:{_WIDTH}} {one.says}")
            if one.fix is not None:
                say(f"{'':8} {'':{_WIDTH}} → {one.fix}")
    if bad:
        raise typer.Exit(Exit.FAILED)


def _examine(config: ConfigFile) -> "Iterator[Finding]":
    from gateway.cli.doctor.brokers import ask_operator
    from gateway.cli.doctor.findings import Looked, ok, wrong
    from gateway.config import load
    from gateway.config.loading import ConfigError
    from gateway.runtime.clock import utc_now

    try:
        settings = load(config)
    except ConfigError as error:
        for problem in error.problems:
            says = f"{problem.key}: {problem.says}" if problem.key else problem.says
            yield wrong("configuration", says, "correct it; `hearthgate config show` lists every setting")
        return
    yield ok("configuration", "read; every name in it is a setting")
    looked = Looked(settings, utc_now(), running=ask_operator(settings, "/livez") == {"alive": True})
    for check in _checks():
        yield from check(looked)


def _checks() -> "tuple[Callable[[Looked], Iterator[Finding]], ...]":
    from gateway.cli.doctor import brokers, certificates, erasures, files, machine, stored

    return (
        files.settings_fit,
        files.data_folder,
        files.disk,
        files.master_key,
        machine.clock,
        stored.region,
        stored.database,
        erasures.ledger,
        erasures.restored,
        certificates.authority_dates,
        certificates.server_certificates,
        machine.ports,
        machine.open_files,
        brokers.program,
        brokers.reachable,
        brokers.readiness,
    )
