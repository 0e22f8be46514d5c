"""The web book: build it in `_build/site/`, and show it on this machine."""

import functools
import gzip
import http.server
import io
import os
import shutil
import time
import webbrowser
from argparse import Namespace
from pathlib import Path
from typing import BinaryIO

from sphinx.cmd.build import build_main

from book import outputs
from book.environment import Trouble
from book.extensions.npm import ensure_node_modules

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "site"
DOCTREES = ROOT / "_build" / "doctrees"
TEXT = {".css", ".html", ".js", ".json", ".svg"}  # what every host of static pages compresses


def build(_: Namespace | None = None) -> int:
    """Build the site; return 0, or Sphinx's exit status when anything at all was amiss.

    A chapter runs again only when its text or the code that it imports has changed.
    What a failed build leaves behind is removed: its pages may look right and not be.
    """
    started = time.time()
    os.environ["NND_REPRODUCIBLE"] = "1"  # no timings on a page
    ensure_node_modules()
    print("Building the web book; chapters that changed are run first ...", flush=True)
    outputs.refresh()
    strictly = ["-W", "--keep-going", "-q", "-b", "html"]
    status = build_main([*strictly, "-d", str(DOCTREES), str(ROOT / "book"), str(SITE)])
    if status:
        shutil.rmtree(SITE, ignore_errors=True)
        shutil.rmtree(DOCTREES, ignore_errors=True)
        print("The build failed for the reasons above, so there is no site.", flush=True)
        return status
    print(
        f"Built in {time.time() - started:.0f} s: {SITE.relative_to(ROOT)}/index.html", flush=True
    )
    return 0


def serve(options: Namespace) -> int:
    """Build the site, then serve it to this machine alone until Ctrl+C."""
    if status := build():
        return status
    try:
        web = server(options.port)
    except OSError as error:
        raise Trouble(f"Port {options.port}: {error.strerror}. Try `--port 0`.") from error
    with web:
        address = f"http://127.0.0.1:{web.server_port}/"
        print(f"The book is at {address} until you press Ctrl+C.", flush=True)
        if not options.no_browser:
            webbrowser.open(address)
        web.serve_forever()
    return 0


def server(port: int) -> http.server.ThreadingHTTPServer:
    """Return a server of the built site on the loopback interface; port 0 takes any free one."""
    handler = functools.partial(Handler, directory=str(SITE))
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files as a host of static pages does: compressed, and without a line for each."""

    protocol_version = "HTTP/1.1"

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Compress text for those who can read it; the rest is the standard library's."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        asked = "gzip" in self.headers.get("Accept-Encoding", "")
        if not (asked and path.suffix in TEXT and path.is_file()):
            return super().send_head()
        body = compressed(path, path.stat().st_mtime_ns)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@functools.cache
def compressed(path: Path, modified: int) -> bytes:
    """Return a file's bytes compressed, worked out once for each time that it was written."""
    return gzip.compress(path.read_bytes(), 6)
