"""`hearthgate doctor` on the erasure ledger and on a restore that was broken off."""

from datetime import UTC, datetime

from gateway.bootstrap.folder import restore_mark
from gateway.cli.opening import key_ring
from gateway.security.erasure_ledger import ErasureLedger
from tests.cli.examined import settings_of, told
from tests.cli.shell import Shell

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_ledger_is_counted_and_a_damaged_one_is_told(well: Shell) -> None:
    settings = settings_of(well)
    ErasureLedger(settings.erasure_ledger_file, key_ring(settings)).append(b"x" * 32, NOW)
    assert told(well, "erasure ledger", level="ok").startswith("sound, 1 lines")
    settings.erasure_ledger_file.write_bytes(b"{}\n")
    assert "line 1" in told(well, "erasure ledger")


def test_an_interrupted_restore_is_told(well: Shell) -> None:
    restore_mark(settings_of(well)).touch()
    assert "run the same hearthgate restore again" in told(well, "restore")
    assert "run the same hearthgate restore again" in well.refused("audit", "verify")
