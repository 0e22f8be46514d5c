"""The figures of the chapter on convolution."""

import json
from typing import Any

import numpy as np
import pytest
from figure_pages import Hand, Shower, readings

from book.data import digits
from book.figures import Figure, digit_net
from book.figures.convolution import (
    EXAMPLES,
    KERNELS,
    LAYERS,
    SIDE,
    DrawADigit,
    KernelSlider,
    ReceptiveField,
    centred,
    encoded,
)
from book.figures.digit_net import FILE, SHAPES, accuracy, backward, forward, load, train
from solutions.convolution import conv2d, conv2d_backward, conv_output_size, receptive_field
from solutions.losses import cross_entropy, cross_entropy_backward, softmax

# Digits as people draw them: x and y in shares of the pad's side.


def arc(
    x: float, y: float, wide: float, high: float, start: float, end: float
) -> list[tuple[float, float]]:
    """Points along an ellipse, clockwise from `start` to `end`, in degrees from the right."""
    angles = np.radians(np.linspace(start, end, 30))
    return list(zip(x + wide * np.cos(angles), y + high * np.sin(angles), strict=True))


DRAWN = {
    0: [arc(0.5, 0.5, 0.22, 0.33, -90, 270)],
    1: [[(0.42, 0.25), (0.52, 0.15), (0.52, 0.85)]],
    2: [[*arc(0.5, 0.33, 0.2, 0.18, -170, 40), (0.3, 0.83), (0.74, 0.83)]],
    3: [arc(0.47, 0.33, 0.2, 0.17, -160, 90) + arc(0.47, 0.67, 0.22, 0.18, -90, 150)],
    4: [[(0.56, 0.15), (0.25, 0.6), (0.75, 0.6)], [(0.6, 0.35), (0.6, 0.88)]],
    5: [[(0.68, 0.16), (0.38, 0.16), (0.35, 0.45), *arc(0.48, 0.63, 0.2, 0.21, -120, 140)]],
    6: [[(0.6, 0.13), (0.45, 0.3), (0.34, 0.5), *arc(0.5, 0.66, 0.18, 0.19, 180, -180)]],
    7: [[(0.27, 0.17), (0.73, 0.17), (0.45, 0.86)]],
    8: [arc(0.5, 0.33, 0.16, 0.17, 90, -270) + arc(0.5, 0.68, 0.19, 0.18, -90, 270)],
    9: [[*arc(0.5, 0.34, 0.18, 0.19, 0, -360), (0.66, 0.5), (0.6, 0.88)]],
}


def strokes_of(digit: int, size: float = 1, shift: float = 0) -> list[list[float]]:
    drawn = [size * np.array(points).ravel() + shift for points in DRAWN[digit]]
    return [points.round(3).tolist() for points in drawn]


# -- hands -------------------------------------------------------------------------------------


def random_kernel(rng: np.random.Generator) -> Figure:
    own = (rng.integers(-6, 7, size=9) / 2).tolist()
    return KernelSlider(
        image=(rng.integers(17, size=SIDE**2) / 16).tolist(),
        kernel=own if rng.random() < 0.6 else KERNELS[str(rng.choice(list(KERNELS)))],
        stride=int(rng.integers(1, 5)),
        padding=int(rng.integers(4)),
        dilation=int(rng.integers(1, 4)),
        at=int(rng.integers(256)),
    )


def random_drawing(rng: np.random.Generator) -> Figure:
    kind = rng.integers(4)
    strokes = strokes_of(int(rng.integers(10)), rng.uniform(0.3, 1.1), rng.uniform(-0.1, 0.3))
    return DrawADigit(
        example=-1 if kind < 2 else int(rng.integers(len(EXAMPLES))),
        strokes=[[0.31, 0.62]] if kind == 1 else strokes if kind in (0, 2) else [],
        layer=str(rng.choice(LAYERS)),
        map=int(rng.integers(16)),
        row=int(rng.integers(28)),
        column=int(rng.integers(28)),
    )


def random_stack(rng: np.random.Generator) -> Figure:
    layers = [
        [int(rng.choice([1, 2, 3, 5, 7])), int(rng.integers(1, 4)), int(rng.choice([1, 2, 4, 8]))]
        for _ in range(rng.integers(1, 5))
    ]
    return ReceptiveField(layers=layers, depth=int(rng.integers(1, 5)), unit=int(rng.integers(40)))


HANDS = [
    Hand(KernelSlider, random_kernel, drag=("[data-drag=input]", 40, 30)),
    Hand(DrawADigit, random_drawing, drag=("[data-drag=pad]", 60, 40), reads=False),
    Hand(ReceptiveField, random_stack, drag=("[data-drag=stack]", 60, 0)),
]


