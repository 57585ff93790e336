"""`hearthgate export openapi`: documents that are made from the code."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.command import AsJson, command, new_group, say, say_json

group = new_group()

Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write; else standard output.")]


@group.callback()
def export() -> None:
    """Documents that are made from the code."""


@group.command("openapi")
@command
def openapi(*, out: Out = None, as_json: AsJson = False) -> None:
    """Write the OpenAPI 3.1 document of the app's HTTP API."""
    from gateway import __version__
    from gateway.api.openapi import openapi_bytes
    from gateway.api.table import ROUTES

    content = openapi_bytes(ROUTES, __version__)
    if out is None:
        say(content.decode())  # it is JSON, asked for or not
        return
    out.write_bytes(content)
    if as_json:
        say_json({"file": str(out), "bytes": len(content)})
    else:
        say(f"{out}: {len(content)} bytes")
