"""Messages in and out of a broker: one port, two implementations."""
