"""Bring the learner's notebooks up to date with chapters/, and lose nothing of theirs."""

import hashlib
import json
import shutil
import socket
import stat
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupyter_server.serverapp import list_running_servers
from nbformat import NotebookNode
from nbformat.sign import NotebookNotary

from book.environment import Trouble
from book.merge import merge

BASE = ".book"  # the book's version of each notebook that the learner was given last
BACKUPS = ".before-update"
COPIES = ".copied-from-the-book.json"  # path -> hash of what was copied, before BASE was kept


@dataclass
class News:
    """What an update did; every list holds paths within the learner's folder."""

    copied: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    both: dict[str, int] = field(default_factory=dict)  # -> cells that the book has changed too
    beside: dict[str, str] = field(default_factory=dict)  # -> the file with the book's version
    moved: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    backup: str = ""
    open_in_lab: bool = False

    def sentences(self) -> list[str]:
        """Say it to the learner."""
        said = [
            f"{old}/ is now {new}/; your folder moved along." for old, new in self.moved.items()
        ]
        if len(self.copied) > 3:
            said.append(f"New in my-book/: {len(self.copied)} notebooks.")
        elif self.copied:
            said.append("New in my-book/: " + ", ".join(self.copied) + ".")
        if self.renewed:
            said.append(
                "The book's changes are in "
                + ", ".join(self.renewed)
                + "; what you wrote is as you left it."
            )
        for name, n in self.both.items():
            cells = f"{n} cells" if n > 1 else "one cell"
            said.append(
                f"In {name} the book has changed {cells} that you have changed too: "
                "yours stayed, and the book's version stands below, as text."
            )
        for name, other in self.beside.items():
            said.append(
                f"{name} could not be joined with the book's newer version; yours is untouched, "
                f"and the newer one lies beside it as {other}."
            )
        for name in self.gone:
            said.append(f"The book no longer has {name}; yours is kept.")
        for name in self.damaged:
            said.append(
                f"{name} is damaged and cannot be opened; it is as you left it. "
                "Give it another name, and the next `make learn` brings a fresh one."
            )
        if self.backup:
            said.append(f"Copies of what was there before: my-book/{self.backup}/.")
        if self.open_in_lab and (self.renewed or self.both):
            said.append("Where a notebook is open: File, then Reload Notebook from Disk.")
        return said or ["Your notebooks are in my-book/, as you left them."]


def update(book: Path, mine: Path) -> News:
    """Give the learner what is new in the book; a second run finds nothing to do."""
    found = sorted(path for path in book.rglob("*") if path.is_file() and not _hidden(path, book))
    if not found:
        raise Trouble("chapters/ holds no notebooks: `python -m book notebooks` makes them.")
    if mine.exists() and not mine.is_dir():
        raise Trouble(f"{mine.name} is a file; rename it, so that your notebooks can live there.")
    mine.mkdir(exist_ok=True)
    if not (mine / "progress.json").exists():
        write(mine / "progress.json", b"{}\n")
    names = [path.relative_to(book).as_posix() for path in found]
    news = News(open_in_lab=bool(server(mine)))
    hashes = _read(mine / COPIES)
    _follow(names, mine, hashes, news)
    for name in names:
        Notebook(name, book, mine, hashes.get(name)).bring(news)
    (mine / COPIES).unlink(missing_ok=True)  # each has a base now
    return news


def _follow(names: list[str], mine: Path, hashes: dict[str, str], news: News) -> None:
    """Move the learner's folders where the book's have gone, and tell which notebooks are gone."""
    kept = [path.relative_to(mine / BASE).as_posix() for path in (mine / BASE).rglob("*.ipynb")]
    for name in sorted({*kept, *hashes} - {*names}):
        old = Path(name)
        new = next((Path(one) for one in names if Path(one).name == old.name), None)
        if new and (mine / old).exists() and not (mine / new.parent).exists():
            (mine / old.parent).rename(mine / new.parent)
            if (mine / BASE / old).exists():
                (mine / BASE / new.parent).parent.mkdir(parents=True, exist_ok=True)
                (mine / BASE / old.parent).rename(mine / BASE / new.parent)
            if name in hashes:
                hashes[new.as_posix()] = hashes.pop(name)
            news.moved[old.parent.as_posix()] = new.parent.as_posix()
        else:
            (mine / BASE / old).unlink(missing_ok=True)
            news.gone += [name] if (mine / old).exists() else []


