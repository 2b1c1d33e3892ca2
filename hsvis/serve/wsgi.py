"""The WSGI application of built runs, for servers other than hsvis's own."""

from collections.abc import Sequence
from pathlib import Path

import flask

from hsvis import paths
from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.offers import offers, open_offers
from hsvis.catalogue.watch import Watch
from hsvis.dashboard.app import create_app
from hsvis.dashboard.routes.health import READERS
from hsvis.notes import NOTES, Notes
from hsvis.progress import silent
from hsvis.serve import who_may
from hsvis.web.log import RequestLog


def create_server(
    configs: str | Sequence[str],
    *,
    overrides: Sequence[str] = (),
    open_to_all: bool = False,
    trust_proxy_user: str = "",
    proxy_secret_file: str = "",
    allow_hosts: Sequence[str] = (),
    allow_save: bool = False,
    prefix: str = "/",
    log_format: str = "json",
    trust_proxy: int = 0,
    metrics: str = READERS[0],
) -> flask.Flask:
    """The WSGI application of what is built of these configs; it builds nothing, neither at once nor later.

    For servers of one process with threads, such as `gunicorn --threads 8
    'hsvis.dashboard:create_server("configs/")'`: each process has caches of its own.

    Args:
        configs: a YAML file or a folder of them, or several.
        overrides: `KEY=VALUE` each, as `--set`.
        log_format: "json" or "text", of a line on standard error for each request.
        open_to_all, trust_proxy_user: who gets in: everybody, or whom a proxy of this machine names in that
            header; else those who were added with `hsvis users add`.
        proxy_secret_file: its first line is what that proxy has to send in X-Hsvis-Proxy.
        allow_hosts: names that it may be asked by, beside addresses and `localhost`; any where none is given.
        allow_save: notes and named filters can be saved.
        prefix, trust_proxy, metrics: as `hsvis.dashboard.create_app`.

    Raises:
        ConfigError: a config can't be read, or nothing is built.
        UsersError: nobody was added yet.
        ServerError: debugging is switched on, or another argument makes no sense.
    """
    request_log = RequestLog(log_format)
    who_may.check_no_debugging()
    access = who_may.access_of_arguments(
        open_to_all=open_to_all,
        header=trust_proxy_user,
        save=allow_save,
        hosts=allow_hosts,
        secret_file=Path(proxy_secret_file) if proxy_secret_file else None,
    )
    named = [configs] if isinstance(configs, str) else configs
    offered = offers(named, overrides)
    builds = Builds(offered, allowed=False)
    watch = Watch(builds, named, overrides)
    app = create_app(
        open_offers(offered, silent, request_log.say, building=False),
        builds=builds,
        access=access,
        notes=Notes(paths.data_folder() / NOTES),
        prefix=prefix,
        log=request_log,
        trust_proxy=trust_proxy,
        metrics=metrics,
    )
    watch.start()
    return app.server
