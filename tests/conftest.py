"""The built site, served on this machine, and a browser to open it in; shared by several tests."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chromium
import proven
import pytest
from figure_pages import Shower, page_of
from filelock import FileLock
from hypothesis import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from book import site
from book.extensions.npm import ensure_node_modules
from book.figures import Figure

# The proof is the same each time; `pytest --hypothesis-profile=default` draws new examples.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

# Files whose tests share nothing that is slow to make: they may go to any worker, one by one, after
# all others and in this order, so that the shortest keep all workers busy until the end.
APART = (
    "test_site.py",
    "test_figures.py",
    "test_sandbox.py",
    "test_grading_corpus.py",
    "test_exercises.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Have what passed remembered, and Ctrl-C heard.

    A shell has what it runs in the background ignore it, and so would all that tests start.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.pluginmanager.register(proven.Proven(config.cache), "proven")


@pytest.fixture
def unless_proven(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`unless_proven(files)` ends a test that passed before if these files are what they were."""
    remembered = request.config.pluginmanager.get_plugin("proven")
    return lambda *about: remembered.unless_proven(request.node, *about)


class KeepTogether(LoadScopeScheduling):
    """The tests of a file go to one worker, except those of the files above."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return nodeid if Path(file).name in APART else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> KeepTogether:
    """Divide the tests; the mark `xdist_group` would say it, but pytest 9.2 does not see it."""
    return KeepTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what may go to any worker last."""
    place = {name: i for i, name in enumerate(APART, start=1)}
    items.sort(key=lambda item: place.get(item.path.name, 0))


@dataclass
class Opened:
    """A page in the browser, and what it asked for and complained of since it was opened."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Opener = Callable[..., Opened]


@pytest.fixture(scope="session")
def node_packages() -> None:
    """Have axe-core and Lighthouse there; one process fetches them, the others wait."""
    site.SITE.parent.mkdir(exist_ok=True)
    with FileLock(site.SITE.parent / "site.lock"):
        ensure_node_modules(testing=True)


@pytest.fixture(scope="session")
def built_site(node_packages: None) -> Path:
    """Build the site as `python -m book site` does; a warning fails it.

    When tests run in several processes, the first builds and the others wait for it.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
    built_by = site.SITE.parent / "built-by-test-run"
    with FileLock(site.SITE.parent / "site.lock"):
        if not run or not built_by.exists() or built_by.read_text() != run:
            assert site.build() == 0, "the strict build failed; its warnings stand above"
            built_by.write_text(run)
    return site.SITE


@pytest.fixture(scope="session")
def site_url(built_site: Path) -> Iterator[str]:
    """Serve the built site; the address ends in a slash."""
    with site.server(port=0) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}/"
        web.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once for all tests."""
    where = chromium.program()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=where, args=chromium.FLAGS)
        yield started
        started.close()


class Tab:
    """One page of the browser, used again and again: to start another costs a second of work."""

    def __init__(self, browser: Browser, **context: Any) -> None:
        self.page = browser.new_context(**context).new_page()
        self.opened = Opened(self.page)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.opened.errors.append(str(error)))
        self.page.on("requestfailed", lambda request: self.opened.errors.append(request.url))
        self.page.on("request", lambda request: self.opened.requests.append(request.url))

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.opened.errors.append(said.text)

    def blank(self, width: int, height: int, scheme: str, motion: str) -> Opened:
        """Leave what was open, and forget it."""
        if self.page.url.startswith("http"):
            self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto("about:blank")  # even from there: what set_content wrote leaves its names
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme, reduced_motion=motion)
        self.opened = Opened(self.page)
        return self.opened


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Tab:
    """The page in which everything is opened, one thing after another."""
    return Tab(browser)


def start_figures(page: Page) -> None:
    """Have all figures start, as before printing, and wait until they have."""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(
        "[...document.querySelectorAll('.figure-box')].every(box => box.childNodes.length)"
    )


@pytest.fixture
def browser_page(tab: Tab) -> Opener:
    """Open addresses: `browser_page(url, width=1440, scheme="light")` returns an `Opened`.

    Its page is loaded, its figures have started, and motion is reduced, so nothing fades in.
    The next one takes its place.
    """

    def open_page(url: str, width: int = 1440, height: int = 900, scheme: str = "light") -> Opened:
        opened = tab.blank(width, height, scheme, "reduce")
        opened.page.goto(url, wait_until="load")
        start_figures(opened.page)
        return opened

    return open_page


@pytest.fixture
def show(tab: Tab) -> Iterator[Shower]:
    """Open figures on a bare page: `show(figures, width=1000)`; an error in the console fails.

    The next ones take their place.
    """
    shown = []

    def open_page(figures: list[Figure], width: int = 1000, **colours: str) -> Page:
        shown.append(tab.blank(width, 1100, "light", "no-preference"))
        tab.page.set_content(page_of(figures, **colours))
        start_figures(tab.page)
        assert tab.page.locator("[data-figure=ready]").count() == len(figures)
        return tab.page

    yield open_page
    assert not [error for opened in shown for error in opened.errors]
