"""`hearthgate export openapi | data-map | processing-record | codes`: documents that are made from the code."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.command import AsJson, ConfigFile, command, new_group, say, say_json

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

    _deliver(openapi_bytes(ROUTES, __version__), out, as_json=as_json)  # it is JSON, asked for or not


@group.command("data-map")
@command
def data_map(
    *,
    person: Annotated[bool, typer.Option("--person", help="The page that a user of the app reads.")] = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Write down what is stored: what for, how sensitive, how long, and who sees it."""
    from gateway.storage import data_map as stored

    text = stored.as_json() if as_json else stored.for_person() if person else stored.as_markdown()
    _deliver(text.encode(), out, as_json=as_json)


@group.command("processing-record")
@command
def processing_record(
    *,
    chinese: Annotated[bool, typer.Option("--zh", help="In Chinese; else in English.")] = False,
    config: ConfigFile = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Write the record of processing: what is done with data about people, why, who sees it, for how long.

    Who answers for it (`controller.*`) and where it is stored (`region`) come from the configuration.
    """
    from gateway.bootstrap.policies import controller_of
    from gateway.config import load
    from gateway.domain.policies import Language
    from gateway.storage import data_map as stored
    from gateway.usecases import processing_record as records

    language = Language.CHINESE if chinese else Language.ENGLISH
    record = stored.processing_record(controller_of(load(config)), language)
    if as_json:
        text = json.dumps(records.as_json(record), ensure_ascii=False, indent=2) + "\n"
    else:
        text = records.as_markdown(record)
    _deliver(text.encode(), out, as_json=as_json)


@group.command("codes")
@command
def codes(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write one page a code into; else the list is shown.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write down what every failure code means, in English and Chinese; --json without a folder gives the texts."""
    from gateway.cli.failure_pages import INDEX, catalogue_as_data, markdown_pages

    pages = markdown_pages()
    if out is None:
        if as_json:
            say_json(catalogue_as_data())
        else:
            say(pages[INDEX].rstrip("\n"))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")
    if as_json:
        say_json({"folder": str(out), "files": len(pages)})
    else:
        say(f"{out}: {len(pages)} files")


def _deliver(content: bytes, out: Path | None, *, as_json: bool) -> None:
    if out is None:
        say(content.decode().rstrip("\n"))
        return
    out.write_bytes(content)
    if as_json:
        say_json({"file": str(out), "bytes": len(content)})
    else:
        say(f"{out}: {len(content)} bytes")
