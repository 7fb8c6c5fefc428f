"""The programs that a measurement runs, one process for each side.

They are started as scripts, on whatever interpreter is measured, so they import each
other by plain names and nothing else of `bench`.
"""
