"""One connection of an activated appliance, against a broker that is a list."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from device_sim.controller import Timings
from device_sim.flash import Credential
from device_sim.happenings import What
from device_sim.keys import new_key
from device_sim.link import LinkError
from device_sim.session import MAX_HELD, End, Session
from gateway.protocol.codec import decode, encode
from gateway.protocol.messages import BindRequest, Hello, LogReport, Message, Report, StateReport, Welcome

DEVICE = "d-0123456789abcdefghjkmnpqrs"
UP = f"hg/v1/dev/{DEVICE}/up/"
DOWN = f"hg/v1/dev/{DEVICE}/down/"
PATIENCE_S = 5.0


@dataclass
class Broker:
    """Takes everything at once. `denied` filters are refused."""

    log: list[tuple[str, bytes]] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        self.log.append((topic, payload))
        self.news.set()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    async def subscribe(self, topic_filter: str) -> None:
        self.log.append(("subscribe", topic_filter.encode()))
        if topic_filter in self.denied:
            raise LinkError("denied")

    async def lost(self) -> str:
        await self.gone.wait()
        return "lost"

    async def said(self, channel: str) -> bytes:
        """The first message on a channel, waited for."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for topic, payload in self.log:
                    if topic == UP + channel:
                        return payload
                self.news.clear()
                await self.news.wait()

    def channels(self) -> list[str]:
        return [topic.removeprefix(UP) for topic, _ in self.log]


@pytest.fixture
async def broker() -> Broker:
    return Broker()


@pytest.fixture
def session(board: Any, certify: Callable[[str, str], str]) -> Session:
    key, now = new_key(), board.now[0]
    used = Credential(key, certify(key, DEVICE), "", now + timedelta(days=60), now + timedelta(days=30))
    board.controller.flash.update(operational=used)
    board.controller.timings = Timings(tick_s=0.01)
    return Session(board.controller, used)


def welcome(board: Any, *, bound: bool = True, epoch: int = 4) -> Welcome:
    return Welcome(
        time=board.now[0], epoch=epoch, bound=bound, command_key="A" * 43 + "=", report=Report(every_s=3600, full=True)
    )


def tell(session: Session, channel: str, message: Message) -> None:
    session.hear(DOWN + channel, encode(message))


@asynccontextmanager
async def running(session: Session, broker: Broker) -> AsyncIterator[asyncio.Task[End]]:
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        task = group.create_task(session.run(broker))
        yield task
        session.finish(End.STOP)


async def test_it_listens_before_it_says_hello(board: Any, session: Session, broker: Broker) -> None:
    async with running(session, broker):
        hello = decode(Hello, await broker.said("hello"))
    assert broker.log[0] == ("subscribe", f"{DOWN}#".encode())
    assert (hello.serial, hello.epoch, hello.boot) == ("abcdef", 4, "b0")


async def test_it_reports_everything_once_it_is_welcome_and_owned(board: Any, session: Session, broker: Broker) -> None:
    async with running(session, broker):
        await broker.said("hello")
        assert "state" not in broker.channels()
        tell(session, "welcome", welcome(board))
        report = decode(StateReport, await broker.said("state"))
    assert report.full
    assert report.state["target_c"] == 20


async def test_without_an_owner_it_reports_nothing(board: Any, session: Session, broker: Broker) -> None:
    board.controller.flash.update(paired=False)
    async with running(session, broker):
        tell(session, "welcome", welcome(board, bound=False))
        await board.controller.bell.until(lambda: session.welcome is not None)
    assert "state" not in broker.channels()


async def test_commands_that_come_before_the_time_is_known_wait_for_it(
    board: Any, session: Session, broker: Broker, voice: Any
) -> None:
    async with running(session, broker):
        await broker.said("hello")
        for _ in range(MAX_HELD + 3):
            tell(session, "command", voice.command())
        assert board.controller.model.effects == 0
        tell(session, "welcome", welcome(board))
        assert board.controller.model.effects == MAX_HELD


async def test_nothing_that_comes_can_end_it(board: Any, session: Session, broker: Broker) -> None:
    async with running(session, broker):
        await broker.said("hello")
        for topic in (DOWN + "command", DOWN + "bind", DOWN + "welcome", DOWN + "renew", DOWN + "x", "hg/v1/dev", ""):
            for payload in (b"", b"{", b"\xff", b"[]", b"{}", b'{"a":' * 50 + b"1" + b"}" * 50, b"x" * 20000):
                session.hear(topic, payload)
        session.hear(DOWN.replace(DEVICE, "d-zzzzzzzzzzzzzzzzzzzzzzzzzz") + "welcome", encode(welcome(board)))
        assert session.end is None
        assert session.welcome is None
    assert set(board.whats()) == {What.MESSAGE_DROPPED}


