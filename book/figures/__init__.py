"""Live figures: one JavaScript module for each, alive in JupyterLab and on a page without a kernel.

The module computes and draws.
The Python class holds the traits (what a reader can move) and `compute()`, the same mathematics by
the book's own library, so that tests set the same state on both sides and compare the numbers.
"""

import re
from pathlib import Path
from typing import Any, ClassVar

import anywidget

__all__ = ["Figure", "book_style"]

JS = Path(__file__).parent / "js"

# Okabe and Ito's hues, which colour-blind readers tell apart, moved to middle lightness:
# each stands at 3:1 or more against white and against the dark theme's background.
PALETTE = ["#2f7fc1", "#cf6a17", "#1a8f6c", "#a565b8", "#8a7a1f", "#c2556b"]
INK = "#7a7a7a"  # the grey that is equally far from white and from #121212, 4.3:1 to either


class Figure(anywidget.AnyWidget):
    """Base of all figures.

    `ActivationExplorer` finds its module in `js/activation_explorer.js`.
    A module may not import, so `js/shared.js` and the files named in `parts` are joined in front.
    """

    parts: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if Figure not in cls.__bases__:  # traitlets subclasses a figure again to add traits to it
            return super().__init_subclass__(**kwargs)
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        files = ["shared", *cls.parts, name]
        cls._esm = "\n".join((JS / f"{file}.js").read_text(encoding="utf-8") for file in files)
        cls._css = (JS / "figure.css").read_text(encoding="utf-8")
        return super().__init_subclass__(**kwargs)

    def compute(self) -> dict[str, Any]:
        """What the module writes to `data-computed` for the present traits, computed in Python."""
        raise NotImplementedError


def book_style() -> None:
    """Make matplotlib's pictures readable on a light and on a dark page, crisp, and reproducible.

    The background is transparent, text is of middle grey, and the format is SVG.
    Its ids are salted with a constant and it carries no date, so a rebuild gives the same bytes.
    """
    import matplotlib as mpl
    from cycler import cycler
    from IPython.core.getipython import get_ipython

    mpl.rcParams.update(
        {
            "axes.edgecolor": INK,
            "axes.facecolor": "none",
            "axes.grid": True,
            "axes.labelcolor": INK,
            "axes.prop_cycle": cycler(color=PALETTE),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlecolor": INK,
            "axes.titlesize": "medium",
            "figure.constrained_layout.use": True,
            "figure.facecolor": "none",
            "figure.figsize": (6.4, 3.4),
            "font.size": 11,
            "grid.alpha": 0.25,
            "grid.color": INK,
            "grid.linewidth": 0.8,
            "legend.frameon": False,
            "legend.labelcolor": INK,
            "lines.linewidth": 2,
            "savefig.facecolor": "none",
            "svg.hashsalt": "neural-networks-derived",
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )
    if get_ipython() is not None:  # a script has no inline pictures to format
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", bbox_inches="tight", metadata={"Date": None})
