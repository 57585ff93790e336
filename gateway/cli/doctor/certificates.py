"""Authorities and server certificates: there, within their time, and for the names that they are used under."""

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.cli.command import CommandError
from gateway.cli.doctor.findings import Finding, Looked, ok, warning, wrong
from gateway.cli.opening import authorities
from gateway.config.sections import ApiSection
from gateway.domain.certificates import LIFE, RENEW_ONLY
from gateway.security.authorities import AuthorityError, AuthorityName
from gateway.security.certificate_facts import CertificateFacts, certificate_facts, is_for
from gateway.security.files import UnsafeFileError
from gateway.security.keys import MasterKeyError

SOON: Final = timedelta(days=30)
"""How long before its end a certificate is spoken of."""


SOON_FOR_DEVICES: Final = LIFE + RENEW_ONLY + SOON
"""The Device authority is needed until whatever it signs has ended: shortly before that it cannot sign any more."""


def authority_dates(looked: Looked) -> Iterator[Finding]:
    """Every trusted authority, and that each name has one."""
    try:
        folder = authorities(looked.settings)
    except (CommandError, MasterKeyError, UnsafeFileError, OSError):
        return  # the master key's own check says it
    for name in AuthorityName:
        check = f"{name} authority"
        try:
            trusted = folder.trusted(name)
        except (AuthorityError, ValueError, OSError) as error:
            yield wrong(
                check, f"cannot be read ({error})", f"put {looked.settings.authorities_folder} back from a backup"
            )
            continue
        if not trusted:
            yield wrong(check, "there is none", "run: hearthgate ca init")
        for one in trusted:
            fix = f"run: hearthgate ca rotate {name}; revoke generation {one.generation} when nobody needs it any more"
            end, begin = one.certificate.not_valid_after_utc, one.certificate.not_valid_before_utc
            soon = SOON_FOR_DEVICES if name is AuthorityName.DEVICE else SOON
            yield _dates(f"{check} {one.generation}", begin, end, looked.now, fix, soon)


def server_certificates(looked: Looked) -> Iterator[Finding]:
    """The certificates that our listeners show."""
    settings = looked.settings
    broker = settings.data_folder / "broker" / "server.pem"
    if broker.exists():
        yield from _file("broker certificate", broker, looked.now, "restart the gateway: it makes a new one")
    external = settings.broker.external.certificate_file
    if settings.broker.kind == "external" and external is not None:
        yield from _file("broker.external certificate", external, looked.now, "have a new one issued")
    for name, section in (("api", settings.api), ("console", settings.console)):
        yield from _listener(looked, name, section)


def _listener(looked: Looked, name: str, section: ApiSection) -> Iterator[Finding]:
    check = f"{name} certificate"
    match section.tls:
        case "off":
            yield ok(check, "none: plain HTTP, on this machine only")
            return
        case "files":
            certificate, key = section.certificate_file, section.key_file
            fix = "have a new one issued for all of its hosts"
        case "issued":
            folder = looked.settings.data_folder / name
            certificate, key = folder / "server.pem", folder / "server.key"
            fix = f"remove {certificate} and restart the gateway: it makes a new one"
            if not certificate.exists():
                yield ok(check, "the next start makes it")
                return
    if certificate is None or key is None:
        return
    yield from _file(check, certificate, looked.now, fix)
    yield from _covers(check, certificate, section.hosts, fix)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError):
        yield wrong(check, "certificate and key do not belong together, or cannot be read", fix)


def _covers(check: str, path: Path, hosts: tuple[str, ...], fix: str) -> Iterator[Finding]:
    facts = _facts(path)
    if facts is None:
        return
    if missing := [host for host in hosts if not is_for(facts, host.lower())]:
        yield wrong(check, f"it does not hold for {', '.join(missing)}", fix)


def _file(check: str, path: Path, now: datetime, fix: str) -> Iterator[Finding]:
    facts = _facts(path)
    if facts is None:
        yield wrong(check, f"{path} is no certificate, or cannot be read", fix)
    else:
        yield _dates(check, facts.not_before, facts.not_after, now, fix)


def _facts(path: Path) -> CertificateFacts | None:
    try:
        return certificate_facts(path.read_bytes())
    except (OSError, ValueError):
        return None


def _dates(
    check: str, not_before: datetime, not_after: datetime, now: datetime, fix: str, soon: timedelta = SOON
) -> Finding:
    if now < not_before:
        return wrong(check, f"begins on {not_before.date()}, and it is {now.date()} here", "set this machine's clock")
    if now >= not_after:
        return wrong(check, f"ended on {not_after.date()}", fix)
    if now >= not_after - soon:
        return warning(check, f"ends on {not_after.date()}", fix)
    return ok(check, f"until {not_after.date()}")
