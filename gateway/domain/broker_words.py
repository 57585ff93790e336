"""What lines of a broker's log mean: our names for what they say, and the failure that each one shows.

The same name may mean two codes: on the way to activation an appliance has its claim certificate, afterwards its own.
"""

from types import MappingProxyType
from typing import Final

from gateway.domain.failures import Code

TLS_CODES: Final = MappingProxyType(
    {
        "tls_no_client_certificate": Code.TLS_CLIENT_CERT_MISSING,
        "tls_client_certificate_refused": Code.TLS_CLIENT_CERT_INVALID,
        "tls_client_certificate_expired": Code.TLS_CLIENT_CERT_INVALID,
        "tls_server_refused": Code.TLS_SERVER_UNTRUSTED,
        "tls_server_refused_by_clock": Code.TLS_CLOCK,
        "tls_version": Code.TLS_VERSION,
        "tls_reset": Code.TLS_RESET,
        "broker_busy": Code.TLS_BROKER_BUSY,
    }
)
"""Failed handshakes: nobody is known by name, so whatever they are joined to is only probably theirs. `tls_failed`,
whose cause the line does not tell, has no code."""

TLS_WORDS: Final = frozenset({*TLS_CODES, "tls_failed"})

CLAIM_CODES: Final = MappingProxyType(
    {"publish_denied": Code.CLAIM_TOPIC_DENIED, "subscribe_denied": Code.CLAIM_TOPIC_DENIED}
)
DEVICE_CODES: Final = MappingProxyType(
    {
        "publish_denied": Code.OPCONN_ACL_DENIED,
        "subscribe_denied": Code.OPCONN_ACL_DENIED,
        "payload_too_large": Code.FIRST_REJECTED_PAYLOAD,
    }
)
