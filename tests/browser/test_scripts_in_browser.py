"""Each module is loaded once; a browser gets what changed, and takes the rest from its cache."""

import shutil
from pathlib import Path

import flask
from pages import PAUSE, at_address, watched
from profiles import Profile, forget_files
from server import serving

from hsvis import paths
from hsvis.dashboard import create_app
from hsvis.run.store import StateStore


def test_a_change_of_one_module_is_all_that_a_reload_asks_for(
    profile: Profile, demo_store: StateStore, tmp_path: Path
) -> None:
    assets = Path(shutil.copytree(paths.assets_folder(), tmp_path / "assets"))
    names = sorted(f"/assets/{path.relative_to(assets).as_posix()}" for path in assets.rglob("*.mjs"))
    app = create_app([demo_store], assets=assets)
    asked: list[str] = []

    @app.server.before_request
    def _() -> None:
        if flask.request.path.endswith(".mjs"):
            asked.append(flask.request.path)

    with serving([demo_store], app) as served:
        context = profile()
        page = context.new_page()
        page.set_default_timeout(PAUSE)
        forget_files(context)
        opened = at_address(watched(page), served.address)
        assert sorted(asked) == names, "each once: none is loaded under two addresses"

        asked.clear()
        at_address(opened, served.address)
        assert asked == []

        changed = assets / "core" / "steps.mjs"
        source = changed.read_text(encoding="utf-8")
        changed.write_text(
            source.replace("export const index =", "export const isNew = () => true;\nexport const index =")
        )
        at_address(opened, served.address)
        assert asked == ["/assets/core/steps.mjs"]
        assert page.evaluate("hsvis.steps.isNew()")
        assert opened.errors == []
