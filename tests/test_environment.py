"""The commands: an old Python, a wrong word, a half-made environment each get a sentence."""

import argparse
import ast
import importlib
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from book import __main__ as commands
from book import environment as module
from book.contents import ROOT
from book.environment import Environment, Trouble, explain, require_python, run_with_news
from book.versions import conda, constraints

OLD_PYTHON_READS = ["book/__init__.py", "book/__main__.py", "book/environment.py"]


@pytest.mark.parametrize("name", OLD_PYTHON_READS)
def test_an_old_python_can_read_it(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text(), feature_version=(3, 6))
    imported = {
        alias.name.split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names
    sources = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert sources <= {"book.environment"}


def test_an_old_python_gets_a_sentence_and_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "version_info", (3, 8, 10))
    monkeypatch.setattr(module.shutil, "which", lambda name: name == "python3.12" or None)
    with pytest.raises(Trouble, match=r"needs Python 3\.11 or newer; this is Python 3\.8"):
        require_python("learn")
    with pytest.raises(Trouble, match=r"run `python3\.12 -m book learn`"):
        require_python("learn")
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(Trouble, match="Install a newer one"):
        require_python("learn")


@pytest.mark.parametrize(
    "words, said",
    [
        (["lern"], "Did you mean learn?"),
        (
            ["learn", "--port", "eighty"],
            "a port is a number from 0 (any free one) to 65535, not 'eighty'",
        ),
        (["learn", "--port", "70000"], "a port is a number"),
        (["learn", "--prot", "80"], "Unrecognized arguments: --prot 80"),
        (["test", "everything"], "Unrecognized arguments: everything"),
        (["course", "--open=no"], "ignored explicit argument"),
    ],
)
def test_a_wrong_argument_gets_a_sentence(words: list[str], said: str) -> None:
    with pytest.raises(Trouble) as trouble:
        commands.main(words)
    assert said.lower() in str(trouble.value).lower()


def test_a_sentence_is_all_that_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "book", "sit"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("There is no command 'sit'. Did you mean site?")
    assert "Traceback" not in done.stderr


def test_every_command_is_there_and_make_knows_it() -> None:
    for _, _, place in commands.COMMANDS.values():
        name, function = place.split(":")
        assert callable(getattr(importlib.import_module(name), function))
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^TARGETS := (.+)$", makefile, re.M)
    assert targets is not None and set(targets[1].split()) == set(commands.COMMANDS)
    assert commands.main([]) == 0


def test_a_taken_port_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("book.site.build", lambda: 0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = argparse.Namespace(port=taken.getsockname()[1], no_browser=True)
        with pytest.raises(Trouble, match="Address already in use"):
            commands.run("book.site:serve", options)


def test_an_active_environment_with_the_book_in_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "OWN", "elsewhere")
    monkeypatch.setenv("CONDA_PREFIX", sys.prefix)
    assert commands.where_to_run().folder == sys.prefix
    monkeypatch.setattr("importlib.metadata.distributions", lambda name: [])
    assert commands.where_to_run().folder == "elsewhere", "any other is left alone"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose installation costs nothing."""
    (tmp_path / "pyproject.toml").write_text("one")
    (tmp_path / "constraints.txt").write_text("two")
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Pretend(Environment):
    """An environment that only notes what would be done."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.done: list[str] = []

    def _create(self) -> None:
        self.done.append("create")
        Path(self.folder).mkdir(exist_ok=True)
        Path(self.folder, "pyvenv.cfg").write_text(f"command = python -m venv {self.folder}\n")

    def _runs(self) -> bool:
        return Path(self.folder, "pyvenv.cfg").exists()

    def _install(self, extra: str) -> None:
        self.done.append(f"install {extra}".strip())

    def after(self, extra: str) -> list[str]:
        """What preparing does this time."""
        self.done.clear()
        self.prepare(extra)
        return self.done


def test_an_environment_is_made_once_and_renewed_when_it_must_be(project: Path) -> None:
    environment = Pretend(project / ".venv")
    assert environment.after("") == ["create", "install"]
    assert environment.after("") == []
    assert environment.after("dev") == ["install dev"], "an author's command adds what it needs"
    assert environment.after("") == [], "and a reader's takes nothing away"
    (project / "constraints.txt").write_text("three")
    assert environment.after("") == ["install dev"]
    assert environment.after("dev") == []


def test_an_interrupted_installation_is_noticed(project: Path, capsys) -> None:
    class Killed(Pretend):
        def _install(self, extra: str) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Killed(project / ".venv").prepare("")
    assert Pretend(project / ".venv").after("") == ["install"]
    assert "not finished" in capsys.readouterr().out


def test_a_moved_environment_is_made_again(project: Path) -> None:
    Pretend(project / ".venv").prepare("dev")
    (project / ".venv").rename(project / "elsewhere")
    assert Pretend(project / "elsewhere").after("") == ["create", "install"]


def test_an_environment_that_cannot_be_written_gets_a_sentence(project: Path) -> None:
    class Full(Pretend):
        def _create(self) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(Trouble, match="the disk is full"):
        Full(project / ".venv").prepare("")


@pytest.mark.parametrize(
    "output, reason",
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("NewConnectionError: Failed to establish a new connection", "could not be reached"),
        ("[Errno -3] Temporary failure in name resolution", "could not be reached"),
        ("PermissionError: [Errno 13] Permission denied: '.venv'", "cannot be written to"),
        ("Collecting x\nERROR: No matching distribution found for x==9", "found for x==9."),
        ("", "no reason was given"),
    ],
)
def test_a_failed_installation_says_why(output: str, reason: str) -> None:
    assert reason in explain(output, "Installing did not succeed")


def test_an_installation_shows_what_it_is_busy_with(capsys, monkeypatch) -> None:
    monkeypatch.setattr(module.sys.stdout, "isatty", lambda: True, raising=False)
    pip = "print('Collecting torch', flush=True); import time; time.sleep(0.8); raise SystemExit(3)"
    code, output = run_with_news([sys.executable, "-c", pip])
    assert code == 3 and "Collecting torch" in output
    assert "Collecting torch" in capsys.readouterr().out


def test_programs_run_on_one_thread_and_find_each_other(tmp_path: Path) -> None:
    environment = Environment(str(tmp_path / ".venv"))
    variables = environment.variables()
    assert variables["PATH"].startswith(environment.programs)
    assert {variables[name] for name in module.THREADS} == {"1"}


def test_versions_stand_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(), re.M)
    known = {re.sub(r"[-_.]+", "-", name).lower() for name in pinned}
    assert [one for one in wanted if "==" in one] == ["torch==2.13.0"]
    missing = {re.match(r"[\w.-]+", one)[0].lower() for one in wanted} - known
    assert not missing, "run `python -m book constraints`"
    assert (ROOT / "environment.yml").read_text() == conda(ROOT / "pyproject.toml")


def test_what_reads_notebooks_starts_at_once() -> None:
    """With a newer jsonschema, lark compiles a grammar of addresses first, which nobody asks for."""
    asked = "import sys, nbgrader.apps, jupyterlab.labapp; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_constraints_keep_versions_and_drop_the_build() -> None:
    frozen = "numpy==2.4.6\ntorch==2.13.0+cpu\n-e git+x\nbook @ file:///here\n"
    assert constraints(frozen).endswith("numpy==2.4.6\ntorch==2.13.0\n")
