"""Makes the pictures of README.md: `python docs/screenshots.py [FOLDER]`, with a Chromium on the PATH.

Builds the demo where it is missing, serves it, and photographs the page as a visitor sees it.
"""

import sys
import threading
from pathlib import Path

from werkzeug.serving import make_server

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.chromium import launched, wait_until_drawn
from hsvis.config import load_config
from hsvis.dashboard import create_app
from hsvis.pipeline import build
from hsvis.progress import ConsoleProgress

SEQUENCE = 49  # a negative review that the actress's name turns positive


def main(folder: Path) -> None:
    store = build(load_config("demo"), ConsoleProgress())
    server = make_server("127.0.0.1", 0, create_app([store]).server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
            page.goto(f"http://127.0.0.1:{server.port}/")
            wait_until_drawn(page)
            page.evaluate(
                f"document.querySelector('#sequence-table .ag-body-viewport').scrollTop = 28 * {SEQUENCE - 8}"
            )
            page.click(f"#sequence-table .ag-row[row-id='{SEQUENCE}'] .ag-cell")
            page.wait_for_selector("#token-strip [data-step='1']")
            page.wait_for_function("window.hsvis.cloud.isSettled()")
            page.screenshot(path=folder / f"demo-{scheme}.png")
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("images"))
