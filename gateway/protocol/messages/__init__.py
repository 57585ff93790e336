"""Every message that travels over MQTT, as a type that holds only what protocol version 1 allows."""

from gateway.protocol.messages.claim import (
    ActivationAccepted,
    ActivationRefused,
    ActivationRequest,
    Endpoint,
    Radio,
    RememberedFailure,
    Retry,
)
from gateway.protocol.messages.down import (
    BindVerdict,
    BusHint,
    Command,
    RenewReply,
    Report,
    UnsignedCommand,
    UnsignedVerdict,
    Welcome,
)
from gateway.protocol.messages.fields import Message, rfc3339
from gateway.protocol.messages.up import (
    BindRequest,
    Button,
    Bye,
    CommandAck,
    EventReport,
    Hello,
    LogReport,
    RenewRequest,
    StateReport,
)

__all__ = [
    "ActivationAccepted",
    "ActivationRefused",
    "ActivationRequest",
    "BindRequest",
    "BindVerdict",
    "BusHint",
    "Button",
    "Bye",
    "Command",
    "CommandAck",
    "Endpoint",
    "EventReport",
    "Hello",
    "LogReport",
    "Message",
    "Radio",
    "RememberedFailure",
    "RenewReply",
    "RenewRequest",
    "Report",
    "Retry",
    "StateReport",
    "UnsignedCommand",
    "UnsignedVerdict",
    "Welcome",
    "rfc3339",
]
