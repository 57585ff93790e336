"""`hearthgate backup FILE` and `hearthgate restore FILE`."""

from typing import Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, command, say, say_json

BackupFile = Annotated[str, typer.Argument(metavar="FILE", help="A path on this machine.")]


@command
def backup(file: BackupFile, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Write database and authorities to an encrypted file, while the gateway runs.

    The master key and the keys of persons are not in it: keep persons-copies and erasures.ledger apart from it.
    """
    from gateway.bootstrap.backup import back_up, local_file
    from gateway.cli.opening import key_ring
    from gateway.cli.progress import progress_bar
    from gateway.config import load
    from gateway.runtime.clock import utc_now

    settings = load(config)
    path = local_file(file)
    with progress_bar("backup", None, wanted=not as_json) as progress:
        done = back_up(settings, key_ring(settings), path, utc_now(), progress)
    if as_json:
        say_json({"file": str(done.file), "bytes": done.bytes, "rows": done.rows})
    else:
        say(f"{done.file}: {done.rows} rows, {done.bytes} bytes")


@command
def restore(file: BackupFile, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Put a backup in the place of the database; no gateway may be running. Who left since then does not come back."""
    from gateway.bootstrap.backup import local_file
    from gateway.bootstrap.restore import restore as put_back
    from gateway.cli.opening import key_ring
    from gateway.cli.progress import progress_bar
    from gateway.config import load
    from gateway.runtime.clock import utc_now

    settings = load(config)
    path = local_file(file)
    if not path.is_file():
        raise CommandError(f"there is no file {path}")
    with progress_bar("restore", None, wanted=not as_json) as progress:
        done = put_back(settings, key_ring(settings), path, utc_now, progress)
    if as_json:
        say_json(
            {
                "made_at": done.made_at,
                "rows": done.rows,
                "erased_again": done.erased_again,
                "authorities_restored": done.authorities,
            }
        )
        return
    say(f"restored what was backed up at {done.made_at}: {done.rows} rows")
    if done.erased_again:
        say(f"{done.erased_again} accounts that were closed since then were erased again")
    say("certificate authorities: put back" if done.authorities else "certificate authorities: those here stay")
