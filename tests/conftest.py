"""The built site, served on this machine, and a browser to open it in; shared by several tests."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from figure_pages import Shower, page_of
from filelock import FileLock
from playwright.sync_api import Browser, Page, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from book import site
from book.figures import Figure

# Chromium asks nobody for updates, and runs where there is neither a display nor a user namespace.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Files whose tests share nothing that is slow to make: they may go to any worker, one by one.
APART = (
    "test_exercises.py",
    "test_figures.py",
    "test_grading_corpus.py",
    "test_sandbox.py",
    "test_site.py",
)


class KeepTogether(LoadScopeScheduling):
    """The tests of a file go to one worker, except those of the files above."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return nodeid if Path(file).name in APART else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> KeepTogether:
    """Divide the tests; the mark `xdist_group` would say it, but pytest 9.2 does not see it."""
    return KeepTogether(config, log)


@dataclass
class Opened:
    """A page in the browser, and what it asked for and complained of since it was opened."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Opener = Callable[..., Opened]


@pytest.fixture(scope="session")
def built_site() -> Path:
    """Build the site as `python -m book site` does; a warning fails it.

    When tests run in several processes, the first builds and the others wait for it.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
    built_by = site.SITE.parent / "built-by-test-run"
    built_by.parent.mkdir(exist_ok=True)
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
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Opener]:
    """Open addresses: `browser_page(url, width=1440, scheme="light")` returns an `Opened`.

    Its page is loaded, its figures have started, and motion is reduced, so nothing fades in.
    """
    contexts = []

    def open_page(url: str, width: int = 1440, height: int = 900, scheme: str = "light") -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on(
            "console",
            lambda said: opened.errors.append(said.text) if said.type == "error" else None,
        )
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on("requestfailed", lambda request: opened.errors.append(request.url))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.goto(url, wait_until="load")
        opened.page.wait_for_function(
            "document.querySelectorAll('.figure-box:empty').length === 0"
            " && [...document.querySelectorAll('.figure-box')].every(box => box.childElementCount)"
        )
        return opened

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Shower]:
    """Open figures on a bare page: `show(figures, width=1000)`; an error in the console fails."""
    contexts, errors = [], []

    def open_page(figures: list[Figure], width: int = 1000, **colours: str) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 1100})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_content(page_of(figures, **colours))
        page.wait_for_function(
            "n => document.querySelectorAll('[data-figure=ready]').length === n", arg=len(figures)
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors
