"""The figures of the chapter on Jacobians."""

import json
from itertools import pairwise

import numpy as np
from figure_pages import Hand, Shower, readings

from book.figures import Figure
from book.figures.jacobians import BatchNormPaths, LayerShapes, ModeCost
from solutions.jacobians import numerical_jacobian


def random_shapes(rng: np.random.Generator) -> Figure:
    names = ("examples", "inputs", "hidden", "classes")
    return LayerShapes(**{name: int(rng.integers(11)) for name in names})


def random_cost(rng: np.random.Generator) -> Figure:
    names = ("inputs", "width", "middle", "outputs")
    return ModeCost(**{name: int(rng.integers(11)) for name in names})


def random_paths(rng: np.random.Generator) -> Figure:
    switches = {name: bool(rng.integers(2)) for name in ("direct", "mean", "variance")}
    seed, x, gamma = int(rng.integers(1, 2**31)), rng.uniform(-4, 4), rng.uniform(-2, 2)
    return BatchNormPaths(seed=seed, x=x, gamma=gamma, **switches)


HANDS = [
    Hand(LayerShapes, random_shapes, drag=("[data-drag=hidden]", 30, 0)),
    Hand(ModeCost, random_cost, drag=(".drag-area", 60, -60)),
    Hand(BatchNormPaths, random_paths, drag=(".drag-area", -50, 0)),
]


def test_the_shapes_are_those_of_jacobians() -> None:
    N, D, H, K = 2, 4, 8, 2
    rng = np.random.default_rng(0)
    X, W, V = rng.normal(size=(N, D)), rng.normal(size=(H, D)), rng.normal(size=(K, H))
    Z = X @ W.T
    P = np.exp(Z @ V.T) / np.exp(Z @ V.T).sum(axis=1, keepdims=True)

    def softmax(s: np.ndarray) -> np.ndarray:
        e = np.exp(s.reshape(N, K))
        return (e / e.sum(axis=1, keepdims=True)).ravel()

    layers = [
        (lambda x: (x.reshape(N, D) @ W.T).ravel(), X),
        (lambda w: (X @ w.reshape(H, D).T).ravel(), W),
        (lambda z: 1 / (1 + np.exp(-z)), Z),
        (lambda a: (a.reshape(N, H) @ V.T).ravel(), Z),
        (lambda v: (Z @ v.reshape(K, H).T).ravel(), V),
        (softmax, Z @ V.T),
        (lambda p: -np.log(p.reshape(N, K)[:, :1]).mean(keepdims=True).ravel(), P),
    ]
    found = [list(numerical_jacobian(f, at.ravel()).shape) for f, at in layers]
    assert LayerShapes(examples=1, inputs=2, hidden=3, classes=1).compute()["shapes"] == found


def test_the_costs_are_those_of_the_products() -> None:
    figure = ModeCost(inputs=3, width=2, middle=4, outputs=1)
    n = figure.compute()["sizes"]
    chain = [np.ones((out, size)) for size, out in pairwise(n)]

    def counted(order: list[np.ndarray], forward: bool) -> int:
        whole, total = order[0], 0
        for J in order[1:]:
            left, right = (J, whole) if forward else (whole, J)
            total += left.shape[0] * left.shape[1] * right.shape[1]
            whole = left @ right
        return total

    costs = figure.compute()
    assert costs["forward"] == counted(chain, True)
    assert costs["reverse"] == counted(chain[::-1], False)
    assert costs["best"] <= min(costs["forward"], costs["reverse"])
    assert costs["sweep"] == sum(J.size for J in chain)


def test_a_narrow_middle_is_best_served_by_another_order() -> None:
    costs = ModeCost(inputs=10, width=10, middle=0, outputs=10).compute()
    assert costs["forward"] == costs["reverse"] > 300 * costs["best"]


def test_the_three_paths_meet_the_numerical_truth(show: Shower) -> None:
    page = show([BatchNormPaths(x=1.5, gamma=-0.7)])
    box = page.locator(".figure-box")
    assert "Missing: through the mean, through the variance" in readings(box)[1]
    for path in ("mean", "variance"):
        box.locator(f"[data-path={path}]").check()
    state = json.loads(readings(box)[0] or "{}")
    np.testing.assert_allclose(state["chosen"], state["truth"], atol=1e-6)
    assert "Nothing is missing" in readings(box)[1]