async def test_a_token_that_the_phone_brings_later_is_handed_over_at_once(
    board: Any, session: Session, broker: Broker
) -> None:
    board.controller.timings = Timings(tick_s=60.0)
    board.controller.flash.update(paired=False)
    async with running(session, broker):
        await broker.said("hello")
        tell(session, "welcome", welcome(board, bound=False))
        board.controller.flash.update(bind_token="token-token-token")
        board.controller.bell.ring()
        request = decode(BindRequest, await broker.said("bind"))
    assert request.bind_token == "token-token-token"


async def test_remembered_failures_are_handed_over_once(board: Any, session: Session, broker: Broker) -> None:
    board.controller.remember("net", "202")
    async with running(session, broker):
        await broker.said("hello")
        tell(session, "welcome", welcome(board))
        log = decode(LogReport, await broker.said("log"))
        await broker.said("state")
        tell(session, "welcome", welcome(board))
    assert [entry.code for entry in log.entries] == ["202"]
    assert broker.channels().count("log") == 1
    assert board.kept.failures == ()


async def test_a_clean_stop_says_bye_last(session: Session, broker: Broker) -> None:
    async with running(session, broker) as life:
        await broker.said("hello")
    assert await life is End.STOP
    assert broker.channels()[-1] == "bye"


async def test_who_may_only_renew_asks_for_that_and_says_nothing_else(
    board: Any, session: Session, broker: Broker
) -> None:
    broker.denied.add(f"{DOWN}#")
    async with running(session, broker):
        await broker.said("renew")
        said = broker.channels()
    assert said[:3] == ["subscribe", "subscribe", "renew"]
    assert broker.log[1] == ("subscribe", f"{DOWN}renew".encode())
    assert "hello" not in said


async def test_who_knows_that_the_certificate_is_good_takes_a_refusal_for_trouble_and_comes_again(
    board: Any, session: Session, broker: Broker
) -> None:
    board.controller.clock.set_right(board.now[0])
    broker.denied.add(f"{DOWN}#")
    with pytest.raises(LinkError, match="denied"):
        await session.run(broker)
    assert broker.channels() == ["subscribe"]
    assert board.kept.candidate is None


async def test_a_due_renewal_is_asked_for_without_waiting_for_a_welcome(
    board: Any, session: Session, broker: Broker
) -> None:
    board.now[0] += timedelta(days=31)
    async with running(session, broker):
        await broker.said("renew")
    assert session.welcome is None


async def test_without_a_welcome_it_gives_up(board: Any, session: Session, broker: Broker) -> None:
    board.controller.timings = Timings(tick_s=0.01, welcome_s=0.02)
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(LinkError, match="no_welcome"):
            await session.run(broker)


async def test_a_lost_link_ends_it(session: Session, broker: Broker) -> None:
    broker.gone.set()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(LinkError, match="lost"):
            await session.run(broker)


async def test_a_flash_that_fails_ends_it_and_nothing_was_done(
    board: Any, session: Session, broker: Broker, voice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(session, "welcome", welcome(board))

    def broken(*_: object) -> None:
        raise OSError("no flash")

    with monkeypatch.context() as patch:
        patch.setattr(board.controller.flash, "save", broken)
        tell(session, "command", voice.command())
    assert isinstance(session.end, LinkError)
    assert session.end.reason == "flash_failed"
    assert board.controller.model.effects == 0


async def test_a_welcome_confirms_the_credential_that_was_used(
    board: Any, broker: Broker, certify: Callable[[str, str], str]
) -> None:
    key = new_key()
    new = Credential(key, certify(key, DEVICE))
    board.controller.flash.save(replace(board.kept, candidate=new, operational=None))
    session = Session(board.controller, new)
    async with running(session, broker):
        await broker.said("hello")
        before = board.kept
        tell(session, "welcome", welcome(board))
    assert before.operational is None
    assert board.kept.operational == new
    assert board.kept.candidate is None


async def test_a_value_that_goes_back_after_a_command_is_reported_again(
    board: Any, session: Session, broker: Broker, voice: Any
) -> None:
    async with running(session, broker):
        await broker.said("hello")
        tell(session, "welcome", welcome(board))
        await broker.said("state")
        tell(session, "command", voice.command(action="on", params={}))
        board.controller.model.apply("off", {})  # somebody at the panel
        session.report()
    report = decode(StateReport, [payload for topic, payload in broker.log if topic == UP + "state"][-1])
    assert report.state["power"] == "off"
