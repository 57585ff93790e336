"""A store of persons' keys for tests: the real one, in memory or at an address."""

from functools import partial

from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.keys import KeyRing
from gateway.security.sealing import AesGcmSealer, new_sealing_key
from gateway.storage.person_keys import KeyMaking, SqlPersonKeys, person_engine_for
from gateway.usecases.services import IndexedField


def persons_in_memory(keys: KeyRing) -> SqlPersonKeys:
    """A store that is gone when it is closed."""
    return persons_at("sqlite://", keys)


def persons_at(url: str, keys: KeyRing, identity: bytes = b"store") -> SqlPersonKeys:
    """The store at an address, made where it is not there yet."""
    indexes = HmacBlindIndexes(keys)
    opened = SqlPersonKeys(
        person_engine_for(url),
        KeyMaking(
            index=partial(indexes.index, IndexedField.PERSON),
            wrapping=AesGcmSealer(keys.wrapping_key),
            new_key=new_sealing_key,
            sealer_of=AesGcmSealer,
        ),
    )
    opened.prepare(identity)
    return opened
