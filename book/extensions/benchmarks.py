"""`benchmark-table`: how fast the references are, chapter by chapter, from the written measurement."""

import json

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from autograder import bench
from book.extensions.chapters import chapter_line

Row = dict[str, float]
HEADS = ("function", "÷ torch", "goal", "loop ÷", "products", "exponentials", "memory")
SHARES = ("BLAS", "exp", "memory")


class BenchmarkTable(SphinxDirective):
    """The directive `benchmark-table`."""

    def run(self) -> list[nodes.Node]:
        """Say what was measured where, then a table for each chapter."""
        self.env.note_dependency(str(bench.LEDGER))
        kept = json.loads(bench.LEDGER.read_text(encoding="utf-8"))
        versions = ", ".join(f"{name} {number}" for name, number in kept["versions"].items())
        on = f"Measured on {kept['date']}, one thread of {kept['processor']}, {versions}."
        beside = [row["torch"] for row in kept["ratios"].values() if "torch" in row]
        faster = f"{sum(ratio <= 1 for ratio in beside)} of {len(beside)} references that torch has"
        on += f" {faster} a function for take no longer than torch's; the slowest takes {max(beside):.1f} times as long."
        listed: list[nodes.Node] = [nodes.paragraph("", on)]
        timed = bench.timed()
        for slug in self.config.chapter_numbers:
            rows = {
                n: row for n, row in kept["ratios"].items() if n in timed and timed[n].slug == slug
            }
            if rows:
                listed += [chapter_line(slug), self.table(rows)]
        return listed

    def table(self, rows: dict[str, Row]) -> nodes.table:
        """Return a chapter's rows under the heads."""
        group = nodes.tgroup("", cols=len(HEADS))
        group += [nodes.colspec(colwidth=30 if head == HEADS[0] else 12) for head in HEADS]
        group += nodes.thead("", self.line([nodes.Text(head) for head in HEADS]))
        body = nodes.tbody()
        for name, row in rows.items():
            body += self.line([self.link(name), *map(nodes.Text, self.numbers(name, row))])
        group += body
        return nodes.table("", group, classes=["benchmarks"])

    def numbers(self, name: str, row: Row) -> list[str]:
        """Return what stands in a line after the name; a goal that is missed is marked."""
        goal = bench.GOALS.get(name)
        missed = goal is not None and row["torch"] > goal
        return [
            f"{row['torch']:.2f}" if "torch" in row else "–",
            "" if goal is None else f"{goal:.1f}{' missed' if missed else ''}",
            f"{row['loop']:,.0f}" if "loop" in row else "–",
            *(f"{100 * row[share]:.0f} %" if share in row else "–" for share in SHARES),
        ]

    def link(self, name: str) -> nodes.Node:
        """Return the function's name, linked to its exercise."""
        return addnodes.pending_xref(
            "",
            nodes.literal("", name),
            refdomain="std",
            reftype="ref",
            reftarget=f"exercise-{name.replace('_', '-')}",
            refexplicit=True,
            refwarn=True,
        )

    def line(self, cells: list[nodes.Node]) -> nodes.row:
        """Return a row of a table."""
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("benchmark-table", BenchmarkTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
