"""Make claim certificates with the gateway's own Factory authority: one a unit, or one for a batch."""  # noqa: INP001 - a script

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.security.authorities import AuthorityFolder, AuthorityName
from gateway.security.certificates import CLAIM_LIFE, issue_claim_certificate
from gateway.security.files import create_private
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey


def main() -> None:
    """Write a certificate and a key for each unit, and one JSON line each for the production list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--master-key-file", type=Path, required=True)
    parser.add_argument("--authorities", type=Path, required=True, help="the gateway's folder of authorities")
    parser.add_argument("--out", type=Path, required=True, help="where certificates and keys go")
    parser.add_argument("--count", type=int, default=1, help="how many (default: 1, as for a batch)")
    parser.add_argument("--days", type=int, default=CLAIM_LIFE.days, help="how long each is valid")
    arguments = parser.parse_args()

    now = datetime.now(UTC)  # noqa: TID251 - a script of its own, outside the gateway
    names = RandomIdentifiers()
    keys = KeyRing(MasterKey.from_file(arguments.master_key_file))
    factory = AuthorityFolder(arguments.authorities, keys.ca_passphrase).signing(AuthorityName.FACTORY)
    for _ in range(arguments.count):
        name = names.new("c")
        identity = issue_claim_certificate(factory, name, now, life=timedelta(days=arguments.days))
        create_private(arguments.out / f"{name}.key", identity.key_pem.encode())
        create_private(arguments.out / f"{name}.pem", (identity.certificate_pem + identity.chain_pem).encode())
        certificate = x509.load_pem_x509_certificate(identity.certificate_pem.encode())
        fingerprint = certificate.fingerprint(SHA256()).hex()
        sys.stdout.write(json.dumps({"claim_id": name, "credential": f"sha256:{fingerprint}"}) + "\n")


if __name__ == "__main__":
    main()
