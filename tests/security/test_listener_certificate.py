"""The certificate that our own authority issues for the API: kept while it serves, made anew when it does not."""

from pathlib import Path

import pytest

from gateway.bootstrap.secrets import api_tls, console_tls, open_secrets
from gateway.config import Settings
from gateway.runtime.clock import utc_now
from gateway.security.certificate_facts import certificate_facts


def served(folder: Path, *hosts: str) -> frozenset[str]:
    settings = Settings.model_validate(
        {"data_folder": folder, "region": "local", "api": {"tls": "issued", "hosts": hosts}}
    )
    assert api_tls(open_secrets(settings, utc_now), settings, utc_now) is not None
    return certificate_facts(certificate(folder)).hosts


def certificate(folder: Path) -> bytes:
    return (folder / "api" / "server.pem").read_bytes()


@pytest.mark.parametrize("hosts", [("gateway.example",), ("gateway.example", "192.0.2.7")])
def test_a_certificate_that_serves_is_kept(tmp_path: Path, hosts: tuple[str, ...]) -> None:
    assert served(tmp_path, *hosts) == set(hosts)
    before = certificate(tmp_path)
    served(tmp_path, *hosts)
    assert certificate(tmp_path) == before


def test_another_host_needs_another_certificate(tmp_path: Path) -> None:
    served(tmp_path, "gateway.example")
    assert served(tmp_path, "gateway.example", "home.example") == {"gateway.example", "home.example"}


def test_whoever_starts_a_listener_without_its_files_is_told_which_one(tmp_path: Path) -> None:
    """Settings refuse it before; a program that makes its own does not."""
    settings = Settings.model_validate({"data_folder": tmp_path, "region": "local"})
    settings = settings.model_copy(update={"console": settings.console.model_copy(update={"tls": "files"})})
    with pytest.raises(ValueError, match=r"console\.certificate_file and console\.key_file are needed"):
        console_tls(open_secrets(settings, utc_now), settings, utc_now)
