"""The companion app's side, as far as a simulation needs it: one account, its pairings, devices and commands."""

import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any, Protocol
from uuid import UUID

import aiohttp

from device_sim.api import Answer, Api, ProblemError
from device_sim.sse import ServerEvent


class Provisioned(Protocol):
    """The appliance's end of the local link."""

    def provision(self, token: str) -> None:
        """Take a bind token."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """An open pairing."""

    pairing_id: str
    bind_token: str = field(repr=False)
    expires_at: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command that the gateway accepted; with `Prefer: wait` perhaps its end already."""

    command_id: str
    location: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)

    @property
    def status(self) -> str:
        """The state so far, such as `accepted` or `applied`."""
        return str(self.body.get("status", "accepted"))


class Phone:
    """One person's app. Bodies of answers are returned as they are: the API's own document describes them."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        login_name: str,
        password: str,
        *,
        rng: Random,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """A phone that is not logged in yet.

        Args:
            session: shared by many phones; it owns the connections.
            base_url: such as `https://127.0.0.1:8443`.
            login_name: the account's.
            password: the account's.
            rng: makes idempotency keys.
            tls: trusts the gateway's HTTPS authority; the system's authorities when absent.
        """
        self._api = Api(session, base_url, tls)
        self._base_url, self._tls = base_url, tls
        self._login_name = login_name
        self._password = password
        self._rng = rng
        self.account_id: str | None = None

    def moved(self, session: aiohttp.ClientSession) -> "Phone":
        """The same phone, still logged in, on another network. The one of before is not to be used any more."""
        phone = Phone(session, self._base_url, self._login_name, self._password, rng=self._rng, tls=self._tls)
        phone._api.tokens = self._api.tokens
        phone.account_id = self.account_id
        return phone

    def new_key(self) -> str:
        """An `Idempotency-Key`: use the same one again to ask the same thing again."""
        return str(UUID(int=self._rng.getrandbits(128), version=4))

    async def register(self) -> None:
        """Open the account.

        Raises:
            ProblemError: the name is taken, or name or password break a rule.
        """
        body = {"login_name": self._login_name, "password": self._password, "adult": True}
        await self._api.request("POST", "/v1/accounts", body)

    async def log_in(self) -> None:
        """Open a session; from here on tokens are renewed by themselves.

        Raises:
            ProblemError: name and password do not fit, or too many tries.
        """
        body = {"login_name": self._login_name, "password": self._password}
        answer = await self._api.request("POST", "/v1/sessions", body)
        self.account_id = answer.body.get("account_id")
        self._api.take_tokens(answer.body)

    async def acknowledge(self) -> None:
        """Show the policy that counts now, and say that it was read. Again changes nothing.

        Raises:
            ProblemError: the policy changed in between.
        """
        policy = await self._get("/v1/policies/current")
        await self._post(f"/v1/policies/{policy['version']}/acknowledgement", {"hash": policy["hash"]})

    async def sign_up(self) -> None:
        """Register, unless that was done before, log in, and acknowledge the policy.

        Raises:
            ProblemError: the name is taken by somebody else, or the password breaks the rules.
        """
        try:
            await self.register()
        except ProblemError as problem:
            if problem.status != HTTPStatus.CONFLICT:
                raise
        await self.log_in()
        await self.acknowledge()

    async def open_pairing(self) -> Pairing:
        """Ask for a one-time bind token.

        Raises:
            ProblemError: the policy was not acknowledged.
        """
        body = (await self._post("/v1/pairings", {})).body
        return Pairing(body["pairing_id"], body["bind_token"], body["expires_at"], body["trace_id"])

    async def pair(self, appliance: Provisioned) -> Pairing:
        """Open a pairing and hand its token to the appliance over the local link.

        Raises:
            ProblemError: see `open_pairing`.
        """
        pairing = await self.open_pairing()
        appliance.provision(pairing.bind_token)
        return pairing

    async def pairing(self, pairing_id: str) -> dict[str, Any]:
        """How far a pairing is."""
        return await self._get(f"/v1/pairings/{pairing_id}")

    def pairing_events(self, pairing_id: str) -> AsyncGenerator[ServerEvent]:
        """Watch a pairing until it ended."""
        return self._api.events(f"/v1/pairings/{pairing_id}/events")

    async def tell(self, pairing_id: str, report: Mapping[str, Any]) -> None:
        """Report what app and appliance saw of a pairing: the only word there is of what happens before the gateway.

        Raises:
            ProblemError: the report is not taken.
        """
        await self._post(f"/v1/pairings/{pairing_id}/evidence", report)

    async def cancel_pairing(self, pairing_id: str) -> None:
        """Give up a pairing."""
        await self._api.request("DELETE", f"/v1/pairings/{pairing_id}")

    async def devices(self) -> list[dict[str, Any]]:
        """All devices of the account, over all pages."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self._get("/v1/devices?limit=200" + (f"&cursor={cursor}" if cursor else ""))
            found.extend(page["items"])
            cursor = page.get("next")
            if cursor is None:
                return found

    async def device(self, device_id: str) -> dict[str, Any]:
        """One device."""
        return await self._get(f"/v1/devices/{device_id}")

    async def state(self, device_id: str) -> dict[str, Any]:
        """The latest reported state."""
        return await self._get(f"/v1/devices/{device_id}/state")

    async def rename(self, device_id: str, nickname: str) -> dict[str, Any]:
        """Give a device a name. Reads its ETag first, as an app that shows it has."""
        path = f"/v1/devices/{device_id}"
        shown = await self._api.request("GET", path)
        headers = {"If-Match": shown.headers["ETag"]} if "ETag" in shown.headers else {}
        answer = await self._api.request("PATCH", path, {"nickname": nickname}, headers=headers)
        return dict(answer.body)

    async def send(
        self,
        device_id: str,
        action: str,
        params: Mapping[str, Any] | None = None,
        *,
        expires_in_s: int | None = None,
        wait_s: int | None = None,
        key: str | None = None,
    ) -> SentCommand:
        """Send a command.

        Args:
            device_id: to which device.
            action: of its type.
            params: of the action.
            expires_in_s: how long it may take; the type's own time when absent.
            wait_s: wait so long for its end before answering.
            key: the idempotency key; a new one when absent.

        Raises:
            ProblemError: refused, such as `device_offline`.
        """
        body: dict[str, Any] = {"action": action, "params": dict(params or {})}
        if expires_in_s is not None:
            body["expires_in_s"] = expires_in_s
        headers = {} if wait_s is None else {"Prefer": f"wait={wait_s}"}
        answer = await self._post(f"/v1/devices/{device_id}/commands", body, key=key, headers=headers, wait_s=wait_s)
        location = answer.headers.get("Location", "")
        command_id = answer.body.get("command_id") or location.rsplit("/", 1)[-1]
        return SentCommand(str(command_id), location, dict(answer.body))

    async def command(self, command_id: str) -> dict[str, Any]:
        """How far a command is."""
        return await self._get(f"/v1/commands/{command_id}")

    async def cancel_command(self, command_id: str) -> None:
        """Take back a command that was not delivered."""
        await self._api.request("DELETE", f"/v1/commands/{command_id}")

    async def release(self, device_id: str) -> dict[str, Any]:
        """Let go of a device, with the password once more.

        Raises:
            ProblemError: not the owner, or the password does not fit.
        """
        return dict((await self._post(f"/v1/devices/{device_id}/release", {"password": self._password})).body)

    def events(self, *, last_event_id: str = "") -> AsyncGenerator[ServerEvent]:
        """Everything the account may see: a snapshot, then changes, over reconnections."""
        return self._api.events("/v1/events", last_event_id=last_event_id)

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Any other request of this account: consents, homes, rules, a person's rights.

        Raises:
            ProblemError: it was refused.
        """
        if method == "POST":
            return await self._post(path, body or {})
        return await self._api.request(method, path, body)

    async def _get(self, path: str) -> dict[str, Any]:
        return dict((await self._api.request("GET", path)).body)

    async def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        wait_s: int | None = None,
    ) -> Answer:
        """A POST that may be repeated: the key is what keeps it from taking effect twice."""
        return await self._api.request(
            "POST",
            path,
            body,
            headers={"Idempotency-Key": key or self.new_key(), **(headers or {})},
            timeout_s=30.0 + (wait_s or 0),
        )


def data_of(event: ServerEvent) -> dict[str, Any]:
    """The object in an event's data, or an empty one."""
    with contextlib.suppress(ValueError):
        data = json.loads(event.data)
        if isinstance(data, dict):
            return data
    return {}
