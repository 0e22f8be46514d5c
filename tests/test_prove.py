"""`test` fails when a step fails, carries pytest's closing lines, and counts what was not run."""

import sys
from argparse import Namespace
from pathlib import Path

import pytest

from book import outputs, prove, site
from book.contents import ROOT

SKIPPING = """
import pytest

def test_holds(): pass

@pytest.mark.skip(reason="Chromium is missing")
def test_needs_a_browser(): pass
"""


def test_a_step_passes_on_what_was_said_and_not_run(tmp_path, capfdbinary, monkeypatch) -> None:
    (tmp_path / "test_it.py").write_text(SKIPPING)
    monkeypatch.chdir(tmp_path)
    words = (sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", str(tmp_path))
    outcome = prove.run("Tests", words)
    assert outcome.fine
    assert outcome.closing.startswith("1 passed, 1 skipped in ")
    assert outcome.skipped == {"Chromium is missing": 1}


def test_the_summary_tells_the_truth(capsys: pytest.CaptureFixture) -> None:
    fine = prove.Outcome("Tests", True, 2.0, "9 passed in 2.0s", {"Chromium is missing": 3})
    assert prove.summary([fine]) == 0
    said = capsys.readouterr().out
    assert "9 passed in 2.0s" in said and "Not run: 3 of tests: Chromium is missing" in said
    assert prove.summary([fine, prove.Outcome("Types", False, 1.0)]) == 1
    assert "Failed: Types." in capsys.readouterr().out


def test_a_failing_program_is_a_failed_step(capfdbinary) -> None:
    assert not prove.run("Step", (sys.executable, "-c", "raise SystemExit(2)")).fine


def test_anew_forgets_what_was_proven(tmp_path: Path, monkeypatch) -> None:
    """The pages' outputs and the pages, and what pytest remembers; nothing of the reader's."""
    monkeypatch.setattr(prove, "ROOT", tmp_path)
    monkeypatch.setattr(prove, "summary", len)
    monkeypatch.setattr(prove, "run", lambda *step: step)
    remembered = [
        *(folder.relative_to(ROOT) for folder in (outputs.CACHE, site.SITE, site.DOCTREES)),
        Path(".pytest_cache"),
    ]
    for folder in (*remembered, Path("my-book")):
        (tmp_path / folder).mkdir(parents=True)
    prove.test(Namespace(anew=False))
    assert all((tmp_path / folder).is_dir() for folder in remembered)
    prove.test(Namespace(anew=True))
    assert not any((tmp_path / folder).exists() for folder in remembered)
    assert (tmp_path / "my-book").is_dir()


def test_a_version_that_is_not_the_pinned_one_is_named(tmp_path) -> None:
    pins = tmp_path / "constraints.txt"
    pins.write_text("# a comment\nnumpy==0.1\nnot-installed==3\n")
    (line,) = prove.differences(pins)
    assert line.startswith("numpy is ") and line.endswith("and 0.1 in constraints.txt.")


def test_missing_parts_are_named_with_the_remedy(monkeypatch, capsys) -> None:
    monkeypatch.setattr(prove.shutil, "which", lambda name: None)
    assert prove.system_parts()
    assert "apt install chromium" in capsys.readouterr().out
