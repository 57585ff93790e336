"""Pushes values through every door that there is: each HTTP route in each place of a request, each MQTT channel."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from device_sim.appliance import Appliance
from device_sim.link import LinkError, Target, opened
from device_sim.phone import Phone
from device_sim.session import Session
from gateway.api.routes import Route
from gateway.protocol.topics import ClaimChannel, ClaimTopic, UpChannel, UpTopic

_PARAMETER = re.compile(r"\{[a-z_]+\}")
ANSWER_S = 20.0
HEADERS = (
    *("User-Agent", "Referer", "Cookie", "Accept", "Accept-Language", "Prefer", "traceparent", "X-Forwarded-For"),
    *("Idempotency-Key", "If-Match", "Last-Event-ID", "Authorization"),
)
ONE_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
"""A UUID of version 7, as commands and events have them."""


@dataclass(frozen=True)
class Push:
    """One request to be sent."""

    where: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


def as_fields(secrets: Mapping[str, str]) -> dict[str, Any]:
    """As an app would send them: by name, nested, as numbers, and as names themselves."""
    numbers = {name: float(value) for name, value in secrets.items() if name in {"latitude", "longitude"}}
    return {
        **secrets,
        "position": numbers,
        "networks": {value: secrets["wifi_password"] for name, value in secrets.items() if name in {"ssid", "bssid"}},
        "list": [list(secrets.values())],
    }


def pushes(route: Route, secrets: Mapping[str, str], key: str) -> Iterator[Push]:
    """Everything that can be put into a request to one route.

    Args:
        route: which.
        secrets: what is pushed, by name.
        key: an Idempotency-Key that nobody used yet.
    """
    usual = {"Content-Type": "application/json", "Idempotency-Key": key, "If-Match": '"1"'}
    yield from _in_path(route, secrets, usual)
    nobody = _filled(route, {name: _somebody_else(name) for name in _parameters(route)})
    yield from _in_query(route, nobody, secrets, usual)
    yield from _in_headers(route, nobody, secrets, usual)
    if route.method != "GET":
        yield from _in_body(route, nobody, secrets, usual)


def _parameters(route: Route) -> list[str]:
    return [] if route.parameters is None else list(route.parameters.model_fields)


def _filled(route: Route, values: Mapping[str, str]) -> str:
    path = route.path
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def _empty(route: Route) -> bytes | None:
    return None if route.request is None else b"{}"


def _in_path(route: Route, secrets: Mapping[str, str], usual: Mapping[str, str]) -> Iterator[Push]:
    names = _parameters(route)
    for value in secrets.values() if names else ():
        yield Push("path", _filled(route, dict.fromkeys(names, value)), usual, _empty(route))


def _in_query(route: Route, path: str, secrets: Mapping[str, str], usual: Mapping[str, str]) -> Iterator[Push]:
    yield Push("query", f"{path}?{urlencode(secrets)}", usual, _empty(route))
    for name in [] if route.query is None else route.query.model_fields:
        yield Push("known query", f"{path}?{urlencode([(name, value) for value in secrets.values()])}", usual)
        yield Push("known query", f"{path}?{urlencode({name: secrets['birthday']})}", usual)


def _in_headers(route: Route, path: str, secrets: Mapping[str, str], usual: Mapping[str, str]) -> Iterator[Push]:
    values = list(secrets.values())
    for at, name in enumerate(HEADERS, len(route.path)):  # another one for each header of each route
        yield Push(f"header {name}", path, {**usual, name: values[at % len(values)]}, _empty(route))
    own = {f"X-{name.replace('_', '-')}": value for name, value in secrets.items()}
    yield Push("headers of its own", path, {**usual, **own}, _empty(route))


def _in_body(route: Route, path: str, secrets: Mapping[str, str], usual: Mapping[str, str]) -> Iterator[Push]:
    form = {**usual, "Content-Type": "application/x-www-form-urlencoded"}
    yield Push("unknown fields", path, usual, json.dumps(as_fields(secrets)).encode())
    yield Push("no object", path, usual, json.dumps(list(secrets.values())).encode())
    yield Push("no JSON", path, usual, ("{" + ",".join(secrets.values())).encode())
    yield Push("a form", path, form, urlencode(secrets).encode())
    for value in secrets.values() if route.request is not None else ():
        yield Push("known fields", path, usual, json.dumps(dict.fromkeys(_names(route), value)).encode())
        nested = {name: {"x": [value]} for name in _names(route)}
        yield Push("known fields, nested", path, usual, json.dumps(nested).encode())


def _names(route: Route) -> list[str]:
    assert route.request is not None
    return [one.alias or name for name, one in route.request.model_fields.items()]


def _somebody_else(name: str) -> str:
    """A well-formed name that nothing has."""
    if name in {"command_id", "firing_id"}:
        return ONE_ID
    return {"purpose": "location.reminder", "version": "1", "number": "1", "data_class": "commands"}.get(
        name, f"{_LETTERS.get(name, name[0])}-{'0' * 26}"
    )


_LETTERS = {"home_ref": "h", "pairing_id": "p", "export_id": "y", "request_id": "q"}


async def push_all(
    phone: Phone, http: aiohttp.ClientSession, base_url: str, route: Route, secrets: Mapping[str, str]
) -> list[tuple[Push, int, bytes]]:
    """Send all of it, logged in where the route wants that; every answer, but for streams."""
    answers: list[tuple[Push, int, bytes]] = []
    for push in pushes(route, secrets, phone.new_key()):
        headers = dict(push.headers)
        if route.auth:
            if phone._api.tokens is None:
                await phone.log_in()
            assert phone._api.tokens is not None
            headers.setdefault("Authorization", f"Bearer {phone._api.tokens.access}")
        request = http.request(
            route.method,
            URL(f"{base_url}{push.url}", encoded=True),  # as it is: the client would tidy up what is in a path
            data=push.body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=ANSWER_S),
        )
        async with request as answer:
            if answer.content_type == "text/event-stream":
                continue
            content = await answer.read()
        answers.append((push, answer.status, content))
        if answer.status == 401 or route.path.startswith("/v1/sessions"):
            phone._api.tokens = None
    return answers


async def knock(http: aiohttp.ClientSession, base_url: str, method: str, path: str, secrets: Mapping[str, str]) -> int:
    """The same at a door that opens to nobody here (the console without a log-in, the operator's port); the status."""
    for name in _PARAMETER.findall(path):
        path = path.replace(name, quote(secrets["ssid"], safe=""))
    request = http.request(
        method,
        URL(f"{base_url}{path}?{urlencode(secrets)}", encoded=True),
        data=urlencode(secrets).encode() if method == "POST" else None,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={quote(value)}" for name, value in secrets.items()),
            "User-Agent": secrets["wifi_password"],
            "Origin": f"https://{secrets['ssid']}",
        },
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=ANSWER_S),
    )
    async with request as answer:
        return answer.status


