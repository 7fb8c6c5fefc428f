"""Random programs of socket calls, which every implementation must answer alike.

A program (`programs.py`) is run by an implementation (`interpreter.py`), which gives a
transcript: what each call returned or raised, and what EVENTS then were.  Programs over
tcp and ipc (`network_programs.py`, `network.py`) wait for what a call must lead to, of
which `ties.py` keeps account.  Where libzmq
is known to be at fault, or is left on purpose, `differences.py` leaves the call out.
The oracle runs in a process of its own (`worker.py`), for libzmq may abort it.
"""
