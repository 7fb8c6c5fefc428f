"""circusd, of circus, with the configuration file that is given."""

from __future__ import annotations

import zmq
from circus.circusd import main

print(zmq.__file__, flush=True)
main()
