"""What the audit says of a restore, and that it goes on after it."""

from datetime import timedelta
from pathlib import Path

from gateway.bootstrap.backup import read_backup
from gateway.bootstrap.secrets import AUDIT_MEMORY
from gateway.domain.audit import MACHINE, AuditEntry, AuditRow, Broken, Result, Sound
from gateway.domain.staff import Action
from gateway.runtime.clock import utc_now
from gateway.security.keys import KeyRing, MasterKey
from gateway.usecases import audit
from gateway.usecases.audit_checks import sign_if_due, verify
from tests.cli.installation import Installation, Opened, People
from tests.cli.shell import Shell


def test_the_audit_remembers_no_signature_that_the_restored_database_does_not_hold(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    memory = at.settings.authorities_folder / AUDIT_MEMORY
    memory.unlink(missing_ok=True)
    shell("backup", str(tmp_path / "one.backup"))
    memory.write_text("{}")
    memory.chmod(0o600)
    shell("backup", str(tmp_path / "two.backup"))
    memory.write_text('{"newer": 1}')
    shell("restore", str(tmp_path / "two.backup"))
    assert memory.read_text("utf-8") == "{}"
    shell("restore", str(tmp_path / "one.backup"))
    assert not memory.exists()


def test_the_audit_says_that_a_backup_was_put_back_and_goes_on_being_signed(
    at: Installation, people: People, shell: Shell, tmp_path: Path
) -> None:
    looked = AuditEntry(at=utc_now(), staff_id=None, role=MACHINE, action=Action.LIST_STAFF, result=Result.GRANTED)

    async def look_and_sign(it: Opened) -> None:
        database, now = it.household.database, utc_now() + timedelta(days=1)
        await audit.recorded(database, lambda tx: audit.append(tx, looked))
        await sign_if_due(database, it.secrets.audit_signer, it.secrets.audit_memory, now)

    async def found(it: Opened) -> tuple[list[AuditRow], Sound | Broken]:
        database = it.household.database
        rows, _ = await database.read(lambda tx: audit.page(tx, None, 10))
        later = utc_now() + timedelta(days=3)
        await sign_if_due(database, it.secrets.audit_signer, it.secrets.audit_memory, later)
        return rows, await verify(database, it.secrets.audit_signer, it.secrets.audit_memory, later)

    at.run(look_and_sign)
    made_at = read_made_at(at, shell, tmp_path / "one.backup")
    at.run(look_and_sign)
    (at.settings.authorities_folder / AUDIT_MEMORY).write_text('{"ordinal": 2, "row": 2, "signature": "00"}')
    shell("restore", str(tmp_path / "one.backup"))
    rows, checked = at.run(found)
    assert [row.number for row in rows] == [2, 1]
    entry = rows[0].entry
    assert (entry.role, entry.action, entry.staff_id, entry.account_id) == (MACHINE, Action.RESTORE_BACKUP, None, None)
    assert entry.reason == f"backup of {made_at}; before, signed up to: row 2"
    assert isinstance(checked, Sound)
    assert (checked.rows, checked.vouched) == (2, 2)


def read_made_at(at: Installation, shell: Shell, file: Path) -> str:
    shell("backup", str(file))
    with file.open("rb") as opened:
        head, _ = read_backup(opened, KeyRing(MasterKey.from_file(at.settings.master_key_file)))
    return head.made_at
