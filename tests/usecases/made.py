"""One appliance for use cases: what the factory made, and whatever its firmware says."""

import hmac
from dataclasses import dataclass, field
from typing import Any

from device_sim.keys import certificate_request, new_key
from gateway.domain.identity import ClaimId, DeviceId, UnitId
from gateway.protocol.signing import proof_bytes


@dataclass
class Made:
    """One appliance as the factory made it, with whatever its firmware says."""

    unit_id: UnitId
    claim_id: ClaimId
    fingerprint: bytes
    key: str = field(repr=False)
    """PEM of its operational key."""
    unit_key: bytes | None = field(repr=False)
    says: dict[str, Any] = field(repr=False)
    device_id: DeviceId | None = None
    serial: str | None = None
    requests: int = 0

    def request(self, **changes: Any) -> dict[str, Any]:
        """An activation request as it travels; `None` leaves a field out."""
        self.requests += 1
        fields = {
            "request_id": f"request-{self.requests}",
            **self.says,
            "csr": certificate_request(self.key, "whatever"),
            **changes,
        }
        fields = {name: value for name, value in fields.items() if value is not None}
        if self.unit_key is not None and "proof" not in changes:
            fields["proof"] = hmac.new(self.unit_key, proof_bytes(fields), "sha256").hexdigest()
        return fields

    def new_key(self) -> None:
        """As after a factory reset."""
        self.key = new_key()
