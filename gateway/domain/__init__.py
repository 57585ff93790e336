"""Rules of the domain: pure functions over frozen states. Standard library only, no clock, no I/O."""
