"""The figures of the chapter on training."""

import json
from typing import Any

import numpy as np
import pytest
from figure_pages import Hand, Shower, drag, readings
from playwright.sync_api import FloatRect, Locator, Page

from book.figures import Figure
from book.figures.datasets import FEATURES, REACH, SHAPES, make_points
from book.figures.experiments import EXPERIMENTS
from book.figures.small_network import BENDS, SmallNetwork
from book.figures.training import (
    SETTINGS,
    BugHunt,
    Playground,
    PrecisionRecall,
    RegularisationBoundary,
)
from solutions.losses import binary_cross_entropy_with_logits

SETS = ["circle", "xor", "gauss", "spiral"]


def settings(**changed: Any) -> dict[str, Any]:
    return dict(rate=0.1, batch=10, method="sgd", penalty="none", strength=0.003) | changed


def random_settings(rng: np.random.Generator) -> dict[str, Any]:
    return settings(
        rate=float(rng.choice([0.003, 0.03, 0.3])),
        batch=int(rng.choice([1, 5, 20, 200])),
        method=str(rng.choice(["sgd", "adam"])),
        penalty=str(rng.choice(["none", "l1", "l2"])),
        strength=float(rng.choice([0.001, 0.03])),
    )


def random_playground(rng: np.random.Generator) -> Figure:
    phases = [
        {"steps": int(rng.integers(1, 25))} | random_settings(rng) for _ in range(rng.integers(4))
    ]
    names = list(FEATURES)
    chosen = sorted(rng.choice(len(names), size=rng.integers(1, len(names) + 1), replace=False))
    return Playground(
        data=str(rng.choice(SETS)),
        noise=float(rng.uniform(0, 0.6)),
        share=float(rng.choice([0.1, 0.3, 0.7, 0.9])),
        features=[names[i] for i in chosen],
        hidden=rng.integers(1, 9, size=rng.integers(5)).tolist(),
        activation=str(rng.choice(list(BENDS))),
        start=str(rng.choice(["random", "random", "equal"])),
        seed=int(rng.integers(1, 10**6)),
        taken=phases,
        look=int(rng.integers(-1, 40)),
        **random_settings(rng),
    )


def random_boundary(rng: np.random.Generator) -> Figure:
    return RegularisationBoundary(
        penalty=str(rng.choice(["l1", "l2"])),
        strength=float(10 ** rng.uniform(-4, -0.5)),
        seed=int(rng.integers(1, 10**6)),
    )


def random_threshold(rng: np.random.Generator) -> Figure:
    return PrecisionRecall(
        separation=float(rng.uniform(0, 4)),
        prevalence=float(rng.uniform(0.02, 0.6)),
        threshold=float(rng.uniform(-4, 4)),
        beta=float(rng.choice([0.25, 0.5, 1, 2, 4])),
        seed=int(rng.integers(1, 10**6)),
    )


def random_hunt(rng: np.random.Generator) -> Figure:
    picks = rng.choice(["", "slow", "chance"], size=rng.integers(3)).tolist()
    return BugHunt(shown=int(rng.integers(2)), picks=picks)


HANDS = [
    Hand(Playground, random_playground),
    Hand(RegularisationBoundary, random_boundary, drag=(".drag-area", 60, 0)),
    Hand(PrecisionRecall, random_threshold, drag=(".drag-area >> nth=0", 50, 0)),
    Hand(BugHunt, random_hunt, slides=False),
]


# -- the mathematics ---------------------------------------------------------------------------


def trained(steps: int, **traits: Any) -> dict[str, Any]:
    changed = {name: traits[name] for name in SETTINGS if name in traits}
    return Playground(**traits, taken=[{"steps": steps} | settings(**changed)]).compute()


def test_every_choice_is_compared() -> None:
    rng = np.random.default_rng(20)
    drawn = [random_playground(rng) for _ in range(24)]
    assert {one.data for one in drawn} == set(SETS)
    assert {one.activation for one in drawn} == set(BENDS)
    assert {len(one.hidden) for one in drawn} == {0, 1, 2, 3, 4}
    phases = [phase for one in drawn for phase in one.taken]
    assert {(phase["method"], phase["penalty"]) for phase in phases} == {
        (method, penalty) for method in ("sgd", "adam") for penalty in ("none", "l1", "l2")
    }


