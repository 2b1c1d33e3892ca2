"""The whole page under a path of a proxy, from the server of a team."""

from urllib.parse import urlsplit

from pages import PAUSE, at_address, select, watched
from profiles import Profile
from team import team

from hsvis.run.store import StateStore

PREFIX = "/team/hsvis/"


def test_the_page_lives_under_a_prefix(profile: Profile, demo_store: StateStore) -> None:
    with team("--prefix", "team/hsvis", health=f"{PREFIX}health") as server:
        page = profile().new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.set_default_timeout(PAUSE)
        origin = f"http://127.0.0.1:{server.port}"
        opened = at_address(watched(page), f"{origin}{PREFIX}")
        select(opened, 3)
        page.wait_for_function("() => location.search.includes('sequence=3')")
        opened.settle()
        assert urlsplit(page.url).path == PREFIX
        at_address(opened, page.url)  # the address alone brings it back
        opened.shows(3)
        page.hover("#token-strip [data-step='1']")
        opened.settle()
        asked = {urlsplit(one).path for one in opened.requests if one.startswith(origin)}
        assert [path for path in asked if not path.startswith(PREFIX)] == []
        for part in ("cloud/", "pick/", "assets/", "_dash-update-component"):
            assert any(path.startswith(PREFIX + part) for path in asked), part
        assert opened.errors == []
