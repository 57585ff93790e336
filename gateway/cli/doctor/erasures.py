"""What keeps people who left from coming back: the erasure ledger, and a restore that was not finished."""

from collections.abc import Iterator

from gateway.bootstrap.folder import restore_mark
from gateway.cli.doctor.files import read_keys
from gateway.cli.doctor.findings import Finding, Looked, ok, wrong
from gateway.security.erasure_ledger import ErasureLedger, ErasureLedgerError
from gateway.security.files import UnsafeFileError
from gateway.security.keys import KeyRing


def ledger(looked: Looked) -> Iterator[Finding]:
    """The ledger is what this installation wrote. There is none before the first account is closed."""
    keys, file = read_keys(looked), looked.settings.erasure_ledger_file
    if not isinstance(keys, KeyRing) or not file.exists():
        return
    try:
        lines = ErasureLedger(file, keys).lines()
    except (ErasureLedgerError, UnsafeFileError) as error:
        yield wrong("erasure ledger", str(error), "put back its newest copy; the gateway does not start without it")
    else:
        yield ok("erasure ledger", f"sound, {len(lines)} lines")


def restored(looked: Looked) -> Iterator[Finding]:
    """No restore was broken off."""
    if restore_mark(looked.settings).exists():
        fix = "run the same hearthgate restore again"
        yield wrong("restore", "a restore was interrupted; nothing may be opened until it is complete", fix)
