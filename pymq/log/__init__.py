"""Log records over ZeroMQ (pyzmq's API)."""