@pytest.mark.parametrize("name", SHAPES)
def test_points_are_balanced_and_on_view(name: str) -> None:
    points, classes = make_points(name, 7, 200, 0.1)
    assert classes.sum() == 100 and np.mean(np.abs(points) < REACH) > 0.99


@pytest.mark.parametrize("bend", BENDS)
def test_gradients_are_derivatives(bend: str) -> None:
    network = SmallNetwork([2, 3, 4, 1], bend, "random", 3)
    X, y = make_points("xor", 3, 9, 0.2)
    for side, gradients in zip(
        (network.weights, network.biases), network.gradients(X, y), strict=True
    ):
        for theta, gradient in zip(side, gradients, strict=True):
            for i in np.ndindex(theta.shape):
                kept, losses = theta[i], []
                for theta[i] in (kept + 1e-6, kept - 1e-6):
                    z = network.forward(X)[-1][:, 0]
                    losses.append(binary_cross_entropy_with_logits(z, y))
                theta[i] = kept
                assert abs((losses[0] - losses[1]) / 2e-6 - gradient[i]) < 1e-7


@pytest.mark.parametrize("method", ["sgd", "adam"])
@pytest.mark.parametrize("data", SETS)
def test_training_lowers_the_loss(data: str, method: str) -> None:
    choice = dict(data=data, hidden=[8], activation="tanh", method=method, rate=0.03)
    first, later = trained(0, **choice)["loss"][0], trained(600, **choice)["loss"][0]
    assert later < 0.85 * first


def test_three_relu_units_enclose_the_circle_and_two_cannot() -> None:
    assert max(trained(3000, hidden=[2], seed=s)["accuracy"][0] for s in range(1, 7)) < 0.95
    assert trained(3000, hidden=[3])["accuracy"] == [1.0, 1.0]


def test_two_layers_solve_the_spiral_and_a_line_does_not() -> None:
    choice: dict[str, Any] = dict(data="spiral", share=0.7, activation="tanh", method="adam")
    assert min(trained(3000, hidden=[8, 8], rate=0.01, **choice)["accuracy"]) > 0.98
    assert max(trained(3000, hidden=[], rate=0.01, **choice)["accuracy"]) < 0.75


def test_equal_weights_stay_equal() -> None:
    first, second, _ = trained(300, start="equal", hidden=[4, 3], activation="tanh")["W"]
    for W, width in ((first, 2), (second, 4)):
        rows = np.reshape(W, (-1, width))
        assert np.ptp(rows, axis=0).max() < 1e-12
    random = np.reshape(trained(300, hidden=[4, 3], activation="tanh")["W"][0], (-1, 2))
    assert np.ptp(random, axis=0).min() > 0.1


def test_l1_gives_zeros_and_l2_gives_small_weights() -> None:
    none, l1, l2 = (
        np.concatenate(
            trained(2000, hidden=[8], activation="tanh", penalty=kind, strength=0.01)["W"]
        )
        for kind in ("none", "l1", "l2")
    )
    assert np.sum(l1 == 0) >= 5 and np.all(none != 0) and np.all(l2 != 0)
    assert np.linalg.norm(l2) < 0.7 * np.linalg.norm(none)


def test_a_penalty_helps_new_points_until_it_is_too_strong() -> None:
    for penalty in ("l1", "l2"):
        weak, right, strong = (
            RegularisationBoundary(penalty=penalty, strength=strength).compute()
            for strength in (1e-4, 1e-2, 0.3)
        )
        assert weak["loss"][0] < right["loss"][0] < strong["loss"][0]
        assert right["loss"][1] < 0.75 * min(weak["loss"][1], strong["loss"][1])
        assert (right["zeros"] > 10) == (penalty == "l1")


def test_rare_positives_cost_precision_and_not_recall() -> None:
    common, rare = (
        [PrecisionRecall(prevalence=share, seed=s).compute() for s in range(1, 31)]
        for share in (0.5, 0.05)
    )
    recalls, precisions = (
        [np.mean([one[name] for one in runs]) for runs in (common, rare)]
        for name in ("recall", "precision")
    )
    assert abs(recalls[0] - recalls[1]) < 0.05
    assert precisions[0] > 0.8 and precisions[1] < 0.35


