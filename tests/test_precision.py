"""The precision ledger: what is in it can be measured again, and lies within what theory allows.

Needs NumPy, torch and pytest alone: on a bare machine with a GPU, `python -m pytest --noconftest
tests/test_precision.py` measures its columns and holds them to their budgets.
"""

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from precision import errors, formats, ledger
from precision.columns import COLUMNS, Column, setting
from precision.errors import NotMeasured, left_out, measure
from precision.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, TF32, gamma, rounded
from precision.tables import NOT_MEASURED, errors_table, speed_table

from autograder import exercises  # isort: skip  after precision, which does without SciPy

ROOT = Path(__file__).resolve().parents[1]
LEDGER = ledger.load()
HERE = [column for column in COLUMNS if column.available]
FEW = ["softmax", "batch_norm", "bump", "clip_gradient_norm", "dead_fraction"]
GPU = [column for column in COLUMNS if column.device == "cuda"]


# -- formats -------------------------------------------------------------------------------------


def any_bits() -> np.ndarray:
    """float32 numbers of random bits: all sizes, subnormal ones and infinities among them."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2**32, 300_000, dtype=np.uint32).view(np.float32)
    near_half = rng.uniform(-7e4, 7e4, 100_000).astype(np.float32) * np.float32(
        2.0
    ) ** -rng.integers(0, 40)
    return np.concatenate(
        [x[~np.isnan(x)], near_half, [0.0, -0.0, np.inf, 65519.99, 65520.0]]
    ).astype("f")


@pytest.mark.parametrize("format, dtype", [(BFLOAT16, torch.bfloat16), (FLOAT16, torch.float16)])
def test_emulated_formats_are_torchs_bit_for_bit(
    format: formats.Format, dtype: torch.dtype
) -> None:
    x = any_bits()
    theirs = torch.from_numpy(x).to(dtype).float().numpy()
    assert rounded(x, format).tobytes() == theirs.tobytes()


def test_emulated_float32_is_numpys_and_tf32_keeps_ten_bits() -> None:
    x = np.random.default_rng(1).normal(size=100_000)
    assert np.array_equal(rounded(x, FLOAT32), x.astype(np.float32))
    assert np.array_equal(rounded(x, FLOAT64), x)
    kept = rounded(x.astype(np.float32), TF32)
    assert not np.any(kept.view(np.uint32) & 0x1FFF) and np.any(kept.view(np.uint32) & 0x2000)
    assert 0.9 * TF32.u < np.max(np.abs(kept / x - 1)) <= TF32.u * (1 + 1e-4)


def test_formats_say_what_numpy_and_torch_say() -> None:
    for format, known in [
        (FLOAT64, np.finfo(np.float64)),
        (FLOAT32, np.finfo(np.float32)),
        (FLOAT16, np.finfo(np.float16)),
        (BFLOAT16, torch.finfo(torch.bfloat16)),
    ]:
        assert format.bits == known.bits and 2 * format.u == known.eps
        assert format.largest == known.max and format.smallest == known.tiny
    assert FLOAT16.least == np.finfo(np.float16).smallest_subnormal


def test_gamma_bounds_a_sum_and_nothing_less_does() -> None:
    assert gamma(10, 1e-3) == 0.01 / 0.99 and gamma(1000, 1e-3) == np.inf


# -- the measuring -------------------------------------------------------------------------------


@pytest.mark.parametrize("column", HERE, ids=lambda column: column.name)
@pytest.mark.parametrize("name", FEW)
def test_a_few_measured_again_give_what_the_ledger_says(name: str, column: Column) -> None:
    """Equal within the budget: another processor rounds elsewhere."""
    kept = LEDGER["rows"][name]["measured"].get(column.name)
    if kept is None:
        pytest.skip(f"The ledger has no column {column.name} yet: `make gpu` fills it.")
    try:
        found = measure(exercises.find(name), column)
    except NotMeasured as why:
        assert kept == {"skipped": str(why)}
        return
    assert found.cases == kept["cases"]
    assert found.budget == pytest.approx(kept["budget"] or np.inf, rel=0.05)
    assert abs(found.error - kept["error"]) <= found.budget
    assert found.share <= 1 or name in ledger.UNSTABLE


def test_every_row_keeps_its_budget_or_says_why() -> None:
    beyond = {
        name
        for name, row in LEDGER["rows"].items()
        for one in row["measured"].values()
        if one.get("share", 0) > 1
    }
    assert beyond == set(ledger.UNSTABLE)


def test_the_references_keep_every_budget() -> None:
    for name, row in LEDGER["rows"].items():
        for column in ("NumPy float64", "NumPy float32"):
            assert row["measured"][column].get("share", 0) <= 1, (name, column)


def test_every_exercise_is_in_the_ledger_or_left_out_with_a_reason() -> None:
    every = exercises.all()
    assert set(LEDGER["rows"]) | set(LEDGER["left_out"]) == set(every)
    assert not set(LEDGER["rows"]) & set(LEDGER["left_out"])
    for name in ("relu", "padding_mask", "dropout", "nearest"):
        assert left_out(every[name]) == LEDGER["left_out"].get(name, "")
    for row in LEDGER["rows"].values():
        assert set(row["measured"]) == set(LEDGER["columns"])


def test_an_inflated_error_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that is off by a thousand roundings passes no budget."""
    honest = errors._answer
    for name in (
        "softmax",
        "relu",
        "linear_forward" if "linear_forward" in LEDGER["rows"] else "sigmoid",
    ):
        for column in HERE[:4]:
            monkeypatch.setattr(errors, "_answer", honest)
            assert measure(exercises.find(name), column).share <= 1

            def off(exercise, column, held):  # type: ignore[no-untyped-def]
                found = honest(exercise, column, held)
                return found * (1 + 1000 * column.held.u)

            monkeypatch.setattr(errors, "_answer", off)
            assert measure(exercises.find(name), column).share > 1, (name, column.name)


