"""Mosquitto: configuration rendered from the access description, and a supervised local one."""
