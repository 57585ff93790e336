"""The one address of a site with several gateways: forwards each connection to a place that answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import count


class Entrance:
    """Takes connections on a port of its own. What a load balancer does for a site, without looking inside."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turn = count()
        self.port = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Entrance"]:
        """Forward while the body runs."""
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(self._turn)
        with contextlib.closing(writer):
            for number in range(len(self._ports)):
                port = self._ports[(first + number) % len(self._ports)]
                with contextlib.suppress(OSError):
                    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
                    with contextlib.closing(inner_writer):
                        await _both_ways(reader, writer, inner_reader, inner_writer)
                    return


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    inner_reader: asyncio.StreamReader,
    inner_writer: asyncio.StreamWriter,
) -> None:
    async with asyncio.TaskGroup() as tasks:
        ways = [
            tasks.create_task(_one_way(reader, inner_writer)),
            tasks.create_task(_one_way(inner_reader, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()


async def _one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
