"""Runs tests in a copy of the tree, in a process forked for each run: torch and pytest are loaded once.

As a script: each line of standard input is a JSON array of test files; the answer is a line of JSON,
`{"failed": NAME OF THE FIRST TEST OR "", "status": EXIT STATUS OR -SIGNAL}`.
"""

import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import time

LOADED = (
    "torch", "openTSNE", "sklearn.cluster", "sklearn.decomposition", "scipy.cluster.hierarchy", "pandas",
    "pyarrow.parquet", "datasets", "dash", "plotly.graph_objects", "hypothesis", "pytest", "PIL.Image",
)  # fmt: skip
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not browser and not real_data")


def main() -> None:
    processor, wall = (float(one) for one in sys.argv[1:])  # seconds a run may take
    sys.path.insert(0, os.getcwd())
    with contextlib.suppress(ImportError):
        for name in LOADED:
            importlib.import_module(name)
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (int(processor), int(processor) + 5))
            signal.alarm(int(wall))
            _run(json.loads(line), write)
        os.close(write)
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(ProcessLookupError):  # what its tests have left
            os.killpg(child, signal.SIGKILL)
        with os.fdopen(read) as told:
            failed = told.read()
        print(json.dumps({"failed": failed, "status": os.waitstatus_to_exitcode(status)}), flush=True)


def _run(tests: list[str], told: int) -> None:
    import pytest  # noqa: PLC0415  (only a run needs it)

    class First:
        """Tells the name of the first test that fails, or of the file that can't be loaded."""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                os.write(told, report.nodeid.encode())

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                os.write(told, report.nodeid.encode())

    silence = os.open(f"output-{time.time_ns() % 8}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    status = 3
    try:
        status = int(pytest.main([*tests, *OPTIONS, "--basetemp", os.path.abspath("temporary")], [First()]))
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
