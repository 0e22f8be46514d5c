"""The outputs of a page: which files they depend on, and how they are made, several at a time."""

import ast
import hashlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode
from tqdm import tqdm

from book import weave
from book.contents import ROOT

CACHE = ROOT / "_build" / "jupyter-cache"
SECONDS = 180  # what one cell may take
OURS = ("autograder", "book", "precision", "solutions")
IMPORT = re.compile(r"^\s*(?:from|import) (?:autograder|book|precision|solutions)\b.*", re.M)
# Read by code that names them in no import: few and seldom changed.
DATA = (
    "book/contents.toml",
    "book/data/*",
    "book/figures/*.json",
    "book/figures/*.npz",
    "precision/*.json",
)


def stamped(slug: str, text: str) -> str:
    """Return a manuscript as MyST-NB reads it.

    The cache of outputs knows a notebook by its code cells alone.
    One more cell, which no reader sees, holds a hash of the code that they import.
    """
    digest = hashlib.sha256()
    for file in sources(slug, text):
        digest.update(file.read_bytes())
    stamp = f"# The outputs of this page were made by the sources {digest.hexdigest()}."
    page = weave.page(slug, text)
    if "file_format: mystnb" not in page:
        page = page.replace("---\n", "---\nfile_format: mystnb\n", 1)
    return f"{page}\n\n```{{code-cell}}\n:tags: [remove-cell]\n{stamp}\n```\n"


def sources(slug: str, text: str) -> list[Path]:
    """Return the files that may change a page's outputs: what it imports, and what those do."""
    waiting = {ROOT / "autograder" / "exercises" / f"{slug}.py"}  # found by the exercise's name
    waiting |= {file for line in IMPORT.findall(text) for file in _modules(line.strip())}
    found: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file.is_file() and file not in found:
            found.add(file)
            waiting |= _imports(file)
    code = "".join(file.read_text(encoding="utf-8") for file in found)
    scripts = [file for file in ROOT.glob("book/figures/js/*") if _mentioned(file, code)]
    return sorted({*found, *scripts, *(file for data in DATA for file in ROOT.glob(data))})


def _mentioned(script: Path, code: str) -> bool:
    """Whether a figure's module or stylesheet is used: by its class, or as a part."""
    name = script.stem
    shared = name in ("shared", "figure")
    return shared or f'"{name}"' in code or f"class {name.title().replace('_', '')}(" in code


@cache
def _imports(file: Path) -> frozenset[Path]:
    return frozenset(_modules(file.read_text(encoding="utf-8")))


def _modules(code: str) -> Iterator[Path]:
    """The project's own files that some code imports, packages included."""
    try:
        tree = ast.parse(code)
    except SyntaxError:  # the first line of an import in brackets
        tree = ast.parse(code.rstrip("( ") + " *")
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] in OURS:
                for end in range(1, len(parts) + 1):
                    place = ROOT.joinpath(*parts[:end])
                    yield place.with_suffix(".py")
                    yield place / "__init__.py"


# -- running -----------------------------------------------------------------------------------


def refresh() -> None:
    """Run the pages whose outputs are not in the cache, on all cores.

    What fails here is run again by Sphinx, which says where and why.
    """
    kept = get_cache(str(CACHE))
    stale = [(path, read) for path, read in _pages() if not _cached(kept, read)]
    if not stale:
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(_run, path, read): path for path, read in stale}
        done = tqdm(as_completed(runs), "Pages that changed", len(runs), unit="page")
        try:
            for run in done:
                _keep(kept, runs[run], run.result())
        except BaseException:  # Ctrl-C: what has not begun need not begin
            pool.shutdown(cancel_futures=True)
            raise


def _pages() -> Iterator[tuple[Path, NotebookNode]]:
    """Every page that has code, as MyST-NB will see it."""
    for manuscript in sorted((ROOT / "book").glob("*.md")):
        text = manuscript.read_text(encoding="utf-8")
        if "```{code-cell}" in text:
            text = stamped(manuscript.stem, text)
            reader = create_nb_reader(manuscript, MdParserConfig(), NbParserConfig(), text)
            assert reader is not None
            yield manuscript, reader.read(text)


def _cached(kept: JupyterCacheAbstract, read: NotebookNode) -> bool:
    try:
        return bool(kept.match_cache_notebook(read))
    except KeyError:
        return False


def _run(path: Path, read: NotebookNode) -> ExecutionResult:
    quiet = {"extra_arguments": ["--log-level=ERROR"]}
    where = str(path.parent)
    return single_nb_execution(read, where, timeout=SECONDS, allow_errors=False, **quiet)


def _keep(kept: JupyterCacheAbstract, path: Path, run: ExecutionResult) -> None:
    if run.err is None:
        bundle = CacheBundleIn(run.nb, str(path), data={"execution_seconds": run.time})
        kept.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
