"""What a learner has done, remembered in one small file beside their notebooks."""

import json
import os
from pathlib import Path
from typing import Any

from filelock import FileLock

FILE = "progress.json"
LOCK = ".progress.lock"
PATIENCE = 5.0  # seconds to wait for another notebook that is writing


def home() -> Path | None:
    """The learner's folder: the nearest one, upwards from here, that keeps a progress file."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / FILE).is_file()), None)


def lock(folder: Path) -> FileLock:
    """What to hold while files of the learner's folder are read and written again."""
    return FileLock(folder / LOCK, timeout=PATIENCE)


def load() -> dict[str, dict[str, Any]]:
    """What is remembered: exercise name → {"tries", "solved", "finding", "hints"}."""
    folder = home()
    if folder is None:
        return {}
    try:
        kept = json.loads((folder / FILE).read_text(encoding="utf-8") or "{}")
    except OSError:  # it may be there again in a moment
        return {}
    except ValueError:
        kept = None
    if isinstance(kept, dict):
        return {name: news for name, news in kept.items() if isinstance(news, dict)}
    # An unreadable file is set aside, never thrown away.
    (folder / FILE).replace(folder / f"{FILE}.unreadable")
    (folder / FILE).write_text("{}\n", encoding="utf-8")
    return {}


def remember(name: str, **news: Any) -> None:
    """Add news of one exercise, also while other notebooks add theirs."""
    folder = home()
    if folder is None:
        return
    try:
        with lock(folder):
            kept = load()
            kept[name] = kept.get(name, {}) | news
            write(folder / FILE, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        why = error.strerror or "another notebook is writing"
        print(f"Your progress could not be saved ({why}); your notebook is not affected.")


def write(path: Path, text: str) -> None:
    """Write to a neighbour first, so that a crash loses nothing."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
