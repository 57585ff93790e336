"""Make a complete test PKI in a folder: all authorities, and one certificate of every kind with its key."""  # noqa: INP001 - a script

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from gateway.security.authorities import AuthorityFolder, AuthorityName
from gateway.security.certificates import (
    IssuedIdentity,
    issue_broker_certificate,
    issue_claim_certificate,
    issue_gateway_certificate,
    issue_https_certificate,
)
from gateway.security.files import replace_private
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey


def main() -> None:
    """Write everything below the folder; what exists there already is kept, leaf certificates are made anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write; a master key is made there too")
    parser.add_argument("--host", action="append", help="host name or address of the servers (default: localhost)")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    hosts: list[str] = arguments.host or ["localhost", "127.0.0.1", "::1"]

    now = datetime.now(UTC)  # noqa: TID251 - a script of its own, outside the gateway
    names = RandomIdentifiers()
    keys = KeyRing(MasterKey.from_file_or_new(folder / "master.key"))
    authorities = AuthorityFolder(folder / "authorities", keys.ca_passphrase)
    authorities.create(now)
    https = authorities.signing(AuthorityName.HTTPS)
    factory = authorities.signing(AuthorityName.FACTORY)
    service = authorities.signing(AuthorityName.SERVICE)

    write(folder, "broker", issue_broker_certificate(https, hosts, now))
    write(folder, "https", issue_https_certificate(https, hosts, now))
    write(folder, "gateway", issue_gateway_certificate(service, names.new("g"), now))
    write(folder, "claim-unit", issue_claim_certificate(factory, names.new("c"), now))
    write(folder, "claim-batch", issue_claim_certificate(factory, names.new("c"), now))
    clients = (AuthorityName.FACTORY, AuthorityName.DEVICE, AuthorityName.SERVICE)
    replace_private(folder / "trusted-by-broker.pem", authorities.bundle(*clients).encode())
    replace_private(folder / "trusted-by-clients.pem", authorities.bundle(AuthorityName.HTTPS).encode())
    sys.stdout.write(f"test PKI in {folder}: for tests only, its keys are as safe as this folder\n")


def write(folder: Path, name: str, identity: IssuedIdentity) -> None:
    """Write `<name>.pem` (certificate, then its authority) and `<name>.key`, both with mode 0600."""
    replace_private(folder / f"{name}.pem", (identity.certificate_pem + identity.chain_pem).encode())
    replace_private(folder / f"{name}.key", identity.key_pem.encode())


if __name__ == "__main__":
    main()
