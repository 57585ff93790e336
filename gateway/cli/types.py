"""`hearthgate types validate | list`."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.command import AsJson, ConfigFile, Exit, command, new_group, say, say_json

group = new_group()


@group.command("list")
@command
def list_(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the types that this gateway knows, ours and your own."""
    from gateway.config import load
    from gateway.usecases.types import load_catalogue

    catalogue = load_catalogue(load(config).types_folder)
    for type_id in catalogue.type_ids():
        known = catalogue.get(type_id)
        assert known is not None  # noqa: S101 - it was listed
        if as_json:
            say_json(
                {
                    "type_id": type_id,
                    "descriptor_version": known.version,
                    "titles": known.titles,
                    "credentials": sorted(known.credentials),
                    "safety_class": known.safety.safety_class,
                },
            )
        else:
            say(f"{type_id:28} version {known.version:<4} {known.titles['en']} / {known.titles['zh']}")


@group.command("validate")
@command
def validate(
    file: Annotated[Path | None, typer.Argument(help="One descriptor; without it, all that are configured.")] = None,
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check a type descriptor and name everything that is wrong with it."""
    from gateway.usecases.descriptors import DescriptorError, read_descriptor
    from gateway.usecases.types import load_catalogue

    try:
        if file is not None:
            good = [read_descriptor(file.name, file.read_bytes()).type_id]
        else:
            from gateway.config import load

            good = load_catalogue(load(config).types_folder).type_ids()
    except DescriptorError as error:
        if not as_json:
            for problem in error.problems:
                say(f"{error.source}: {problem.where or 'the file'}: {problem.says}")
        else:
            problems = [{"where": problem.where, "says": problem.says} for problem in error.problems]
            say_json({"ok": False, "file": error.source, "problems": problems})
        raise typer.Exit(Exit.FAILED) from None
    if as_json:
        say_json({"ok": True, "types": good})
    else:
        say(f"good: {', '.join(good)}")
