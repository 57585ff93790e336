"""Runs or renders a broker, decides and ends connections, and proves its rules at start."""
