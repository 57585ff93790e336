"""From settings to keys: the master key, what derives from it, the authorities, and certificates for our listeners."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from gateway.config import Settings
from gateway.config.sections import ApiSection
from gateway.security.audit_signatures import Ed25519AuditSigner, FileCheckpointMemory
from gateway.security.authorities import AuthorityFolder, AuthorityName
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.certificate_facts import certificate_facts, is_for
from gateway.security.certificates import (
    IssuedIdentity,
    ends_within,
    issue_broker_certificate,
    issue_gateway_certificate,
    issue_https_certificate,
)
from gateway.security.device_authority import DeviceAuthority
from gateway.security.files import replace_private
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.receipt_signatures import KEY_FILE as RECEIPTS_KEY
from gateway.security.receipt_signatures import Ed25519ReceiptSigner
from gateway.security.sealing import AesGcmSealer
from gateway.security.signatures import Ed25519CommandSigner
from gateway.security.tokens import KeyedTokens
from gateway.usecases.services import Clock

RENEW_OWN: Final = timedelta(days=30)
"""Our own server certificates are made anew at a start that finds less than this left of them."""


AUDIT_MEMORY: Final = "audit.newest.json"
"""The newest signature under the audit, in the authorities' folder."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Everything that derives from the master key or is encrypted under it."""

    keys: KeyRing = field(repr=False)
    authorities: AuthorityFolder = field(repr=False)
    signer: Ed25519CommandSigner = field(repr=False)
    audit_signer: Ed25519AuditSigner = field(repr=False)
    audit_memory: FileCheckpointMemory = field(repr=False)
    receipts: Ed25519ReceiptSigner = field(repr=False)
    indexes: HmacBlindIndexes = field(repr=False)
    tokens: KeyedTokens = field(repr=False)
    sealer: AesGcmSealer = field(repr=False)
    identifiers: RandomIdentifiers

    def device_authority(self) -> DeviceAuthority:
        """The authority that signs for appliances."""
        return DeviceAuthority(self.authorities.signing(AuthorityName.DEVICE))


def open_secrets(settings: Settings, clock: Clock) -> Secrets:
    """Read the keys; what does not exist yet is made. A second call changes nothing.

    Raises:
        MasterKeyError: the master key cannot be used.
        AuthorityError: an authority's key does not open.
    """
    given = settings.keys.master_key
    master = (
        MasterKey.from_text(given.get_secret_value())
        if given is not None
        else MasterKey.from_file_or_new(settings.master_key_file)
    )
    keys = KeyRing(master)
    authorities = AuthorityFolder(settings.authorities_folder, keys.ca_passphrase)
    authorities.create(clock())
    return Secrets(
        keys=keys,
        authorities=authorities,
        signer=Ed25519CommandSigner.from_file_or_new(settings.authorities_folder / "commands.key", keys.ca_passphrase),
        audit_signer=Ed25519AuditSigner.from_file_or_new(settings.authorities_folder / "audit.key", keys.ca_passphrase),
        audit_memory=FileCheckpointMemory(settings.authorities_folder / AUDIT_MEMORY),
        receipts=Ed25519ReceiptSigner.from_file_or_new(settings.authorities_folder / RECEIPTS_KEY, keys.ca_passphrase),
        indexes=HmacBlindIndexes(keys),
        tokens=KeyedTokens(keys),
        sealer=AesGcmSealer(keys.wrapping_key),
        identifiers=RandomIdentifiers(),
    )


@dataclass(frozen=True, slots=True)
class ListenerFiles:
    """PEM files of a listener, as brokers read them."""

    certificate: Path
    key: Path


def broker_files(secrets: Secrets, settings: Settings, hosts: Sequence[str], clock: Clock) -> ListenerFiles:
    """The broker's server certificate, made anew when it is about to end or has to hold for other names."""
    folder = settings.data_folder / "broker"
    files = ListenerFiles(folder / "server.pem", folder / "server.key")
    if not _lasts(files, hosts, clock):
        https = secrets.authorities.signing(AuthorityName.HTTPS)
        _write(files, issue_broker_certificate(https, hosts, clock()))
    return files


def gateway_files(secrets: Secrets, settings: Settings, common_name: str, clock: Clock) -> ListenerFiles:
    """This gateway's client certificate for the broker's service listener: made at each start, for this run's name."""
    folder = settings.data_folder / "broker"
    files = ListenerFiles(folder / "gateway.pem", folder / "gateway.key")
    service = secrets.authorities.signing(AuthorityName.SERVICE)
    _write(files, issue_gateway_certificate(service, common_name, clock()))
    return files


def authority_file(secrets: Secrets, settings: Settings, name: str, *authorities: AuthorityName) -> Path:
    """A bundle of trusted authorities as a file, written anew at each start."""
    path = settings.data_folder / "broker" / f"{name}.pem"
    replace_private(path, secrets.authorities.bundle(*authorities).encode())
    return path


def api_tls(secrets: Secrets, settings: Settings, clock: Clock) -> ssl.SSLContext | None:
    """The TLS context of the app's API; None for plain HTTP on loopback."""
    return _listener_tls(secrets, "api", settings.api, settings.data_folder, clock)


def console_tls(secrets: Secrets, settings: Settings, clock: Clock) -> ssl.SSLContext | None:
    """The TLS context of the support console; None for plain HTTP on loopback."""
    return _listener_tls(secrets, "console", settings.console, settings.data_folder, clock)


def _listener_tls(
    secrets: Secrets, name: str, section: ApiSection, data_folder: Path, clock: Clock
) -> ssl.SSLContext | None:
    match section.tls:
        case "off":
            return None
        case "files":
            certificate, key = section.certificate_file, section.key_file
        case "issued":
            files = ListenerFiles(data_folder / name / "server.pem", data_folder / name / "server.key")
            if not _lasts(files, section.hosts, clock):
                https = secrets.authorities.signing(AuthorityName.HTTPS)
                _write(files, issue_https_certificate(https, section.hosts, clock()))
            certificate, key = files.certificate, files.key
    if certificate is None or key is None:
        message = f"{name}.certificate_file and {name}.key_file are needed"
        raise ValueError(message)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def _lasts(files: ListenerFiles, hosts: Sequence[str], clock: Clock) -> bool:
    """Whether the certificate that is there goes on: for some time, and for every host that is wanted now."""
    if not (files.certificate.exists() and files.key.exists()):
        return False
    pem = files.certificate.read_text()
    facts = certificate_facts(pem.encode())
    return not ends_within(pem, RENEW_OWN, clock()) and all(is_for(facts, host.lower()) for host in hosts)


def _write(files: ListenerFiles, identity: IssuedIdentity) -> None:
    replace_private(files.key, identity.key_pem.encode())
    replace_private(files.certificate, (identity.certificate_pem + identity.chain_pem).encode())
