"""ZMTP, the ZeroMQ message transport protocol, as bytes in and bytes out.

Nothing here opens a socket, reads a clock or starts a thread.

- `greeting`: the 64 octets that come first; `older`: what ZMTP 1.0 and 2.0 have instead
- `frame`: frames, and a decoder for the stream of them
- `command`, `metadata`: what frames of the handshake, and some of the traffic, hold
- `socket_types`: which talk to which
- `mechanisms`: NULL, PLAIN, CURVE and GSSAPI; `zap`: asking whether a peer may come in
- `sealing`: frames that only the peer can open; `sodium`, `gss`: the libraries for that
- `handshake`: all of these, from the connection to the first message
- `error`: what a peer broke
"""