def test_runs_are_kept_short() -> None:
    run = dict(BugHunt().runs[0]) | {"train_loss": [0.123456, float("nan"), float("inf")]}
    hunt = BugHunt(runs=[run])
    assert hunt.runs[0]["train_loss"] == [0.1235, None, None]
    numbers = np.array([1, 2]), np.array([1 / 3], np.float32)
    kept = BugHunt(runs=[run | {"dead": numbers}]).runs[0]["dead"]
    assert json.dumps(kept) == "[[1, 2], [0.3333]]"


# -- the playground in the page ----------------------------------------------------------------


def computed(box: Locator) -> dict[str, Any]:
    return json.loads(box.get_attribute("data-computed") or "{}")


def frame_of(node: Locator) -> FloatRect:
    box = node.bounding_box()
    assert box
    return box


def picture(box: Locator) -> str:
    return str(box.locator("canvas").evaluate("canvas => canvas.toDataURL()"))


def run_to(page: Page, steps: int) -> None:
    page.locator("[data-action=run]").click()
    page.wait_for_function(
        "n => JSON.parse(document.querySelector('.figure-box').dataset.computed).steps >= n",
        arg=steps,
        timeout=30_000,
    )
    page.locator("[data-action=run]").click()


@pytest.mark.parametrize("width", [360, 1000])
def test_it_trains_pauses_and_goes_back(width: int, show: Shower) -> None:
    page = show([Playground(hidden=[3], taken=[])], width)
    box = page.locator(".figure-box")
    begin, drawn = computed(box), picture(box)
    assert begin["steps"] == 0
    run_to(page, 300)
    after = computed(box)
    assert after["loss"][0] < begin["loss"][0] and not after["running"]
    assert after["surfaces"][1] != begin["surfaces"][1] and picture(box) != drawn
    assert "loss" in readings(box)[1]
    assert box.locator("[data-action=run]").inner_text() == "Run"
    box.locator("[data-action=reset]").click()
    assert computed(box) == begin and picture(box) == drawn


def test_without_motion_the_end_of_some_steps_is_shown(show: Shower) -> None:
    page = show([Playground()])
    page.emulate_media(reduced_motion="reduce")
    box = page.locator(".figure-box")
    box.locator("[data-action=run]").click()
    state = computed(box)
    assert 500 <= state["steps"] <= 700 and not state["running"]
    assert "loss" in readings(box)[1]


def test_the_question_is_about_what_is_shown(show: Shower) -> None:
    boxes = show([Playground(), Playground(data="spiral", hidden=[8, 8])]).locator(".figure-box")
    for box, asked in zip(boxes.all(), ("two ReLU units", "which units"), strict=True):
        assert asked in box.locator("p").first.inner_text()
    own = boxes.nth(1)
    own.locator("[data-action=step]").click()
    assert own.locator(".answer").inner_text() == ""
    own.locator("[data-param=experiment]").select_option(label="circle, squared inputs")
    assert "x₁² and x₂²" in own.locator("p").first.inner_text()
    assert "at step 500" in own.locator(".answer").inner_text()


def test_an_experiment_begins_afresh_and_answers_when_it_has_run(show: Shower) -> None:
    page = show([Playground(taken=[])])
    page.emulate_media(reduced_motion="reduce")
    box = page.locator(".figure-box")
    menu = box.locator("[data-param=experiment]")
    menu.select_option(label="circle, squared inputs")
    state, first = computed(box), Playground(**EXPERIMENTS["inputs"]["settings"], taken=[])
    assert state["steps"] == 0 and state["W"][0] == pytest.approx(first.compute()["W"][0])
    while computed(box)["steps"] < 500:  # up to 300 steps each time, without motion
        assert "stands here" in box.locator(".answer").inner_text()
        box.locator("[data-action=run]").click()
    assert box.locator(".answer").inner_text() == EXPERIMENTS["inputs"]["answer"]
    box.locator("[data-param=data]").select_option(label="two spirals")
    assert menu.locator("option:checked").inner_text() == "your own"


