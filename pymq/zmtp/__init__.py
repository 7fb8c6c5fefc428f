"""ZMTP, the ZeroMQ message transport protocol, as bytes in and bytes out.

Nothing here opens a socket, reads a clock or starts a thread.

- `greeting`: the first 64 octets; `older`: what ZMTP 1.0 and 2.0 have instead
- `frame`: frames, and a decoder for a stream of them
- `command`, `metadata`: the content of the handshake's frames, and of some others
- `socket_types`: which types may talk to each other
- `mechanisms`: NULL, PLAIN, CURVE and GSSAPI; `zap`: asking whether a peer may connect
- `sealing`: frames that only the peer can open; `sodium`, `gss`: the libraries for that
- `handshake`: all of this together, from the first octet to the first message
- `error`: the exception for a peer that breaks the protocol
"""
