"""What is waiting, handed out and done: order, limits, and receipts of a connection that is gone."""

import asyncio

import pytest

from gateway.transport.mqtt_flight import Flight
from gateway.transport.port import Inbound, TransportClosedError


def arrive(flight: Flight, *numbers: int) -> None:
    for number in numbers:
        flight.arrive("t", b"%d" % number, number.to_bytes(2, "big"))
    flight.wake()


def payloads(messages: list[Inbound]) -> list[int]:
    return [int(message.payload) for message in messages]


def ids(*numbers: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in numbers]


async def nothing_comes(flight: Flight) -> bool:
    try:
        await asyncio.wait_for(flight.take(10), 0.01)
    except TimeoutError:
        return True
    return False


async def test_messages_come_in_order_and_no_more_than_asked() -> None:
    flight = Flight(10)
    arrive(flight, 1, 2, 3)
    assert payloads(await flight.take(2)) == [1, 2]
    assert payloads(await flight.take(2)) == [3]


async def test_taking_waits_for_a_message() -> None:
    flight = Flight(10)
    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(flight.take(5))
        await asyncio.sleep(0)
        assert not taking.done()
        arrive(flight, 1)
    assert payloads(taking.result()) == [1]


async def test_no_more_are_handed_out_than_the_capacity_until_some_are_done() -> None:
    flight = Flight(3)
    arrive(flight, 1, 2, 3, 4, 5)
    held = await flight.take(10)
    assert payloads(held) == [1, 2, 3]
    assert await nothing_comes(flight)
    assert flight.finish(held[:1]) == ids(1)
    assert payloads(await flight.take(10)) == [4]


async def test_acknowledgements_leave_in_the_order_in_which_the_messages_came() -> None:
    flight = Flight(10)
    arrive(flight, 1, 2, 3, 4)
    one, two, three, four = await flight.take(10)
    assert flight.finish([two]) == []
    assert flight.finish([four, three]) == []
    assert flight.finish([one]) == ids(1, 2, 3, 4)


async def test_acknowledging_twice_counts_once_even_when_the_identifier_is_used_again() -> None:
    flight = Flight(10)
    arrive(flight, 1)
    (first,) = await flight.take(1)
    assert flight.finish([first, first]) == ids(1)
    arrive(flight, 1, 2)
    assert flight.finish([first]) == []
    again, _ = await flight.take(2)
    assert flight.finish([again]) == ids(1)


async def test_a_receipt_of_an_earlier_connection_means_nothing() -> None:
    flight = Flight(10)
    arrive(flight, 1, 2, 3)
    old = await flight.take(2)
    flight.begin_anew()
    assert await nothing_comes(flight), "what waited comes again from the broker"
    arrive(flight, 1, 2)
    new = await flight.take(2)
    assert flight.finish(old) == []
    assert not flight.put_back(old)
    assert flight.finish(new) == ids(1, 2)


async def test_a_connection_that_begins_anew_has_its_whole_capacity() -> None:
    flight = Flight(2)
    arrive(flight, 1, 2)
    await flight.take(2)
    flight.begin_anew()
    arrive(flight, 1, 2)
    assert len(await flight.take(2)) == 2


async def test_giving_back_asks_for_a_new_connection() -> None:
    flight = Flight(10)
    arrive(flight, 1)
    assert flight.put_back(await flight.take(1))


async def test_messages_without_a_receipt_need_none_and_survive_a_lost_connection() -> None:
    flight = Flight(10)
    flight.arrive("t", b"1", None)
    flight.arrive("t", b"2", None)
    flight.wake()
    (first,) = await flight.take(1)
    assert flight.finish([first]) == []
    assert not flight.put_back([first])
    flight.begin_anew()
    assert payloads(await flight.take(5)) == [1, 2]


async def test_reading_stops_at_the_capacity_and_goes_on_at_half_of_it() -> None:
    flight = Flight(4)
    arrive(flight, 1, 2, 3)
    assert (flight.is_full, flight.has_room) == (False, False)
    arrive(flight, 4)
    assert (flight.is_full, flight.has_room) == (True, False)
    await flight.take(1)
    assert (flight.is_full, flight.has_room) == (False, False)
    await flight.take(1)
    assert (flight.is_full, flight.has_room) == (False, True)


async def test_of_too_many_hints_the_oldest_give_way() -> None:
    flight = Flight(3, lossy=True)
    for number in range(5):
        flight.arrive("t", b"%d" % number, None)
    flight.wake()
    assert payloads(await flight.take(10)) == [2, 3, 4]


async def test_whoever_waits_when_it_closes_is_told() -> None:
    flight = Flight(4)
    closing = asyncio.get_running_loop().call_soon(flight.close)
    with pytest.raises(TransportClosedError):
        await asyncio.wait_for(flight.take(5), 5)
    assert not closing.cancelled()
