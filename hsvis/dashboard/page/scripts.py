"""The page's scripts: ES modules, each under an address that changes with its content.

The page loads one of them, `main.mjs`; all others are imported, by relative names.  An import map leads each
name to the address with the version of its content: so none is loaded twice, a changed one reaches every
browser, and one that did not change is not asked for again.
"""

import hashlib
import json
from base64 import b64encode
from pathlib import Path

import flask
from dash import Dash

ENTRY = "main.mjs"
FOR_A_YEAR = "public, max-age=31536000, immutable"


class Page(Dash):
    """A Dash app whose page starts with the modules of its assets, which start Dash in their turn."""

    def interpolate_index(self, **parts: str) -> str:
        """The page with what its head says of modules; the policy of the answer is told of the import map."""
        versions = self._versions().items()
        addresses = {name: f"{self.get_asset_url(name)}?v={version}" for name, version in versions}
        imports = {self.get_asset_url(name): address for name, address in addresses.items()}
        text = json.dumps({"imports": imports}).replace("<", r"\u003c")
        flask.g.inline_script = hash_of(text)
        entry = addresses.pop(ENTRY, self.get_asset_url(ENTRY))
        lines = [
            f'<script type="importmap">{text}</script>',  # before any module is loaded
            *(f'<link rel="modulepreload" href="{address}">' for address in addresses.values()),
            f'<script type="module" src="{entry}"></script>',
        ]
        return str(super().interpolate_index(**{**parts, "css": "\n".join([parts["css"], *lines])}))

    def _versions(self) -> dict[str, str]:
        """By name, read at each page: whoever changes a script sees it after a reload."""
        folder = Path(self.config.assets_folder)
        return {
            path.relative_to(folder).as_posix(): version_of(path.read_bytes())
            for path in sorted(folder.rglob("*.mjs"))
        }


def version_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def hash_of(script: str) -> str:
    """The source of an inline script, as a content security policy names it."""
    return f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def register(app: Dash) -> None:
    """Lets browsers keep a module that has the version it was asked for by; any other they ask for again."""
    folder = f"{app.config.routes_pathname_prefix}{app.config.assets_url_path.strip('/')}/"
    app.renderer = ""  # main.mjs starts Dash

    @app.server.after_request
    def _(answer: flask.Response) -> flask.Response:
        path = flask.request.path
        if answer.status_code != 200 or not (path.startswith(folder) and path.endswith(".mjs")):
            return answer
        answer.mimetype = "text/javascript"  # whatever this machine says of .mjs: browsers take no other
        answer.direct_passthrough = False
        if flask.request.args.get("v") == version_of(answer.get_data()):
            answer.headers["Cache-Control"] = FOR_A_YEAR
        return answer