def state_of(box: Any) -> dict[str, Any]:
    return json.loads(readings(box)[0] or "{}")


# -- the trained net ---------------------------------------------------------------------------


def logits_of(images: np.ndarray) -> np.ndarray:
    return forward(load(), images.reshape(-1, 1, 28, 28))["logits"]


def test_the_net_is_small_and_reads_the_test_digits() -> None:
    X, labels = digits()[2:]
    logits = logits_of(X)
    right = np.argmax(logits, axis=1) == labels
    assert sum(p.size for p in load().values()) == 7146
    assert FILE.stat().st_size < 200_000
    assert right.mean() == 0.985
    assert list(EXAMPLES[:10]) == [np.flatnonzero(right & (labels == k))[0] for k in range(10)]
    wrong = np.flatnonzero(~right)
    misread = wrong[np.argsort(-softmax(logits[wrong]).max(axis=1))]
    first = [next(n for n in misread if labels[n] == k) for k in dict.fromkeys(labels[misread])]
    assert list(EXAMPLES[10:]) == first[:6]


def test_the_gradients_that_trained_it_are_derivatives() -> None:
    rng = np.random.default_rng(3)
    params = {name: rng.normal(0, 0.3, shape) for name, shape in SHAPES.items()}
    X, labels = rng.random((2, 1, 28, 28)), np.array([3, 8])

    def loss() -> float:
        return float(cross_entropy(forward(params, X)["logits"], labels))

    maps = forward(params, X)
    gradients = backward(params, X, maps, cross_entropy_backward(maps["logits"], labels))
    for name, p in params.items():
        for i in rng.integers(p.size, size=5):
            kept, ends = p.flat[i], []
            for p.flat[i] in (kept + 1e-6, kept - 1e-6):
                ends.append(loss())
            p.flat[i] = kept
            assert abs((ends[0] - ends[1]) / 2e-6 - gradients[name].flat[i]) < 1e-6, name


def test_training_is_a_matter_of_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digit_net, "EPOCHS", 2)
    X, labels = digits()[:2]
    few = X[:300].reshape(-1, 1, 28, 28).astype(np.float32)
    one, two = (train(few, labels[:300], np.random.default_rng(5)) for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for name in SHAPES)
    assert accuracy(one, X[:300], labels[:300]) > 0.2


@pytest.mark.parametrize("size, shift", [(1, 0), (0.4, 0.05), (0.4, 0.55)])
def test_drawn_digits_are_recognised(size: float, shift: float) -> None:
    for digit in DRAWN:
        strokes = [np.reshape(one, (-1, 2)) for one in strokes_of(digit, size, shift)]
        assert np.argmax(logits_of(centred(strokes))) == digit


def test_drawn_digits_lie_as_those_of_mnist() -> None:
    images = digits()[2].reshape(-1, 28, 28)
    middles = np.arange(28) + 0.5

    def place(image: np.ndarray) -> tuple[float, float, int]:
        held = image.any(axis=0).sum(), image.any(axis=1).sum()
        mass = image.sum()
        return np.sum(image * middles) / mass, np.sum(image.T * middles) / mass, max(held)

    theirs = np.median([place(image) for image in images], axis=0)
    for digit in DRAWN:
        ours = place(centred([np.reshape(one, (-1, 2)) for one in strokes_of(digit)]))
        assert np.allclose(ours[:2], theirs[:2], atol=0.35) and abs(ours[2] - theirs[2]) <= 1


def test_what_the_figure_says_of_its_first_maps() -> None:
    upright, level = np.array([[0.5, 0.2], [0.5, 0.8]]), np.array([[0.2, 0.5], [0.8, 0.5]])
    images = np.stack([centred([upright]), centred([level])])[:, None]
    answers = forward(load(), images)["relu1"].sum(axis=(2, 3))
    ratio = answers[0] / answers[1]
    assert 6.5 < ratio[4] < 8.5 and 2 < 1 / ratio[3] < 1 / ratio[0] < 3.8
    others = ratio[[1, 2, 5, 6, 7]]
    assert np.all((others > 0.6) & (others < 2.2))


# -- the pad -----------------------------------------------------------------------------------