# -- appliances


def messages(secrets: Mapping[str, str], channel: UpChannel | ClaimChannel) -> Iterator[bytes]:
    """What a broken or curious appliance might say on a channel."""
    fields = as_fields(secrets)
    yield json.dumps(fields).encode()
    yield b"{" + ",".join(secrets.values()).encode()
    yield "\n".join(secrets.values()).encode("utf-16")
    for value in secrets.values():
        for one in _nearly_right(channel, value):
            yield json.dumps(one).encode()
    for name, value in fields.items():
        for one in _nearly_right(channel, value):
            yield json.dumps({**one, name: value}).encode()


def _nearly_right(channel: UpChannel | ClaimChannel, value: Any) -> Iterator[dict[str, Any]]:
    """Messages of the channel's shape with a value in each place that takes text or anything.

    But for `firmware` and `boot`: the appliance's own words for its version and its count, up to 64 letters, figures
    and dashes, are kept as they come. Nothing can tell a version from a network's name that looks like one.
    """
    match channel:
        case UpChannel.STATE:
            yield {"seq": 1 << 40, "state": {"note": value, "where": {"note": value}}}
        case UpChannel.EVENT:
            yield {"id": ONE_ID, "name": "filter_low", "data": {"note": value}}
            yield {"id": ONE_ID, "name": value, "data": {}}
        case UpChannel.ACK:
            yield {"command_id": ONE_ID, "status": "failed", "code": value}
            yield {"command_id": ONE_ID, "status": "applied", "seq": 1 << 41, "state": {"note": value}}
        case UpChannel.HELLO:
            yield {"firmware": "1.0.0", "reset_counter": 0, "descriptor_version": 1, "serial": value}
            yield {"firmware": f"! {value}", "reset_counter": 0, "descriptor_version": 1}
        case UpChannel.BIND:
            yield {"request_id": value, "bind_token": value, "reset_counter": 0}
        case UpChannel.RENEW:
            yield {"request_id": ONE_ID, "csr": value}
        case UpChannel.LOG:
            yield {"entries": [{"code": value, "stage": value, "at": value}]}
        case UpChannel.BYE:
            yield {"why": value}
        case ClaimChannel.REQUEST | ClaimChannel.REPLY:
            yield {"type_id": value, "mac": value, "machine_code": value, "csr": value, "bind_token": value}


async def say_all(appliance: Appliance, secrets: Mapping[str, str]) -> int:
    """Send it all on the appliance's own connection; how many the broker took."""
    taken = 0
    for channel in UpChannel:
        for payload in messages(secrets, channel):
            await appliance.until(lambda one: one.is_online)
            session: Session | None = appliance._session
            assert session is not None
            assert session._link is not None
            with contextlib.suppress(LinkError):
                await session._link.publish(str(UpTopic(appliance.kept.device_id or "", channel)), payload)
                taken += 1
    return taken


async def claim_all(target: Target, claim_id: str, secrets: Mapping[str, str]) -> int:
    """The same with the certificate from the factory, before anything is known of the appliance."""
    taken = 0
    for payload in messages(secrets, ClaimChannel.REQUEST):
        with contextlib.suppress(LinkError):
            async with opened(target, lambda _topic, _payload: None) as link:
                await link.publish(str(ClaimTopic(claim_id, ClaimChannel.REQUEST)), payload)
                taken += 1
    return taken
