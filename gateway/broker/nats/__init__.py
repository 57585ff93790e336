"""The built-in broker: a supervised NATS server."""