def run_of(name: str, steps: int | None = None, **changed: Any) -> dict[str, Any]:
    one = EXPERIMENTS[name]
    return trained(one["after"] if steps is None else steps, **(one["settings"] | changed))


def test_every_experiment_answers_truly() -> None:
    assert Playground().experiment == "circle" and Playground(hidden=[5]).experiment == ""
    assert run_of("circle")["accuracy"][0] < 0.9
    assert run_of("circle", 3000, hidden=[3])["accuracy"] == [1, 1]
    assert max(run_of("line")["accuracy"]) < 0.6
    assert run_of("line", features=["x1", "x2", "x1 x2"])["accuracy"] == [1, 1]
    assert run_of("inputs")["accuracy"] == [1, 1]
    assert np.ptp(np.reshape(run_of("twins")["W"][0], (4, 2)), axis=0).max() < 1e-12
    assert min(run_of("spiral")["accuracy"]) > 0.95
    began, fell, ended = (run_of("overfit", steps)["loss"][1] for steps in (0, 100, 1000))
    assert fell < began < ended / 2
    into, out = (np.array(W) for W in run_of("sparse")["W"])
    assert sum(np.count_nonzero(W) for W in (into, out)) == 15
    assert np.sum((into.reshape(8, 2) == 0).all(axis=1) | (out == 0)) == 3
    assert all(np.all(np.array(W) != 0) for W in run_of("sparse", penalty="l2")["W"])


def test_settings_act_from_now_on_and_beginnings_begin_again(show: Shower) -> None:
    page = show([Playground()])
    box = page.locator(".figure-box")
    page.locator("[data-param=rate]").focus()
    page.keyboard.press("ArrowRight")  # 0.3
    page.locator("[data-param=penalty]").select_option(label="L2: weights shrink")
    assert computed(box)["steps"] == 400
    for _ in range(5):
        box.locator("[data-action=step]").click()
    now = settings(rate=0.3, penalty="l2")
    replay = Playground(taken=[{"steps": 400} | settings(), {"steps": 5} | now], **now).compute()
    np.testing.assert_allclose(computed(box)["W"][0], replay["W"][0], rtol=1e-9)
    page.locator("[data-param=activation]").select_option(label="tanh")
    assert computed(box)["steps"] == 0
    box.locator("[data-action=step]").click()
    assert computed(box)["steps"] == 1


def test_layers_units_and_inputs_are_added_and_taken_away(show: Shower) -> None:
    page = show([Playground(look=2)], 360)
    box = page.locator(".figure-box")
    for action in ("more-1", "add", "more-2", "more-2", "less-1", "add", "drop"):
        box.locator(f"[data-action={action}]").click()
    box.locator("[data-feature='x1 x2']").check()
    state = computed(box)
    assert state["hidden"] == [2, 4] and state["features"] == ["x1", "x2", "x1 x2"]
    assert [len(W) for W in state["W"]] == [3 * 2, 2 * 4, 4 * 1]
    assert state["look"] == -1
    for name in ("x1", "x2", "x1 x2"):
        box.locator(f"[data-feature='{name}']").click()
    assert computed(box)["features"] == ["x1 x2"]  # the last one stays
    assert box.locator("[data-feature='x1 x2']").is_checked()
    for action in ("drop", "drop"):
        box.locator(f"[data-action={action}]").click()
    assert computed(box)["hidden"] == []
    assert box.locator("[data-action=drop]").is_disabled()


@pytest.mark.parametrize("width", [360, 1000])
def test_a_unit_is_shown_large_and_a_weight_tells_its_number(width: int, show: Shower) -> None:
    page = show([Playground()], width)
    box = page.locator(".figure-box")
    frames, area = box.locator("svg rect.ink"), box.locator(".diagram")
    corner = frame_of(area)

    def place(unit: int) -> tuple[float, float]:
        at = frame_of(frames.nth(unit))
        return at["x"] + at["width"] / 2 - corner["x"], at["y"] + at["height"] / 2 - corner["y"]

    def press(x: float, y: float) -> None:
        area.click(position={"x": x, "y": y})

    press(*place(2))
    assert computed(box)["look"] == 2
    assert "a¹₁ = ReLU(" in readings(box)[1].replace("\u00a0", " ")
    press(*place(4))
    assert computed(box)["look"] == -1
    (x1, y1), (x2, y2) = place(2), place(4)
    press((x1 + x2) / 2, (y1 + y2) / 2)
    weight = computed(box)["W"][1][0]
    label = (box.locator("svg text.halo.strong").first.text_content() or "").replace("−", "-")
    assert float(label) == pytest.approx(weight, abs=0.005)


