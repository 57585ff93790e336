"""The data map of what the factory made and what the gateway issued to it."""

from typing import Final

from gateway.storage.data_map.entries import Path, Reader, TableEntry, identifier, plain, secret, technical
from gateway.usecases.repositories.retention import RetentionClass

_HARDWARE: Final = (RetentionClass.HARDWARE,)
_SUPPORT: Final = (Reader.VIEWER, Reader.ENGINEER)

REGISTRY: Final = {
    "units": TableEntry(
        purpose="which appliances were made, so that only those are activated",
        told="Your appliance's production record: its type, and number and MAC in a form that cannot be read back.",
        retention=_HARDWARE,
        path=Path("unit_id", "devices"),
        columns={
            "unit_id": identifier("name of a produced unit", *_SUPPORT),
            "type_id": technical("type of the appliance", Reader.PERSON, *_SUPPORT),
            "mac_index": identifier("finds a unit by its MAC, keyed digest"),
            "mac_tail": technical("last two characters of the MAC, to compare with the label", *_SUPPORT),
            "machine_code_index": identifier("finds a unit by its machine code, keyed digest"),
            "machine_code_tail": technical("last two characters of the machine code, for the label", *_SUPPORT),
            "fingerprint": technical("digest of the certificate from the factory"),
            "claim_id": identifier("name in the certificate from the factory"),
            "unit_key_sealed": secret("the unit's key where it has no certificate, encrypted"),
            "unit_key_index": secret("finds equal unit keys, keyed digest"),
            "setup_code_index": secret("checks the code on the label, keyed digest"),
            "blocked": technical("why the unit may not be activated", *_SUPPORT),
            "created_at": technical("when it came into the list", *_SUPPORT),
        },
    ),
    "claim_connections": TableEntry(
        purpose="with which factory certificate a unit last connected, to notice a copy of its name",
        told="Which factory certificate your appliance showed when it was set up.",
        retention=_HARDWARE,
        path=Path("claim_id", "units"),
        columns={
            "claim_id": identifier("name in the certificate from the factory"),
            "fingerprint": technical("digest of the certificate that was shown"),
            "seen_at": technical("when it was shown"),
        },
    ),
    "devices": TableEntry(
        purpose="the identity that the gateway gave to a unit",
        told="Your appliance's name at the gateway, its firmware and whether it may work.",
        retention=_HARDWARE,
        path=Path("device_id", "bindings"),
        columns={
            "device_id": identifier("name of an activated appliance", Reader.PERSON, Reader.APPLIANCE, *_SUPPORT),
            "unit_id": identifier("the unit that it is", *_SUPPORT),
            "status": technical("whether it may work", Reader.PERSON, *_SUPPORT),
            "epoch": plain("count of bindings and releases, so that nobody sees another's time", Reader.APPLIANCE),
            "reset_counter": technical("how often it was reset to factory settings", *_SUPPORT),
            "firmware": technical("version of its program", Reader.PERSON, *_SUPPORT),
            "descriptor_version": technical("version of its self-description", *_SUPPORT),
            "connected_serial": technical("certificate of its latest connection"),
            "command_seq": plain("count of commands, for their order"),
            "created_at": technical("when it was first activated", *_SUPPORT),
            "version": plain("guards against writing over a change"),
        },
    ),
    "certificate_keys": TableEntry(
        purpose="which key belongs to which appliance, so that no key serves two",
        told="A digest of your appliance's public key.",
        retention=_HARDWARE,
        path=Path("device_id", "devices"),
        columns={
            "key_digest": technical("digest of a public key"),
            "device_id": identifier("the appliance that holds it"),
        },
    ),
    "certificates": TableEntry(
        purpose="certificates that appliances connect with, from decision to end",
        told="The certificates with which your appliance proves itself to the gateway.",
        retention=_HARDWARE,
        path=Path("device_id", "devices"),
        columns={
            "serial": identifier("serial number", Reader.APPLIANCE, *_SUPPORT),
            "device_id": identifier("whose it is", *_SUPPORT),
            "key_digest": technical("digest of its public key"),
            "status": technical("prepared, issued, confirmed or ended", *_SUPPORT),
            "not_before": technical("first moment", *_SUPPORT),
            "not_after": technical("operational end", *_SUPPORT),
            "x509_not_after": technical("last moment for a renewal", *_SUPPORT),
            "renew_after": technical("when to begin to renew", *_SUPPORT),
            "pem": technical("the certificate, to be sent again after a lost answer", Reader.APPLIANCE),
            "fingerprint": technical("digest of the certificate"),
            "prepared_at": technical("when it was decided", *_SUPPORT),
            "issued_at": technical("when it was signed", *_SUPPORT),
            "confirmed_at": technical("when the appliance was first seen with it", *_SUPPORT),
            "ended_at": technical("when it ended", *_SUPPORT),
            "version": plain("guards against writing over a change"),
        },
    ),
}
