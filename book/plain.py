"""Turn the manuscript's MyST into Markdown that JupyterLab shows well without any extension."""

import re
from functools import cache

from pybtex.database import parse_file

from book.contents import BOOK, Chapter, chapters

EQUATION = re.compile(r"^\$\$\n(.+?)\n\$\$ \(([\w-]+)\)$", re.M | re.S)
ADMONITION = re.compile(
    r"^(:{3,})\{(\w+)\} *([^\n]*)\n((?::[\w-]+:[^\n]*\n)*)(.*?)\n\1$", re.M | re.S
)


@cache
def equation_numbers() -> dict[str, str]:
    """Every label of the book with its number: chapter, then order of appearance."""
    numbers = {}
    for one in chapters():
        if one.written:
            text = one.manuscript.read_text(encoding="utf-8")
            for i, found in enumerate(EQUATION.finditer(text), 1):
                numbers[found[2]] = f"{one.number}.{i}"
    return numbers


@cache
def _sources() -> dict[str, str]:
    """Every key of the bibliography as (Author, year)."""
    entries = parse_file(str(BOOK / "references.bib")).entries
    return {key: f"{_authors(entry)}, {entry.fields['year']}" for key, entry in entries.items()}


def _authors(entry) -> str:  # type: ignore[no-untyped-def]  # pybtex has no types
    names = [" ".join(person.last_names) for person in entry.persons.get("author", [])]
    joined = (
        f"{names[0]} et al." if len(names) > 2 else " and ".join(names) or entry.fields["title"]
    )
    return re.sub(r"[{}\\\"'`~]", "", joined)


def markdown(text: str, one: Chapter) -> str:
    """One Markdown cell of a chapter's notebook."""
    text = re.sub(r"^# (.+)$", rf"# {one.number} · \1", text, flags=re.M)
    text = re.sub(r"^\([\w-]+\)=\n", "", text, flags=re.M)
    text = EQUATION.sub(lambda found: f"$$\n{found[1]} \\tag{{{_number(found[2])}}}\n$$", text)
    text = re.sub(r"\{eq\}`([\w-]+)`", lambda found: f"({_number(found[1])})", text)
    text = re.sub(r"\{cite(?::\w+)?\}`([^`]+)`", _cited, text)
    while ADMONITION.search(text):
        text = ADMONITION.sub(_quoted, text)
    text = re.sub(r"\[([^\]]+)\]\(([\w/]+)\.md(#[\w-]+)?\)", _linked, text)
    return text.strip()


def _number(label: str) -> str:
    if label not in equation_numbers():
        raise LookupError(f"no displayed equation is labelled {label!r}")
    return equation_numbers()[label]


def _cited(found: re.Match) -> str:
    keys = [key.strip() for key in found[1].split(",")]
    unknown = [key for key in keys if key not in _sources()]
    if unknown:
        raise LookupError(f"book/references.bib has no entry {unknown[0]!r}")
    return f"({'; '.join(_sources()[key] for key in keys)})"


def _quoted(found: re.Match) -> str:
    """An admonition as a block quote; a fold as HTML details."""
    kind, title, options, body = found[2], found[3].strip(), found[4], found[5].strip()
    title = title or kind.capitalize()
    if kind == "dropdown" or "dropdown" in options:
        return f"<details><summary>{_html(title)}</summary>\n\n{body}\n\n</details>"
    quoted = "\n".join(f"> {line}".rstrip() for line in body.split("\n"))
    return f"> **{title}**\n>\n{quoted}"


def _html(title: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", title)


def _linked(found: re.Match) -> str:
    """A link to a chapter leads to its notebook; a page that is no notebook stays a word."""
    for one in chapters():
        if one.slug == found[2] and one.written:
            return f"[{found[1]}](../{one.folder}/{one.slug}.ipynb)"
    return found[1]
