"""`python -m benchmarks [NAME …] [--smoke] [--data FOLDER]`."""

import argparse
import os
from pathlib import Path

from benchmarks import (
    accuracy,
    extraction,
    flips,
    growth,
    interaction,
    lassos,
    load,
    memory,
    neighbours,
    opening,
    own_model,
    palettes,
    placing,
    projections,
    reading,
    servers,
    start,
    statistics,
    tsne,
    whole,
    worst,
)

ALL = {
    "start": start.run,
    "interaction": interaction.run,
    "extraction": extraction.run,
    "own-model": own_model.run,
    "tsne": tsne.run,
    "projections": projections.run,
    "placing": placing.run,
    "reading": reading.run,
    "growth": growth.run,
    "neighbours": neighbours.run,
    "lassos": lassos.run,
    "load": load.run,
    "servers": servers.run,
    "worst": worst.run,
    "memory": memory.run,
    "statistics": statistics.run,
    "opening": opening.run,
    "flips": flips.run,
    "whole": whole.run,
    "accuracy": accuracy.run,
    "palettes": palettes.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", choices=[[], *ALL], help="which ones; all without a name")
    parser.add_argument("--smoke", action="store_true", help="small sizes: does it work at all?")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("HSVIS_TEST_DATA") or "../shared/data"),
        help="folder of imdb/ and reuters/ with train.parquet and test.parquet (default: %(default)s)",
    )
    given = parser.parse_args()
    for name in given.name or ALL:
        print(f"\n## {name}", flush=True)
        ALL[name](smoke=given.smoke, data=given.data)


if __name__ == "__main__":
    main()
