"""Helpers that programs import by name, as pyzmq has them."""
