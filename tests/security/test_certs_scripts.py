"""The scripts beside certs/README.md do what it says."""

import json
import subprocess
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.domain.identity import Kind
from gateway.security.authorities import AuthorityFolder, AuthorityName
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.presented import PresentedCertificate, PresentedCertificates

ROOT = Path(__file__).resolve().parents[2]


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "certs" / script), *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        command, check=False, capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def reader(folder: Path) -> PresentedCertificates:
    keys = KeyRing(MasterKey.from_file(folder / "master.key"))
    authorities = AuthorityFolder(folder / "authorities", keys.ca_passphrase)
    return PresentedCertificates(authority for name in AuthorityName for authority in authorities.trusted(name))


def first_certificate(path: Path) -> str:
    return path.read_text().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"


def test_a_test_pki_has_a_certificate_of_every_kind_and_no_open_file(tmp_path: Path) -> None:
    run("make_test_pki.py", str(tmp_path / "pki"), "--host", "localhost")
    kinds = {"gateway": Kind.GATEWAY, "claim-unit": Kind.CLAIM, "claim-batch": Kind.CLAIM}
    for name, kind in kinds.items():
        answer = reader(tmp_path / "pki").read(first_certificate(tmp_path / "pki" / f"{name}.pem"))
        assert isinstance(answer, PresentedCertificate)
        assert answer.kind is kind
    files = [path for path in (tmp_path / "pki").rglob("*") if path.is_file()]
    assert len(files) == 8 + 1 + 2 * 5 + 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_claim_certificates_come_with_lines_for_the_production_list(tmp_path: Path) -> None:
    pki = tmp_path / "pki"
    run("make_test_pki.py", str(pki))
    arguments = ["--master-key-file", str(pki / "master.key"), "--authorities", str(pki / "authorities")]
    lines = run("claim_certificate.py", *arguments, "--out", str(tmp_path / "batch"), "--count", "3").splitlines()
    assert len(lines) == 3
    for line in map(json.loads, lines):
        pem = first_certificate(tmp_path / "batch" / f"{line['claim_id']}.pem")
        answer = reader(pki).read(pem)
        assert isinstance(answer, PresentedCertificate)
        assert answer.common_name == line["claim_id"]
        fingerprint = x509.load_pem_x509_certificate(pem.encode()).fingerprint(SHA256()).hex()
        assert line["credential"] == f"sha256:{fingerprint}"


def test_no_private_key_lies_in_the_repository() -> None:
    listed = subprocess.run(
        ["git", "grep", "-l", "-E", "^-----BEGIN .*PRIVATE KEY-----"],  # noqa: S607 - whichever git is there
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert listed.stdout == ""
