"""What a learner has done, remembered in one small file beside their notebooks."""

import json
import os
from pathlib import Path
from typing import Any

FILE = "progress.json"


def home() -> Path | None:
    """The learner's folder: the nearest one, upwards from here, that keeps a progress file."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / FILE).is_file()), None)


def load() -> dict[str, dict[str, Any]]:
    """What is remembered: exercise name → {"tries", "solved", "finding", "hints"}."""
    folder = home()
    if folder is None:
        return {}
    try:
        kept = json.loads((folder / FILE).read_text(encoding="utf-8") or "{}")
    except (OSError, ValueError):
        kept = None
    if isinstance(kept, dict):
        return kept
    # An unreadable file is set aside, never thrown away.
    (folder / FILE).replace(folder / f"{FILE}.unreadable")
    (folder / FILE).write_text("{}\n", encoding="utf-8")
    return {}


def remember(name: str, **news: Any) -> None:
    """Add news of one exercise; written to a neighbour first, so that a crash loses nothing."""
    folder = home()
    if folder is None:
        return
    kept = load()
    kept[name] = kept.get(name, {}) | news
    draft = folder / f"{FILE}.{os.getpid()}"
    try:
        draft.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(folder / FILE)
    except OSError as error:
        draft.unlink(missing_ok=True)
        print(
            f"Your progress could not be saved ({error.strerror}); your notebook is not affected."
        )
