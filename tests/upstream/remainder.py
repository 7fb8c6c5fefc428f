"""Tests of pyzmq that do not pass on pymq, and why: ``docs/compatibility.md`` says the
same.  A test that is not here must have the outcome that it has on pyzmq."""

from __future__ import annotations

REFERENCES = (
    "counts references that pyzmq's Cython objects hold, and looks for them in "
    "`zmq.utils.garbage.gc.refs`; pymq's frames hold one, and need no collector"
)
EXPORT = (
    "without the C core no class can lend a buffer before Python 3.12: "
    "`memoryview(frame)` is an error there, `frame.buffer` is not"
)
LIBRARY = "there is no libzmq, so the folder is pymq's, and not called zmq"

#: On every implementation.
ALWAYS = {
    "test_includes.py::TestIncludes::test_get_library_dirs": LIBRARY,
    "test_message.py::TestFrame::test_above_30": REFERENCES,
    "test_message.py::TestFrame::test_lifecycle1": REFERENCES,
    "test_message.py::TestFrame::test_lifecycle2": REFERENCES,
}

#: Without the C core, on CPython before 3.12.
WITHOUT_CORE = {
    "test_message.py::TestFrame::test_buffer_numpy": EXPORT,
    "test_message.py::TestFrame::test_memoryview_shape": EXPORT,
    "test_message.py::TestFrame::test_noncopying_memoryview": EXPORT,
}

#: Left out everywhere: on pyzmq, too, it waits for a message that it may have published
#: before its subscription was there, and takes the other tests of logging along.
RACES = "test_log.py::TestPubLog::test_blank_root_topic"
