"""`hearthgate serve` and `hearthgate migrate`."""

import asyncio
import gc
import signal
import sys
from typing import TYPE_CHECKING, Final

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command, say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config import Settings
    from gateway.runtime.application import Application

SAME_WORD_S: Final = 0.5
"""Two signals within this are one: `timeout` and some supervisors signal the process and then its group."""

SWITCH_S: Final = 0.0005
"""How long one thread may keep the interpreter while another waits. A command passes between the event loop and the
database threads half a dozen times, and Python's own 5 ms for each of them is what one would feel."""

COLLECTED_AFTER: Final = (10_000, 20, 50)
"""Objects until Python looks for cycles, and how often it looks at older ones (its own: 700, 10, 10). Hardly anything
here is a cycle, and each look holds up whatever is under way."""


@command
def serve(*, config: ConfigFile = None) -> None:
    """Run the gateway until it is told to stop: Ctrl-C or SIGTERM in order, a second one at once."""
    from gateway.config import load
    from gateway.observability.logging import configure

    settings = load(config)
    if problems := settings.problems_of_serving():
        raise CommandError(f"the configuration cannot be used: {'; '.join(problems)}", Exit.USAGE)
    configure(level=settings.log.level.upper(), human=settings.log.format == "text")
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(*COLLECTED_AFTER)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings))
    except asyncio.CancelledError:
        raise CommandError("stopped at once") from None


def _loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Uvloop where it is installed; None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: "Settings") -> None:
    from gateway.bootstrap.assembly import build

    try:
        application = await build(settings)
    except ValueError as error:
        raise CommandError(f"the configuration cannot be used: {error}", Exit.USAGE) from None
    gc.collect()
    gc.freeze()  # what there is now stays until the end: no collection need look at it
    await run_until_told(application)


async def run_until_told(application: "Application") -> None:
    """Run an application until SIGINT or SIGTERM.

    Raises:
        asyncio.CancelledError: it was told twice, or before it was ready.
    """
    loop = asyncio.get_running_loop()
    running = asyncio.current_task()
    assert running is not None  # noqa: S101 - a coroutine runs in a task

    first_told: float | None = None

    def told() -> None:
        nonlocal first_told
        if first_told is None and application.is_ready:
            first_told = loop.time()
            application.stop()
        elif first_told is None or loop.time() - first_told > SAME_WORD_S:
            running.cancel()

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, told)
    try:
        await application.run()
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(sign)


@command
def migrate(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Bring the database up to date. `serve` does it too; alone it fits into a deployment."""
    from gateway.bootstrap.folder import folder_use
    from gateway.config import load
    from gateway.storage.engine import engine_for
    from gateway.storage.migrate import migrate as migrate_database

    settings = load(config)
    with folder_use(settings):
        engine = engine_for(settings.database_url.get_secret_value(), threads=1)
        try:
            migrate_database(engine)
        finally:
            engine.dispose()
    if as_json:
        say_json({"migrated": True})
    else:
        say("the database is up to date")
