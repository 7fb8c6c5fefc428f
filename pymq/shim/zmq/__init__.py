"""What ``import zmq`` finds where ``pymq run`` has put this folder on PYTHONPATH.

A child may be another Python, which has no pymq: it gets the zmq that it would have
had without this folder.
"""

import sys
from importlib import import_module
from os.path import abspath, dirname

del sys.modules[__name__]  # importlib returns what stands there at the end
try:
    from pymq.dropin import install_as_zmq
except ImportError:
    _here = dirname(dirname(abspath(__file__)))
    sys.path[:] = [entry for entry in sys.path if abspath(entry) != _here]
    import_module(__name__)
else:
    install_as_zmq()
