"""How a send hears that it is to end."""

from __future__ import annotations

import signal
import subprocess
import sys

STOPPED_OFTEN = """
import os, signal, threading
from digest.cli.watching import stoppable
for _ in range(100):
    with stoppable() as stopping:
        threading.Timer(0.005, os.kill, (os.getpid(), signal.SIGTERM)).start()
        while not stopping.is_set():
            stopping.wait(0)
"""


def test_heard_at_every_moment() -> None:
    """A signal that comes while the event is looked at, whose lock is then held, is heard like any other."""
    command = [sys.executable, "-c", STOPPED_OFTEN]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.wait(timeout=60) == 0
        finally:
            process.send_signal(signal.SIGKILL)
