"""The machine: its clock, its ports, how many files it lets a process open."""

import errno
import resource
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import gateway
from gateway.cli.doctor.findings import Finding, Looked, ok, warning, wrong
from gateway.cli.doctor.stored import SLACK

FEW_FILES: Final = 4096
"""Below this many open files a site of some thousand appliances cannot connect."""


def clock(looked: Looked) -> Iterator[Finding]:
    """Nobody is asked for the time: it is later than the installation, and than every file of the data folder."""
    installed = _changed(Path(gateway.__file__))
    if looked.now < installed - SLACK:
        says = f"it is {looked.now:%Y-%m-%d %H:%M}Z here, before this program was installed"
        yield wrong("clock", says, "set this machine's clock; have it kept by NTP")
        return
    folder = looked.settings.data_folder
    files = [path for path in (*folder.glob("*"), *folder.glob("*/*")) if path.is_file()] if folder.is_dir() else []
    newest = max(map(_changed, files), default=looked.now)
    if newest > looked.now + SLACK:
        says = f"a file of the data folder is of {newest:%Y-%m-%d %H:%M}Z, and it is {looked.now:%Y-%m-%d %H:%M}Z here"
        yield wrong("clock", says, "set this machine's clock; have it kept by NTP")
    else:
        yield ok("clock", f"{looked.now:%Y-%m-%d %H:%M:%S}Z")


def ports(looked: Looked) -> Iterator[Finding]:
    """Every port is free, or held by our own gateway."""
    for name, host, port in looked.settings.listeners():
        check = f"port of {name}"
        if port == 0:
            yield ok(check, "any free one")
            continue
        trouble = _binding_fails(host, port)
        if trouble is None:
            says = f"{host}:{port} is free"
            if looked.running and name == "api":
                yield warning(check, f"{says} although a gateway answers the operator", "is it the same configuration?")
            else:
                yield ok(check, says)
        elif trouble == errno.EADDRINUSE and looked.running:
            yield ok(check, f"{host}:{port} is held, and our gateway is running")
        else:
            yield wrong(
                check,
                f"{host}:{port} {_WHY.get(trouble, 'cannot be listened on')}",
                f"free it, or set another {name}.port or host",
            )


_WHY: Final = {
    errno.EADDRINUSE: "is in use by another program",
    errno.EADDRNOTAVAIL: "is no address of this machine",
    errno.EACCES: "needs rights that this account does not have",
}


def open_files(looked: Looked) -> Iterator[Finding]:
    """Every connection of an appliance is an open file of the broker."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit >= looked.settings.broker.nats.connections:
        yield ok("open files", "as many as connections are allowed")
        return
    says = f"a process may open {limit}, which bounds the appliances that connect"
    if limit < FEW_FILES:
        yield warning("open files", says, "raise it: LimitNOFILE=65536 for systemd, or ulimit -n 65536")
    else:
        yield ok("open files", says)


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _binding_fails(host: str, port: int) -> int | None:
    """The error number of listening there; None when it works."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        return errno.EADDRNOTAVAIL
    with socket.socket(family, kind, protocol) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a closed one is no hindrance
        try:
            tried.bind(address)
            tried.listen(1)
        except OSError as error:
            return error.errno
    return None