class Notebook:
    """One notebook in its three versions: the learner's, the book's, and what both come from."""

    def __init__(self, name: str, book: Path, mine: Path, known: str | None) -> None:
        self.name = name
        self.new = (book / name).read_bytes()
        self.folder = mine
        self.mine = mine / name
        self.base = mine / BASE / name
        self.known = known  # hash of what was copied, where no base was kept

    def bring(self, news: News) -> None:
        """Bring it up to date; what is not safely joined lies beside it."""
        given = self.base.read_bytes() if self.base.exists() else None
        held = self.mine.read_bytes() if self.mine.exists() else None
        if held is not None and given == self.new:
            if notebook(held) is None and not self._beside().exists():
                news.damaged.append(self.name)
            return
        if held is None:
            write(self.mine, self.new)
            news.copied.append(self.name)
            _sign(self.new)
        elif held == given or _hash(held) == self.known:
            if held != self.new:
                write(self.mine, self.new)
                news.renewed.append(self.name)
                _sign(self.new)
        elif held != self.new and _hash(self.new) != self.known:
            self._join(given, held, news)
        write(self.base, self.new)  # last: an update cut short is done again

    def _join(self, given: bytes | None, held: bytes, news: News) -> None:
        """Merge, or put the book's version beside the learner's."""
        base, mine, book = map(notebook, (given, held, self.new))
        readonly = not self.mine.stat().st_mode & stat.S_IWUSR
        if readonly or base is None or mine is None or book is None:
            beside = self._beside()
            write(beside, self.new)
            _sign(self.new)
            news.beside[self.name] = beside.name
            return
        trusted = NotebookNotary().check_signature(mine)
        merged, both = merge(base, mine, book)
        nbformat.validate(merged)
        self._back_up(news)
        text = (nbformat.writes(merged) + "\n").encode()
        write(self.mine, text)
        if trusted:
            _sign(text)
        news.renewed.append(self.name)
        if both:
            news.both[self.name] = both

    def _beside(self) -> Path:
        """Return a free name for the book's version."""
        path, n = self.mine.with_stem(f"{self.mine.stem} (new version)"), 1
        while path.exists() and path.read_bytes() != self.new:
            n += 1
            path = self.mine.with_stem(f"{self.mine.stem} (new version {n})")
        return path

    def _back_up(self, news: News) -> None:
        """Copy the learner's file into this update's folder, a number that counts up."""
        if not news.backup:
            top = self.folder / BACKUPS
            numbers = [int(one.name) for one in top.glob("*") if one.name.isdigit()]
            news.backup = f"{BACKUPS}/{max(numbers, default=0) + 1}"
        copy = self.folder / news.backup / self.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.mine, copy)


def notebook(content: bytes | None) -> NotebookNode | None:
    """Return the notebook, or None where there is none to read."""
    if content is None:
        return None
    try:
        read = nbformat.reads(content.decode(), as_version=4)
        nbformat.validate(read)
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError):
        return None
    return read


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _sign(content: bytes) -> None:
    """Let JupyterLab trust a notebook that the book wrote, or that was trusted before."""
    NotebookNotary().sign(nbformat.reads(content.decode(), as_version=4))


def server(mine: Path) -> str:
    """Return the address of the Jupyter server that runs on this folder, or "" if none does."""
    for one in list_running_servers():
        if Path(one["root_dir"]) == mine.resolve() and _answers(one["hostname"], one["port"]):
            return f"{one['url']}lab?token={one['token']}"
    return ""


def _answers(host: str, port: int) -> bool:
    """Does anything listen there? A crash leaves a record whose process number may be reused."""
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hidden(path: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(top).parts)


def _read(path: Path) -> dict:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
