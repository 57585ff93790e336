"""The running process: one TaskGroup that starts, announces readiness, drains and stops."""