def test_the_menu_shows_units_by_keyboard(show: Shower) -> None:
    page = show([Playground()])
    box = page.locator(".figure-box")
    shown = picture(box)
    menu = page.locator("[data-param=look]")
    assert menu.locator("option").all_inner_texts() == [
        "p, the output", "x₁", "x₂", "a¹₁", "a¹₂",
    ]  # fmt: skip
    menu.select_option(label="a¹₂")
    assert "a¹₂" in readings(box)[1] and picture(box) != shown


def test_weights_that_run_away_are_told_of(show: Shower) -> None:
    wild = settings(rate=1e200)
    page = show([Playground(activation="linear", hidden=[3], taken=[{"steps": 60} | wild], **wild)])
    box = page.locator(".figure-box")
    assert "run away" in readings(box)[1]
    assert box.locator("[data-action=run]").is_disabled()
    box.locator("[data-action=reset]").click()
    assert "run away" not in readings(box)[1]


def test_the_largest_network_steps_and_redraws_within_a_frame(show: Shower) -> None:
    page = show([Playground(data="spiral", hidden=[8] * 4, activation="tanh", method="adam")])
    typical = page.evaluate(
        """() => {
          const step = document.querySelector('[data-action=step]');
          const spent = Array.from({ length: 41 }, () => {
            const start = performance.now();
            step.click();
            return performance.now() - start;
          });
          return spent.sort((a, b) => a - b)[20];
        }"""
    )
    assert typical < 33  # twice a frame, for a busy machine


# -- the others in the page --------------------------------------------------------------------


def test_the_curves_grow_by_themselves(show: Shower) -> None:
    page = show([RegularisationBoundary()])
    page.wait_for_function(
        """() => [...document.querySelectorAll('svg path.curve')]
          .filter((path) => (path.getAttribute('d').match(/L/g) ?? []).length === 28).length >= 2""",
        timeout=30_000,
    )


def test_the_point_on_the_curve_can_be_pulled(show: Shower) -> None:
    page = show([PrecisionRecall()])
    box = page.locator(".figure-box")
    area, recalls = box.locator(".drag-area").nth(1), []
    for pull in (-60, 80):
        drag(page, area, pull)
        recalls.append(computed(box)["recall"])
    width = frame_of(area)["width"]
    assert recalls == pytest.approx([0.5 - 60 / width, 0.5 + 80 / width], abs=0.03)


def test_bugs_are_named_from_the_curves(show: Shower) -> None:
    page = show([BugHunt()], 360)
    box = page.locator(".figure-box")
    menu = page.locator("[data-param=pick]")
    dashed = box.locator("path.curve[stroke-dasharray='6 5']")
    assert "Found: 0 of 2" in readings(box)[1] and dashed.count() == 0
    menu.select_option(value="chance")
    said = readings(box)[1]
    assert "Not here" in said and "validation stays at chance" in said and dashed.count() == 6
    menu.select_option(value="slow")
    assert readings(box)[1].startswith("Right.") and "Found: 1 of 2" in readings(box)[1]
    assert dashed.count() == 0
    box.locator("[data-action=next]").click()
    assert menu.input_value() == "" and box.locator("[data-action=next]").is_disabled()
    menu.select_option(value="chance")
    assert "Found: 2 of 2" in readings(box)[1]
    runs = page.locator("[data-param=shown] option").all_inner_texts()
    assert runs == ["run 1 of 2 ✓", "run 2 of 2 ✓"]
    box.locator("[data-action=forget]").click()
    assert "Found: 0 of 2" in readings(box)[1]


def test_a_healthy_run_lies_behind(show: Shower) -> None:
    box = show([BugHunt(healthy=BugHunt().runs[0] | {"bug": None})]).locator(".figure-box")
    lines = box.locator("path.curve").count()
    box.locator("input[type=checkbox]").check()
    assert box.locator("path.curve").count() == lines + 6
