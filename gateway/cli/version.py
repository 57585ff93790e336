"""`hearthgate version`."""

import platform

from gateway import __version__
from gateway.cli.command import AsJson, command, say, say_json


@command
def version(*, as_json: AsJson = False) -> None:
    """Say which version this is."""
    if as_json:
        say_json({"version": __version__, "python": platform.python_version(), "platform": platform.platform()})
    else:
        say(f"hearthgate {__version__}")
