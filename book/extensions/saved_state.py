"""The figures' saved state in a page, without what no figure shows and with nothing twice.

MyST-NB saves every widget that a chapter made, those that only computed something among them, and
with each its whole module, of which most is shared drawing code.
What is large stands in a script of the page's own, which comes when the first figure starts: a page
opened as a file may run a script, and may not fetch data.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from book.figures import JS

STATE = re.compile(
    r'(<script type="application/vnd\.jupyter\.widget-state\+json">)(.*?)(</script>)', re.S
)
VIEW = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-view\+json">(.*?)</script>', re.S
)
LARGE = 1000  # characters; what is shorter is not worth a reference

State = dict[str, Any]


def move_out(page: str, script: Path) -> str:
    """Return the page with its figures' state behind the text, and the large values in a script."""
    shown = [json.loads(view)["model_id"] for view in VIEW.findall(page)]
    for opening, text, closing in STATE.findall(page):
        saved = json.loads(text)
        if "values" in saved:  # a page that did not change since the last build
            continue
        saved = slim(saved, shown)
        values = f"globalThis.figureValues = {_compact(saved['values'])};\n"
        script.parent.mkdir(exist_ok=True)
        script.write_text(values, encoding="utf-8")
        version = hashlib.sha256(values.encode()).hexdigest()[:8]
        saved["values"] = f"{script.parent.name}/{script.name}?v={version}"
        page = page.replace(f"{opening}{text}{closing}", "")
        page = page.replace("</body>", f"{opening}{_compact(saved)}{closing}\n</body>")
    return page


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")).replace("</", r"<\/")


def slim(saved: State, shown: list[str]) -> State:
    """Keep the models that are shown; put each large value once into the list `values`.

    A model's `shared` names, for a trait, the places in that list whose texts are joined for it.
    """
    models: dict[str, State] = saved["state"]
    kept: dict[str, State] = {}
    waiting = [model for model in shown if model in models]
    while waiting:
        model = waiting.pop(0)
        kept.setdefault(model, models[model])
        children = models[model]["state"].get("children", [])
        waiting += [name for child in children if (name := child[10:]) not in kept]  # IPY_MODEL_
    places: dict[str, int] = {}
    slimmed = {
        name: {
            **model,
            "state": {trait: v for trait, v in model["state"].items() if not _large(v)},
            "shared": {
                trait: [places.setdefault(json.dumps(piece), len(places)) for piece in _pieces(v)]
                for trait, v in model["state"].items()
                if _large(v)
            },
        }
        for name, model in kept.items()
    }
    return saved | {"state": slimmed, "values": [json.loads(value) for value in places]}


def _large(value: Any) -> bool:
    return len(json.dumps(value)) > LARGE


def _pieces(value: Any) -> list[Any]:
    """Take a figure's module apart into the files that were joined in it."""
    pieces = []
    while isinstance(value, str):
        files = (file.read_text("utf-8") + "\n" for file in sorted(JS.glob("*.js")))
        piece = next((text for text in files if value.startswith(text)), None)
        if piece is None:
            break
        pieces.append(piece)
        value = value[len(piece) :]
    return [*pieces, value]