def test_the_distance_is_relative_to_the_largest_entry() -> None:
    truth = [np.array([1e-9, -4.0])]
    assert errors.distance([np.array([2e-9, -4.0])], truth) == pytest.approx(2.5e-10)
    assert errors.distance([np.array([np.nan, -4.0])], truth) == np.inf
    assert errors.distance([np.array([np.inf, 1.0])], [np.array([np.inf, 1.0])]) == 0
    with pytest.raises(NotMeasured, match="shapes"):
        errors.distance([np.ones(3)], truth)


def test_settings_are_put_back() -> None:
    tf32 = next(column for column in COLUMNS if column.factors is TF32)

    def state() -> tuple:
        return (
            torch.get_default_dtype(),
            torch.get_float32_matmul_precision(),
            torch.backends.cudnn.allow_tf32,
        )

    before = state()
    for factors, wanted in ((TF32, ("high", True)), (FLOAT32, ("highest", False))):
        column = Column("torch", "cpu", FLOAT32, factors, FLOAT32)
        with pytest.raises(ZeroDivisionError), setting(column):
            assert state() == (torch.float32, *wanted)
            raise ZeroDivisionError
        assert state() == before
    assert tf32.name == "torch GPU TF32"


# -- the file and the page -----------------------------------------------------------------------


def test_a_run_renews_its_columns_and_leaves_the_others(tmp_path: Path) -> None:
    kept = copy.deepcopy(LEDGER)
    foreign = {"error": 1e-3, "budget": 1e-2, "share": 0.1, "cases": 7}
    kept["columns"]["torch GPU TF32"] = {"date": "2020-01-01", "device": "a card"}
    kept["rows"]["softmax"]["measured"]["torch GPU TF32"] = foreign
    kept["rows"]["softmax"]["measured"]["NumPy float64"] = dict(foreign)
    ledger.renew(kept, HERE[:1], ["softmax"])
    assert kept["rows"]["softmax"]["measured"]["torch GPU TF32"] == foreign
    assert kept["columns"]["torch GPU TF32"]["date"] == "2020-01-01"
    assert kept["rows"]["softmax"]["measured"]["NumPy float64"]["error"] < 1e-14
    ledger.save(kept, tmp_path / "ledger.json")
    assert ledger.load(tmp_path / "ledger.json") == kept


def test_without_a_gpu_nothing_is_invented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert ledger.main(["--gpu-only", "--file", str(tmp_path / "none.json")]) == 1
    assert "no GPU here" in capsys.readouterr().err and not (tmp_path / "none.json").exists()


def test_tables_say_what_is_not_measured() -> None:
    bare = copy.deepcopy(LEDGER)
    for column in GPU:
        bare["columns"].pop(column.name, None)
        for row in [*bare["rows"].values(), *bare["speed"]["widths"].values()]:
            row.get("measured", row).pop(column.name, None)
    for table in (errors_table(bare, list(bare["rows"])), speed_table(bare)):
        heads, _, *rows = table.splitlines()
        place = [i for i, head in enumerate(heads.split("|")) if "GPU" in head]
        assert place and rows
        assert {row.split("|")[i].strip() for row in rows for i in place} == {NOT_MEASURED}
        assert all(NOT_MEASURED not in row.split("|")[2] for row in rows)
    filled = copy.deepcopy(bare)
    filled["columns"]["torch GPU TF32"] = {}
    filled["rows"]["softmax"]["measured"]["torch GPU TF32"] = {"error": 4e-4, "share": 0.1}
    assert "4e-04" in errors_table(filled, ["softmax"])


# NumPy, torch, and what torch itself cannot be imported without.
BARE = ["numpy", "torch", "torchgen", "typing_extensions.py", "sympy", "mpmath", "networkx"]
BARE += ["jinja2", "markupsafe", "filelock", "fsspec", "setuptools", "numpy.libs", "functorch"]


def test_the_runner_needs_only_numpy_and_torch(tmp_path: Path) -> None:
    """Run in a folder of packages that holds these alone: no SciPy, nothing of Jupyter's."""
    installed = Path(np.__file__).parents[1]
    for name in BARE:
        if (installed / name).exists():
            (tmp_path / name).symlink_to(installed / name)
    file = tmp_path / "ledger.json"
    done = subprocess.run(
        [sys.executable, "-S", "-m", "precision", "kl_divergence", "--file", str(file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert list(ledger.load(file)["rows"]) == ["kl_divergence"]


# -- on a GPU ------------------------------------------------------------------------------------


@pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no GPU that torch can use.")
@pytest.mark.parametrize("column", GPU, ids=lambda column: column.name)
def test_the_gpu_keeps_every_budget(column: Column) -> None:
    beyond = {}
    for name in LEDGER["rows"]:
        try:
            found = measure(exercises.find(name), column)
        except NotMeasured as why:
            print(f"{name}: {why}")
            continue
        if found.share > 1 and name not in ledger.UNSTABLE:
            beyond[name] = found
    assert not beyond
