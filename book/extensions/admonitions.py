"""`:::{note} A title of its own`: notes, tips and warnings may have one, as in the notebooks."""

from docutils import nodes
from docutils.parsers.rst.directives.admonitions import Admonition
from sphinx.application import Sphinx


class Titled(Admonition):
    """An admonition whose title stands after its name; without one, the name is the title."""

    required_arguments = 0
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make a general admonition of the kind's colour."""
        self.arguments: list[str] = self.arguments or [self.name.capitalize()]
        self.options["class"] = [*self.options.get("class", []), self.name]
        return super().run()


def setup(app: Sphinx) -> dict[str, bool]:
    """Replace the three directives of the same names."""
    for name in ("note", "tip", "warning"):
        app.add_directive(name, Titled, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