def test_every_pixel_of_every_map_agrees(show: Shower) -> None:
    page = show([DrawADigit()])
    rng = np.random.default_rng(7)
    for image in (centred([np.reshape(one, (-1, 2)) for one in strokes_of(5)]), rng.random(784)):
        theirs = page.evaluate(
            """async ([source, weights, image]) => {
              const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
              const { forward, decoded } = (await import(address)).default;
              const { maps, scores } = forward(decoded(weights), Float64Array.from(image));
              const lists = Object.entries(maps).map(([name, values]) => [name, [...values]]);
              return { ...Object.fromEntries(lists), logits: scores };
            }""",
            [DrawADigit._esm, encoded(load()), image.ravel().tolist()],
        )
        for name, ours in forward(load(), image.reshape(1, 1, 28, 28)).items():
            np.testing.assert_allclose(theirs[name], ours.ravel(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("digit", [1, 4, 7, 8])
def test_the_mouse_draws_a_digit_that_the_net_reads(digit: int, show: Shower) -> None:
    page = show([DrawADigit()], 360)
    page.locator("[data-action=clear]").click()
    pad = page.locator("[data-drag=pad]")
    pad.scroll_into_view_if_needed()
    frame = pad.bounding_box()
    assert frame
    for stroke in DRAWN[digit]:
        places = [
            (frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in stroke
        ]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=3)
        page.mouse.up()
    assert f"The net says {digit} " in readings(page.locator(".figure-box"))[1]
    page.locator("[data-action=undo]").click()
    assert len(state_of(page.locator(".figure-box"))["strokes"]) == len(DRAWN[digit]) - 1


def test_the_keys_draw_too(show: Shower) -> None:
    page = show([DrawADigit(pen=[0.5, 0.2])])
    box = page.locator(".figure-box")
    page.locator("[data-action=clear]").click()
    page.locator("[data-action=pen]").focus()
    page.keyboard.press("ArrowDown")  # the pen is up: it moves and leaves no ink
    assert state_of(box)["strokes"] == []
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    (stroke,) = state_of(box)["strokes"]
    assert len(stroke) == 2 * 17 and set(stroke[::2]) == {0.5}
    assert "The net says 1 " in readings(box)[1]


def test_test_digits_come_and_a_map_is_enlarged(show: Shower) -> None:
    page = show([DrawADigit()], 360)
    box = page.locator(".figure-box")
    for at, n in enumerate(EXAMPLES):
        page.locator(f"[data-example='{at}']").click()
        assert ("misread" in readings(box)[1]) == (at >= 10)
        np.testing.assert_allclose(state_of(box)["image"], digits()[2][n])
    page.locator("[data-map='conv2 11']").click(position={"x": 20, "y": 20})
    assert "convolution 2, map 12, row 7, column 7" in readings(box)[1]
    assert len(state_of(box)["saw"]) == 8 * 9
    page.locator("[data-class='4']").click()
    assert "evidence for class 4" in readings(box)[1]


def test_a_move_of_the_pen_costs_little(show: Shower) -> None:
    page = show([DrawADigit(example=-1, strokes=strokes_of(8))])
    ratio = page.evaluate(
        """() => {
          const [key] = document.querySelectorAll("[data-action=pen]");
          key.click();
          const move = (i) => {
            const step = i % 2 ? "ArrowLeft" : "ArrowRight";
            key.dispatchEvent(new KeyboardEvent("keydown", { key: step }));
          };
          const numbers = new Float64Array(1000).fill(0.5);
          const products = () => {
            let total = 0;
            for (let k = 0; k < 5000; k++)
              for (let n = 0; n < 1000; n++) total += numbers[n] * numbers[n];
            if (total < 0) throw total;
          };
          const timed = (work, i) => {
            const start = performance.now();
            work(i);
            return performance.now() - start;
          };
          const spent = Array.from({ length: 25 }, (_, i) => timed(move, i) / timed(products, i));
          return spent.sort((a, b) => a - b)[12];
        }"""
    )
    # Five million products take some 5 ms and a frame is 16.7: measured side by side, so that a
    # busy machine slows both.
    assert ratio < 6


def test_the_pad_is_cleared_beside_it_too(show: Shower) -> None:
    page = show([DrawADigit()], 360)
    box = page.locator(".figure-box")
    assert "single stroke" in (box.locator(".answer").text_content() or "")
    pad, clear = (box.locator(one).bounding_box() for one in ("[data-drag=pad]", "[data-clear]"))
    assert pad and clear and clear["y"] + clear["height"] <= pad["y"] + pad["height"]
    box.locator("[data-clear]").click()
    assert state_of(box)["example"] == -1 and not any(state_of(box)["image"])


def test_a_finger_scrolls_over_the_input_unless_it_paints(show: Shower) -> None:
    box = show([KernelSlider()], 360).locator(".figure-box")
    touch = "node => getComputedStyle(node).touchAction"
    assert box.locator("[data-drag=input]").evaluate(touch) == "pan-y"
    box.locator("[data-param=paint]").check()
    assert box.locator("[data-drag=input]").evaluate(touch) == "none"


# -- the kernel --------------------------------------------------------------------------------


def test_a_prediction_is_judged(show: Shower) -> None:
    page = show([KernelSlider()], 360)
    box = page.locator(".figure-box")
    assert box.locator(".answer").is_hidden()
    box.locator("[data-param=guess]").fill("7")
    box.locator("[data-action=try]").click()
    assert "You said 7" in (box.locator(".answer").text_content() or "")
    assert state_of(box)["size"] == conv_output_size(SIDE, 3, 2, 1, 1) == 6
    assert state_of(box)["place"] == [3, 3]  # as near to the place before, (5, 5) at stride 1
    box.locator("[data-action=next]").click()
    box.locator("[data-param=guess]").fill("12")
    box.locator("[data-param=guess]").press("Enter")
    assert (box.locator(".answer").text_content() or "").startswith("Right")


def test_the_image_is_painted_and_the_kernel_edited(show: Shower) -> None:
    page = show([KernelSlider()], 360)
    box = page.locator(".figure-box")
    before = state_of(box)
    box.locator("[data-weight='4']").fill("-2.5")
    assert state_of(box)["kernel"][4] == -2.5
    assert box.locator("[data-weight='1']").input_value() == "0"
    box.locator("[data-action=flip]").click()
    flipped = state_of(box)
    assert flipped["window"][4] == 1 - round(before["window"][4])
    box.locator("[data-param=paint]").check()
    box.locator("[data-drag=input]").click(position={"x": 6, "y": 6})
    assert state_of(box)["image"][0] == 1 and state_of(box)["place"] == flipped["place"]
    for key, low, high in (("stride", 1, 4), ("padding", 0, 3), ("dilation", 1, 3)):
        for _ in range(high - low):
            box.locator(f"[data-step='{key} 1']").click()
        assert box.locator(f"[data-step='{key} 1']").is_disabled()
        assert state_of(box)[key] == high


# -- the stack ---------------------------------------------------------------------------------


def test_paths_are_the_gradient_of_ones() -> None:
    found = ReceptiveField(layers=[[5, 1, 1], [2, 2, 1], [3, 2, 1]], depth=3, unit=1).compute()
    side = found["counts"][0]
    X, ones = np.zeros((1, 1, side, side)), lambda k: np.ones((1, 1, k, k))
    inputs = [X]
    for k, s in ((5, 1), (2, 2)):
        inputs.append(conv2d(inputs[-1], ones(k), np.zeros(1), s, 0))
    G = np.zeros_like(conv2d(inputs[-1], ones(3), np.zeros(1), 2, 0))
    G[0, 0, 1, 1] = 1
    for (k, s), below in zip(((3, 2), (2, 2), (5, 1)), inputs[::-1], strict=True):
        G = conv2d_backward(G, below, ones(k), s, 0)[0]
    first, paths = found["first"], np.array(found["paths"])
    seen = G[0, 0, first : first + len(paths), first : first + len(paths)]
    np.testing.assert_array_equal(seen, np.outer(paths, paths))
    assert G.sum() == paths.sum() ** 2 and len(paths) == found["fields"][-1]


def test_the_variance_of_paths_adds_up_layer_by_layer() -> None:
    layers = [[3, 1, 1], [5, 2, 2], [2, 2, 1], [3, 1, 4]]
    found = ReceptiveField(layers=layers, depth=4).compute()
    steps = [
        (jump * d) ** 2 * (k * k - 1) / 12
        for (k, _, d), jump in zip(layers, found["jumps"], strict=False)
    ]
    assert np.isclose(found["spread"] ** 2, sum(steps))


def test_layers_are_added_changed_and_removed(show: Shower) -> None:
    page = show([ReceptiveField()], 360)
    box = page.locator(".figure-box")
    box.locator("[data-action=add]").click()
    assert state_of(box)["fields"][-1] == 9
    box.locator("[data-layer='1 stride']").select_option("2")
    assert state_of(box)["fields"][-1] == 13
    assert "Four see 9" in (box.locator(".answer").text_content() or "")
    box.locator("[data-remove='0']").click()
    assert state_of(box)["layers"] == [[3, 2, 1], [3, 1, 1], [3, 1, 1]]
    box.locator("[data-drag=stack]").click(position={"x": 60, "y": 110})
    assert state_of(box)["unit"][0] == 2
    before = state_of(box)["unit"]
    area = box.locator("[data-drag=stack]")
    area.hover(position={"x": 200, "y": 110})
    assert state_of(box)["unit"][0] == 2 and state_of(box)["unit"][1] > before[1]
    hovered = state_of(box)
    area.hover(position={"x": 100, "y": 60})  # between two layers: nothing is meant
    assert state_of(box) == hovered
    menu = box.locator("select[data-param=layers]")
    for name in menu.locator("option").all_text_contents()[:-1]:
        menu.select_option(name)
        layers = [(k, s, d) for k, s, d in state_of(box)["layers"]]
        assert state_of(box)["fields"][-1] == receptive_field(layers)
