"""A process that forks one build for each line it reads, so that builds can be killed at any moment.

Run as a script: each line of standard input is `CACHE SECONDS`; the build in CACHE is killed with SIGKILL
after SECONDS (0: never) and its exit status and duration are printed.  Python and torch are loaded once.
"""

import os
import select
import signal
import sys
import time


def main() -> None:
    import openTSNE  # noqa: F401  (loaded before the fork)
    import torch  # noqa: F401

    from hsvis.build import parts, pipeline, projecting  # noqa: F401
    from hsvis.config import load_config
    from hsvis.models.builtin import checkpoint, text_model, training  # noqa: F401

    config = load_config("demo", sys.argv[1:])
    for line in sys.stdin:
        folder, seconds = line.rsplit(maxsplit=1)
        os.environ["HSVIS_CACHE"] = folder
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            try:
                pipeline.build(config)
                os._exit(0)
            except BaseException as error:  # the parent must hear of it
                print(repr(error), file=sys.stderr)
                os._exit(1)
        if float(seconds):
            select.select([], [], [], float(seconds))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
