"""The phone's half of location automation: it decides where it is, and tells home, near or away. A reference."""
