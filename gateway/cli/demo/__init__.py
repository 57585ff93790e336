"""`hearthgate demo`: the main job on one machine, step by step, with everything real but the appliances."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.command import AsJson, CommandError, command


@command
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Play the story to its end and stop.")] = False,
    folder: Annotated[Path, typer.Option(help="Where everything is kept; a second start goes on from it.")] = Path(
        "hearthgate-demo"
    ),
    as_json: AsJson = False,
) -> None:
    """Start a broker, a gateway, three appliances and a phone, and tell what happens, line by line.

    With --once the exit code is 0 only if every step happened. Without it everything keeps running until Ctrl-C.
    """
    from gateway.cli.demo.story import play
    from gateway.cli.demo.telling import Teller

    teller = Teller(as_json=as_json)
    if not play(folder, teller, once=once):
        raise CommandError("the story did not come to its end; the last line says where it stopped")
