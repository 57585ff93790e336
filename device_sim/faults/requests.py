"""What goes wrong between the claim certificate and the own one: connections, requests, keys."""

import json
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from device_sim.faults.home import Home
from device_sim.faults.wire import (
    FaultError,
    activate,
    ask,
    ask_once,
    claim_line,
    go_online,
    line,
    refused_connection,
    request_of,
    with_certificate_of,
    with_proof,
)
from device_sim.keys import certificate_request, new_key

MANY_REQUESTS: Final = 12
"""More than one claim identity may ask at once, whatever the gateway's limit is about."""


async def certificate_of_another_unit(home: Home) -> None:
    """The board bears the claim certificate of another unit: it is good, and not this unit's."""
    await home.begin()
    swapped = with_certificate_of(home.made, home.neighbour.claim)
    async with line(home, swapped.claim) as one:
        await one.link.subscribe(f"hg/v1/claim/{home.neighbour.claim_id}/reply")
        await _refused(ask(home, one, request_of(home), home.neighbour), "claim.bad_credential")


async def wrong_client_id(home: Home) -> None:
    """The client id is not the name in the certificate, as after a board swap."""
    await home.begin()
    await refused_connection(home, home.made.claim, home.neighbour.claim_id)


async def wrong_topic(home: Home) -> None:
    """The firmware publishes where it may not, and never asks."""
    await home.begin()
    one = await home.stack.enter_async_context(claim_line(home))
    await one.link.publish("hg/v1/claim/activate", json.dumps(request_of(home)).encode())


async def cloned(home: Home) -> None:
    """A second board with the same identity asks while the first one works."""
    await home.begin()
    own = await activate(home)
    await go_online(home, own)
    await _refused(ask_once(home, request_of(home)), "claim.duplicate_id")


async def asks_in_a_loop(home: Home) -> None:
    """The firmware asks again and again without a pause, and is refused each time."""
    await home.begin()
    refused = home.made
    async with claim_line(home) as one:
        for _ in range(MANY_REQUESTS):
            reply = await ask(home, one, request_of(home, refused, type_id="kettle.unknown.k9"))
            if reply.get("code") == "act.rate_limited":
                return
    raise FaultError("so many requests were all looked at")


async def malformed(home: Home) -> None:
    """The payload is JSON, and not the message that it should be."""
    await home.begin()
    await _refused(ask_once(home, request_of(home, reset_counter="many")), "act.malformed")


async def unlisted(home: Home) -> None:
    """The factory has not sent this unit's line yet."""
    await home.begin()
    await _refused(ask_once(home, request_of(home)), "act.unknown_machine_code")


async def other_radio_module(home: Home) -> None:
    """The Wi-Fi module was replaced: another MAC than the one in the production list."""
    await home.begin()
    await _refused(ask_once(home, request_of(home, mac=home.neighbour.unit.mac)), "act.mac_mismatch")


async def unknown_type(home: Home) -> None:
    """A new model that this gateway has no descriptor of."""
    await home.begin()
    await _refused(ask_once(home, request_of(home, type_id="kettle.unknown.k9")), "act.typeid_unknown")


async def other_type(home: Home) -> None:
    """The firmware says another model than the production list."""
    await home.begin()
    other = "refrigerator.r1" if home.made.type_id != "refrigerator.r1" else "heater.panel.s2"
    await _refused(ask_once(home, request_of(home, type_id=other)), "act.typeid_mismatch")


async def blocked(home: Home) -> None:
    """The unit was recalled: support blocked it."""
    await home.begin()
    await home.world.workshop.block(home.made.unit.machine_code)
    await _refused(ask_once(home, request_of(home)), "act.blocked")


async def replayed(home: Home) -> None:
    """An old request comes again, from before the last factory reset."""
    await home.begin()
    await activate(home, reset_counter=2)
    await _refused(ask_once(home, request_of(home, reset_counter=1)), "act.replayed")


async def wrong_unit_key(home: Home) -> None:
    """A unit of a batch proves itself with a key that is not its own."""
    await home.begin()
    forged = with_proof(request_of(home), home.rng.randbytes(32))
    await _refused(ask_once(home, forged), "act.bad_signature")


async def without_proof(home: Home) -> None:
    """A unit of a batch brings no proof at all."""
    await home.begin()
    await _refused(ask_once(home, request_of(home)), "claim.bad_credential")


async def batch_no_longer_accepted(home: Home) -> None:
    """A good proof of a unit of a batch, and its type has been set to take certificates of single units only.

    Raises:
        FaultError: the unit has no key, or was let in.
    """
    await home.begin()
    key = home.made.unit.unit_key
    if key is None:
        raise FaultError("this unit is not of a batch")
    await _refused(ask_once(home, with_proof(request_of(home), key)), "claim.not_authorised")


async def sends_wifi_secret(home: Home) -> None:
    """The firmware sends the Wi-Fi password along, although nobody may know it."""
    await home.begin()
    request = request_of(home) | {"radio": {"rssi": -50, "wifi_password": f"{home.rng.getrandbits(64):x}"}}
    await _refused(ask_once(home, request), "act.secret_not_wanted")


async def bad_request_for_a_certificate(home: Home) -> None:
    """The certificate request is cut off."""
    await home.begin()
    whole = certificate_request(new_key(), "appliance")
    await _refused(ask_once(home, request_of(home, csr=whole[: len(whole) // 2])), "cert.csr_invalid")


async def weak_key(home: Home) -> None:
    """A broken random generator: the private key is the number seven."""
    await home.begin()
    key = ec.derive_private_key(7, ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    pem = csr.public_bytes(Encoding.PEM).decode()
    await _refused(ask_once(home, request_of(home, csr=pem)), "cert.key_rejected")


async def key_of_another_unit(home: Home) -> None:
    """The same key was burnt into two units. The other one came first."""
    key = new_key()
    await activate(home, home.neighbour, key_pem=key)
    await home.begin()
    csr = certificate_request(key, "appliance")
    await _refused(ask_once(home, request_of(home, csr=csr)), "cert.key_rejected")


async def _refused(reply: Any, code: str) -> None:
    """The gateway must have refused; with what code it says is told by the verdict, not here.

    Raises:
        FaultError: it accepted, so that the fault was not caused. Names the code that was wanted.
    """
    if (await reply)["ok"]:
        raise FaultError(f"a request was accepted that should lead to {code}")
