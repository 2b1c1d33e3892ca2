"""A process that forks one build for each line it reads, so that builds can be killed at any moment.

Run as a script: each line of standard input is `CACHE SECONDS CHANGE`; the build in CACHE is killed with
SIGKILL after SECONDS (0: never), or right before its CHANGE-th change of a file in CACHE (0: never).  Its
exit status, its duration and the number of changes are printed.  Python and torch are loaded once.
"""

import mmap
import os
import select
import signal
import struct
import sys
import threading
import time
from typing import Any

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate")


def count_changes(folder: str, last: int, counter: mmap.mmap) -> None:
    """Counts changes of files in a folder from now on, and ends this process right before one of them."""
    lock = threading.Lock()

    def changes(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            path, mode, flags = arguments
            return folder in str(path) and bool((flags or 0) & os.O_CREAT or set(mode or "") & set("wax+"))
        return event in CHANGES and any(folder in os.fsdecode(one) for one in arguments if _is_path(one))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not changes(event, arguments):
            return
        with lock:
            count = struct.unpack("q", counter[:])[0] + 1
            counter[:] = struct.pack("q", count)
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _is_path(argument: object) -> bool:
    return isinstance(argument, (str, bytes, os.PathLike))


def main() -> None:
    import openTSNE  # noqa: F401  (loaded before the fork)
    import sklearn.cluster
    import sklearn.decomposition  # noqa: F401
    import torch  # noqa: F401

    from hsvis.build import parts, pipeline, projecting  # noqa: F401
    from hsvis.config import load_config
    from hsvis.models.builtin import checkpoint, text_model, training  # noqa: F401

    config = load_config("demo", sys.argv[1:])
    counter = mmap.mmap(-1, 8)  # shared with the children
    for line in sys.stdin:
        folder, seconds, change = line.rsplit(maxsplit=2)
        os.environ["HSVIS_CACHE"] = folder
        counter[:] = bytes(8)
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            try:
                count_changes(folder, int(change), counter)
                pipeline.build(config)
                os._exit(0)
            except BaseException as error:  # the parent must hear of it
                print(repr(error), file=sys.stderr)
                os._exit(1)
        if float(seconds):
            select.select([], [], [], float(seconds))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        duration, count = time.perf_counter() - began, struct.unpack("q", counter[:])[0]
        print(os.waitstatus_to_exitcode(status), duration, count, flush=True)


if __name__ == "__main__":
    main()
