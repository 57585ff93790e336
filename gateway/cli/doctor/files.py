"""The data folder and the master key."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.cli.command import CommandError
from gateway.cli.doctor.findings import Finding, Looked, ok, warning, wrong
from gateway.cli.opening import key_ring
from gateway.security.files import UnsafeFileError
from gateway.security.keys import KeyRing, MasterKeyError

LEAST_FREE: Final = 100 * 1024**2
"""Bytes below which a database and a broker soon cannot write."""

_GIB: Final = 1024**3


def settings_fit(looked: Looked) -> Iterator[Finding]:
    """Everything that would keep `serve` from starting with these settings."""
    problems = [one for one in looked.settings.problems_of_serving() if not one.startswith("region:")]  # its own check
    for problem in problems:
        name, _, says = problem.partition(": ")
        yield wrong("settings", f"{name}: {says}", f"set {name} in the configuration")
    if not problems:
        yield ok("settings", "they fit together")


def data_folder(looked: Looked) -> Iterator[Finding]:
    """It is there and can be written."""
    folder = looked.settings.data_folder
    if not folder.exists():
        yield wrong("data folder", f"{folder} does not exist", "run: hearthgate init")
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield wrong(
            "data folder", f"{folder} cannot be written ({error.strerror})", "give the gateway's account the folder"
        )
        return
    if folder.stat().st_mode & 0o077:
        yield warning("data folder", f"others may look into {folder}", f"run: chmod 700 {folder}")
        return
    yield ok("data folder", f"{folder} can be written")


def disk(looked: Looked) -> Iterator[Finding]:
    """There is room for the database and for what the broker may store."""
    settings = looked.settings
    free = shutil.disk_usage(_existing(settings.data_folder)).free
    room = f"{free / _GIB:.1f} GiB free"
    store = settings.broker.nats.store_bytes if settings.broker.kind == "nats" else 0
    if free < LEAST_FREE:
        yield wrong("disk", room, "make room: without it nothing is acknowledged any more")
    elif free < store:
        fix = "make room, or set broker.nats.store_bytes lower"
        yield warning("disk", f"{room}, and the broker may store {store / _GIB:.1f} GiB", fix)
    else:
        yield ok("disk", room)


def master_key(looked: Looked) -> Iterator[Finding]:
    """It is there, nobody else may read it, and it is one."""
    found = read_keys(looked)
    if isinstance(found, Finding):
        yield found
        return
    given = looked.settings.keys.master_key is not None
    place = "given by the configuration" if given else f"{looked.settings.master_key_file}, for its owner only"
    yield ok("master key", place)


def read_keys(looked: Looked) -> KeyRing | Finding:
    """The keys, or what is wrong with the master key."""
    path = looked.settings.master_key_file
    try:
        return key_ring(looked.settings)
    except CommandError:
        return wrong(
            "master key", f"there is none in {path}", "run: hearthgate init, or put the key there that you kept"
        )
    except UnsafeFileError as error:
        return wrong("master key", str(error).partition(";")[0], f"run: chmod 600 {path}")
    except MasterKeyError as error:
        return wrong("master key", str(error), "put the key there that you kept apart from the backups")
    except OSError as error:
        return wrong("master key", f"{path} cannot be read ({error.strerror})", f"run: chmod 600 {path}, as its owner")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
