"""ZMTP, the ZeroMQ message transport protocol, as bytes in and bytes out.

Nothing here opens a socket, reads a clock or starts a thread.

- `greeting`: the 64 octets that come first
- `frame`: frames, and a decoder for the stream of them
- `command`, `metadata`: what frames of the handshake, and some of the traffic, hold
- `mechanisms`: NULL, and the seam for others
- `handshake`: all of these, from the connection to the first message
"""
