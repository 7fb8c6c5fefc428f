"""The benchmark of pymq: peers side by side, in one run, in separate processes.

In a checkout this is the folder ``bench/``; it is also the package `pymq.bench`.
"""
