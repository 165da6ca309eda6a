"""Runs one command and tells its exit code, seconds and peak memory; shared by `sweep` and `bench`.

The system counts the memory of whoever starts a process into that process's peak, so a small interpreter stands between.
"""
import json
import os
import subprocess
import sys
import tempfile

BETWEEN = """
import json, os, signal, sys, time
limit, report = float(sys.argv[1]), int(sys.argv[2])
os.set_inheritable(report, False)
started = time.monotonic()
pid = os.posix_spawnp(sys.argv[3], sys.argv[3:], os.environ)
signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
signal.setitimer(signal.ITIMER_REAL, limit)
_, status, usage = os.wait4(pid, 0)
took = time.monotonic() - started
os.write(report, json.dumps([os.waitstatus_to_exitcode(status), took, usage.ru_maxrss]).encode())
"""


def run(command, out=subprocess.DEVNULL, err=subprocess.DEVNULL, limit=600.0, cwd=None):
    """Exit code (negative for a signal, -9 when over the limit), seconds, and peak memory in KiB (from some 9 MiB up)."""
    with tempfile.TemporaryFile() as report:
        between = [sys.executable, "-I", "-S", "-c", BETWEEN, str(limit), str(report.fileno()), *command]
        subprocess.run(
            between, stdin=subprocess.DEVNULL, stdout=out, stderr=err, pass_fds=[report.fileno()], cwd=cwd, check=True
        )
        report.seek(0)
        code, seconds, peak = json.loads(report.read())
    return code, seconds, peak
