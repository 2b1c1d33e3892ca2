"""Building runs and computing projections from the page, and choosing them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pages import PAUSE, Opened, at_address, watched
from playwright.sync_api import expect
from profiles import Profile
from server import serving

from hsvis.build.pipeline import build
from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.offers import offers, open_offers
from hsvis.config import load_config
from hsvis.dashboard import create_app
from hsvis.progress import silent

Visit = Callable[..., Opened]


def write_config(folder: Path, name: str, epochs: int = 1) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(
        f"name: {name}\ndataset: {{path: demo, limit: 6}}\n"
        f"model: {{embedding: 4, hidden: 6, epochs: {epochs}}}\nprojections: [{{method: pca}}]\n",
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="module")
def alpha(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with one tiny run, for tests to copy."""
    folder = tmp_path_factory.mktemp("building")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        build(load_config(write_config(folder, "alpha")))
    return folder / "cache"


@pytest.fixture
def configs(alpha: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one built config, one that is not, one that takes for ever and a broken one."""
    shutil.copytree(alpha, tmp_path / "cache")
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "configs"
    folder.mkdir()
    write_config(folder, "alpha")
    write_config(folder, "beta")
    write_config(folder, "slow", epochs=100_000)
    (folder / "broken.yaml").write_text("name: broken\ndatset: {path: demo}\n")
    return folder


@pytest.fixture
def serve(configs: Path, profile: Profile) -> Iterator[Visit]:
    """Serves the folder and opens a page of it: `serve("?run=beta", allowed=False)`."""
    ends = ExitStack()

    def served(query: str = "", allowed: bool = True, theme: str = "light") -> Opened:
        offered = offers([str(configs)])
        builds = ends.enter_context(Builds(offered, allowed=allowed))
        stores = open_offers(offered, silent, lambda line: None, building=allowed)
        running = ends.enter_context(serving(stores, create_app(stores, builds=builds)))
        page = profile(theme).new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.set_default_timeout(3 * PAUSE)
        return at_address(watched(page), f"{running.address}{query}")

    with ends:
        yield served


def line(opened: Opened, key: str) -> str:
    return f"#run-list li[data-key='{key}']"


def open_dialog(opened: Opened) -> None:
    opened.page.click("#show-runs")
    opened.page.wait_for_selector("#run-list li")


def options(opened: Opened, menu: str) -> list[str]:
    return opened.page.evaluate(
        "(menu) => dash_component_api.getLayout(menu).props.options.map((one) => one.label)", menu
    )


def chosen(opened: Opened, menu: str) -> str:
    return opened.page.locator(f"#{menu}").inner_text().strip()


def test_a_run_is_built_from_the_page_and_chosen_while_a_sequence_stays_selected(serve: Visit) -> None:
    one = serve()
    one.row(2)
    one.shows(2)
    assert options(one, "run-select") == ["alpha", "beta · not built", "slow · not built"]
    open_dialog(one)
    broken = one.page.locator(line(one, "run broken.yaml"))
    expect(broken).to_contain_text("Did you mean `dataset`?")
    expect(broken.locator("button")).to_have_count(0)
    beta = one.page.locator(line(one, "run beta"))
    expect(beta).to_contain_text("not built")
    beta.get_by_role("button", name="Build beta").click()
    expect(beta.get_by_role("progressbar")).to_be_visible()
    expect(beta.locator(".run-progress")).to_contain_text("·")
    expect(one.page.locator("#show-runs")).to_have_attribute("data-busy", "true")
    one.page.keyboard.press("Escape")  # closes the dialog, and lets nothing go
    expect(one.page.locator("#runs")).not_to_be_visible()
    one.row(3)  # the page can be used meanwhile
    one.shows(3)
    expect(one.page.locator("#notice")).to_contain_text("The run “beta” is built", timeout=3 * PAUSE)
    expect(one.page.locator("#show-runs")).to_have_attribute("data-busy", "false")
    one.shows(3)
    assert options(one, "run-select") == ["alpha", "beta", "slow · not built"]
    open_dialog(one)
    one.page.get_by_role("button", name="Open beta").click()
    one.wait_until("() => hsvis.steps.meta().run === 'beta'")
    one.settle()
    assert one.image_is_shown("beta")
    assert one.errors == []


def test_an_idle_page_asks_the_server_nothing(serve: Visit) -> None:
    one = serve()
    one.page.wait_for_timeout(1500)
    assert one.asked("/builds?") == []
    open_dialog(one)
    one.page.click("#close-runs")
    one.page.wait_for_timeout(1200)
    before = len(one.asked("/builds?"))
    one.page.wait_for_timeout(1500)
    assert before <= 2
    assert len(one.asked("/builds?")) == before


def test_a_build_is_cancelled_by_keyboard_and_the_focus_stays_in_its_line(serve: Visit) -> None:
    one = serve()
    open_dialog(one)
    slow = one.page.locator(line(one, "run slow"))
    slow.get_by_role("button", name="Build slow").focus()
    one.page.keyboard.press("Enter")
    expect(slow.get_by_role("progressbar")).to_be_visible()
    expect(slow.get_by_role("button", name="Cancel slow")).to_be_focused()
    other = one.page.context.new_page()  # a page that is opened meanwhile sees it too
    other.goto(one.page.url)
    expect(other.locator("#show-runs")).to_contain_text("Runs: training", timeout=PAUSE)
    other.close()
    one.page.keyboard.press("Enter")
    expect(slow).to_contain_text("cancelled; what is whole is kept")
    expect(slow.get_by_role("button", name="Build slow")).to_be_focused()
    one.page.keyboard.press("?")  # the page's own keys rest while a dialog is open
    expect(one.page.locator("#keys")).not_to_be_visible()
    assert one.errors == []


@pytest.mark.parametrize(
    ("method", "label", "drawn"), [("pca", "PCA, seed 5", "PCA"), ("tsne", "t-SNE, perplexity 4", "t-SNE")]
)
def test_a_projection_is_computed_from_the_page_and_shown(
    serve: Visit, method: str, label: str, drawn: str
) -> None:
    one = serve("?sequence=1")
    one.shows(1)
    before = one.asked("/cloud/alpha/")
    cloud = one.page.evaluate("hsvis.steps.meta().cloud")
    open_dialog(one)
    one.page.select_option("#new-projection [name=method]", method)
    perplexity = one.page.locator("#new-projection [name=perplexity]")
    assert perplexity.is_disabled() == (method == "pca")
    if method == "tsne":
        perplexity.fill("4")
    one.page.fill("#new-projection [name=seed]", "5")
    one.page.get_by_role("button", name="Compute").click()
    expect(one.page.locator("#projection-info")).to_contain_text(drawn, timeout=3 * PAUSE)
    one.wait_until(f"() => document.getElementById('projection-select').textContent.includes({label!r})")
    expect(one.page.locator("#new-projection [role=status]")).to_contain_text("is shown")
    one.page.click("#close-runs")
    one.wait_until(f"() => hsvis.steps.meta().cloud !== {cloud!r}")
    one.settle()
    one.shows(1)  # the selection stays
    assert options(one, "projection-select") == ["PCA", label]
    after = [address for address in one.asked("/cloud/alpha/") if address not in before]
    assert f"/{method}-" in after[-1]
    assert one.image_is_shown("alpha")
    assert one.errors == []


def test_a_projection_that_makes_no_sense_is_refused_in_words(serve: Visit) -> None:
    one = serve()
    open_dialog(one)
    one.page.evaluate("document.querySelector('#new-projection form').noValidate = true")
    one.page.fill("#new-projection [name=perplexity]", "100000")
    one.page.get_by_role("button", name="Compute").click()
    expect(one.page.locator("#new-projection [role=status]")).to_contain_text("it can be 1 to")
    expect(one.page.locator("#run-list li")).to_have_count(4)


def test_an_address_of_a_run_that_is_not_built_says_so(serve: Visit) -> None:
    one = serve("?run=beta&layer=rnn.0&projection=pca-123")
    notice = one.page.locator("#notice")
    expect(notice).to_contain_text("The run “beta” is not built yet; it can be built under “Runs…”.")
    assert "(any more)" not in notice.inner_text()
    assert one.figure("projection", "gd.layout.meta.run") == "alpha"


def test_with_building_off_the_dialog_says_how_to_build(serve: Visit) -> None:
    one = serve("?run=beta", allowed=False)
    expect(one.page.locator("#notice")).to_contain_text("is not built yet; “Runs…” says how it can be.")
    open_dialog(one)
    beta = one.page.locator(line(one, "run beta"))
    expect(beta).to_contain_text("hsvis build beta.yaml")
    expect(one.page.locator("#run-list button")).to_have_count(0)
    expect(one.page.locator("#new-projection form")).not_to_be_visible()
    expect(one.page.locator("#new-projection")).to_contain_text("switched off")
    assert one.errors == []
