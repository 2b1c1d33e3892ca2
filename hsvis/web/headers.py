"""What every answer tells the browser to refuse: scripts, frames and requests that are not the page's own."""

import flask
from dash import Dash

# Dash, Plotly and AG Grid set styles from scripts; figures become files by way of data: and blob:
POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data: blob:",
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def register(app: Dash) -> None:
    """Adds them to every answer of the app's server; after all callbacks, whose scripts it lets pass."""
    policy = "; ".join(f"{what} {allowed}" for what, allowed in POLICY.items())
    scripts = " ".join(["script-src 'self'", *app.csp_hashes()])

    @app.server.after_request
    def _(answer: flask.Response) -> flask.Response:
        for name, value in FIXED.items():
            answer.headers.setdefault(name, value)
        own = flask.g.get("inline_script", "")  # of this answer: the import map
        answer.headers["Content-Security-Policy"] = f"{policy}; {scripts} {own}".rstrip()
        if answer.mimetype == "text/html":
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer
