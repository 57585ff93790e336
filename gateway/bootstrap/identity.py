"""This gateway's own name: made once, kept in the data folder, so that it finds its sessions and claims again."""

from pathlib import Path

from gateway.domain.identity import Kind, kind_of
from gateway.security.files import create_private
from gateway.usecases.services import Identifiers


def gateway_name(folder: Path, identifiers: Identifiers) -> str:
    """The common name (`g-…`) of the gateway whose data folder this is.

    Raises:
        ValueError: the file holds something else.
    """
    path = folder / "gateway.id"
    create_private(path, identifiers.new(Kind.GATEWAY.value).encode())
    name = path.read_text().strip()
    if kind_of(name) is not Kind.GATEWAY:
        message = f"{path.name} does not hold a gateway's name"
        raise ValueError(message)
    return name
