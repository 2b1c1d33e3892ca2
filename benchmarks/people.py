"""What people do with the dashboard, for locust, which `benchmarks.load` starts."""

import json
import os
import random
from urllib.parse import quote

from locust import FastHttpUser, between, task

from benchmarks.asking import Page

PAGE = Page.told(os.environ["HSVIS_LOAD_PAGE"])
WORDS = ("great", "terrible", "actor", "plot", "not")
SORTS = ("", "confidence:desc", "length:asc", "correct:asc,confidence:desc")


class Person(FastHttpUser):
    """Looks at something, thinks, and looks at something else."""

    wait_time = between(1, 5)

    def on_start(self) -> None:
        for path in ("", "_dash-layout", "_dash-dependencies"):
            self.client.get(self._at(path), name="page")
        self._look("", 1.0)

    @task(6)
    def select(self) -> None:
        body = PAGE.selection(random.randrange(PAGE.sequences))
        headers = {"Content-Type": "application/json"}
        self.client.post(self._at("_dash-update-component"), data=body, headers=headers, name="selection")

    @task(6)
    def point(self) -> None:
        for _ in range(3):
            row = random.randrange(PAGE.states)
            self.client.get(self._at(f"state/{PAGE.run}/{row}"), name="state under the pointer")

    @task(3)
    def zoom(self) -> None:
        self._look("", random.choice((1.0, 2.0, 4.0, 8.0)))

    @task(1)
    def filter(self) -> None:
        given = quote(json.dumps({"search": random.choice(WORDS)}))
        self.client.get(self._at(f"sequences/{PAGE.cloud}?filter={given}"), name="filter")
        self._look(f"&filter={given}", 1.0)

    @task(2)
    def turn_pages(self) -> None:
        start = 100 * random.randrange(max(1, PAGE.sequences // 100))
        query = f"start={start}&end={start + 100}&sort={random.choice(SORTS)}"
        self.client.get(self._at(f"rows/{PAGE.cloud}?{query}"), name="page of the table")

    def _look(self, query: str, zoom: float) -> None:
        asked = PAGE.window(zoom, random.random(), random.random()) + query
        self.client.get(self._at(f"cloud/{PAGE.cloud}.png?{asked}"), name="image")
        self.client.get(self._at(f"pick/{PAGE.cloud}.bin?{asked}"), name="pick grid")

    def _at(self, path: str) -> str:
        return f"{PAGE.prefix}{path}"
