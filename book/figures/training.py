"""Figures of the chapter on training."""

from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals
from book.figures.datasets import FEATURES, REACH, make_points, make_rows
from book.figures.experiments import EXPERIMENTS
from book.figures.small_network import BENDS, SmallNetwork, Trainer
from solutions.activations import sigmoid
from solutions.training import confusion_matrix, f_score, precision_recall_curve

# Where the tests compare the surfaces of all units, row by row from the top.
GRID = [
    [REACH * ((2 * j + 1) / 4 - 1), REACH * (1 - (2 * i + 1) / 4)]
    for i in range(4)
    for j in range(4)
]
SETTINGS = ("rate", "batch", "method", "penalty", "strength")


class Playground(Figure):
    """A network on points in the plane, trained in the page, with the surface of every unit.

    What a run begins with: `data`, `noise`, `share` (of the points, for training), `features`,
    `hidden` (units of each hidden layer), `activation`, `start` and `seed`.
    What is in force from now on: `rate`, `batch`, `method`, `penalty` and `strength`.
    `taken` lists the phases of the run so far, each a dict of its `steps` and of the five settings
    that were in force; the network is a function of these.
    `look` counts through features and hidden units: the one that is shown large; −1 is the output.
    `experiment` names the one of `experiments` whose question is asked, "" for none of them.
    """

    parts = (
        "chance",
        "datasets",
        "small_network",
        "heat_map",
        "ladder",
        "diagram",
        "playground_panel",
    )
    points = 200

    data = t.Enum(["circle", "xor", "gauss", "spiral"], "circle").tag(sync=True)
    noise = t.Float(0.1).tag(sync=True)
    share = t.Float(0.5).tag(sync=True)
    features = t.List(t.Enum(list(FEATURES)), ["x1", "x2"], minlen=1).tag(sync=True)
    hidden = t.List(t.Int(min=1, max=8), [2], maxlen=4).tag(sync=True)
    activation = t.Enum(list(BENDS), "relu").tag(sync=True)
    start = t.Enum(["random", "equal"], "random").tag(sync=True)
    seed = t.Int(1).tag(sync=True)

    rate = t.Float(0.1).tag(sync=True)
    batch = t.Int(10, min=1).tag(sync=True)
    method = t.Enum(["sgd", "adam"], "sgd").tag(sync=True)
    penalty = t.Enum(["none", "l1", "l2"], "none").tag(sync=True)
    strength = t.Float(0.003).tag(sync=True)
    taken = t.List(t.Dict()).tag(sync=True)

    look = t.Int(-1).tag(sync=True)
    speed = t.Int(5, min=1, max=25).tag(sync=True)
    running = t.Bool(False).tag(sync=True)
    experiment = t.Enum(["", *EXPERIMENTS]).tag(sync=True)
    experiments = t.Dict(EXPERIMENTS).tag(sync=True)

    @t.default("experiment")
    def one_that_begins_like_this(self) -> str:
        for name, one in EXPERIMENTS.items():
            if all(getattr(self, key) == value for key, value in one["settings"].items()):
                return name
        return ""

    @t.default("taken")
    def some_steps(self) -> list[dict[str, Any]]:
        return [{"steps": 400} | {name: getattr(self, name) for name in SETTINGS}]

    def compute(self) -> dict[str, Any]:
        places, y = make_points(self.data, self.seed, self.points, self.noise)
        X = make_rows(places, self.features)
        cut = round(self.share * self.points)
        sizes = [len(self.features), *self.hidden, 1]
        network = SmallNetwork(sizes, self.activation, self.start, self.seed)
        Trainer(network, X[:cut], y[:cut]).follow(self.taken)
        train, test = network.judge(X[:cut], y[:cut]), network.judge(X[cut:], y[cut:])
        surfaces = network.forward(make_rows(np.array(GRID), self.features))
        surfaces[-1] = sigmoid(surfaces[-1])
        return {
            "steps": sum(phase["steps"] for phase in self.taken),
            "loss": [train[0], test[0]],
            "accuracy": [train[1], test[1]],
            "W": [W.ravel().tolist() for W in network.weights],
            "b": [b.tolist() for b in network.biases],
            "surfaces": [A.ravel().tolist() for A in surfaces],
        }


class RegularisationBoundary(Figure):
    """A network with twelve tanh units, trained on thirty noisy points under a penalty.

    `penalty` l2 adds λ/2 Σ w² to the cost, l1 adds λ Σ |w|, with λ = `strength`; `seed` draws points
    and first weights.  Training is gradient descent on all points, 800 steps of rate 0.5; after
    each, l1 applies the soft threshold.
    `compute()` gives loss and accuracy on the thirty and on 400 other points, the size of the
    weights ‖w‖, how many are exactly 0, and how many hidden units still join input and output.
    """

    parts = ("chance", "datasets", "small_network", "heat_map", "ladder")
    train, test, units, steps, rate, noise = 30, 400, 12, 800, 0.5, 0.5

    penalty = t.Enum(["l2", "l1"], "l2").tag(sync=True)
    strength = t.Float(1e-4).tag(sync=True)
    seed = t.Int(3).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        X, y = make_points("moons", self.seed, self.train + self.test, self.noise)
        cut = self.train
        network = SmallNetwork([2, self.units, 1], "tanh", "random", self.seed)
        settings = dict(rate=self.rate, batch=cut, method="sgd")
        penalty = dict(penalty=self.penalty, strength=self.strength)
        Trainer(network, X[:cut], y[:cut]).follow([dict(steps=self.steps) | settings | penalty])
        train, test = network.judge(X[:cut], y[:cut]), network.judge(X[cut:], y[cut:])
        W1, W2 = network.weights
        w = np.concatenate([W1.ravel(), W2.ravel()])
        return {
            "loss": [train[0], test[0]],
            "accuracy": [train[1], test[1]],
            "size": float(np.linalg.norm(w)),
            "zeros": int(np.sum(w == 0)),
            "alive": int(np.sum(np.any(W1 != 0, axis=1) & (W2[0] != 0))),
            "p": sigmoid(network.forward(np.array(GRID))[-1][:, 0]).tolist(),
        }


class PrecisionRecall(Figure):
    """Scores of positives and negatives, a threshold, and what it makes of them.

    Of 400 examples the share `prevalence` is positive; scores are normal with standard deviation 1
    and means `separation` apart.  Positive is called what scores `threshold` or more.
    `compute()` gives the confusion matrix, precision, recall, accuracy and F_β there (β = `beta`),
    the best F_β of all thresholds, and every tenth point of the curve.
    """

    parts = ("chance", "ladder")
    examples = 400

    separation = t.Float(2.0).tag(sync=True)
    prevalence = t.Float(0.3).tag(sync=True)
    threshold = t.Float(0.0).tag(sync=True)
    beta = t.Float(1.0).tag(sync=True)
    seed = t.Int(1).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        positives = round(self.prevalence * self.examples)
        negatives = self.examples - positives
        high = normals(2 * self.seed, self.examples)[:positives] + self.separation / 2
        low = normals(2 * self.seed + 1, self.examples)[:negatives] - self.separation / 2
        scores = np.concatenate([high, low])
        labels = np.repeat([1, 0], [positives, negatives])
        counts = confusion_matrix(labels, (scores >= self.threshold).astype(int), 2)
        precision, recall, thresholds = precision_recall_curve(scores, labels)
        here = int(np.searchsorted(thresholds, self.threshold))
        f = np.asarray(f_score(precision, recall, self.beta))
        return {
            "counts": counts.tolist(),
            "precision": float(precision[here]),
            "recall": float(recall[here]),
            "accuracy": float(np.trace(counts) / self.examples),
            "f": float(f[here]),
            "best": [float(thresholds[np.argmax(f)]), float(np.max(f))],
            "curve": np.stack([recall, precision], axis=1)[::10].tolist(),
        }


def made_up(bug: str, rates: tuple[float, float], floor: float) -> dict[str, Any]:
    """A run whose curves fall exponentially, for a figure that was given none."""
    epochs = np.arange(1, 31)
    train, valid = (2.3 * np.exp(-rate * epochs) for rate in rates)
    return {
        "bug": bug,
        "train_loss": train.tolist(),
        "valid_loss": np.maximum(valid, floor).tolist(),
        "train_accuracy": (1 - 0.39 * train).tolist(),
        "valid_accuracy": (1 - 0.39 * np.maximum(valid, floor)).tolist(),
        "gradient": {"first": train.tolist(), "last": (train / 2).tolist()},
        "dead": [0.0] * 30,
    }


def rounded(value: Any) -> Any:
    """Return it with every number at 4 significant digits; what is not finite becomes None."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [rounded(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.4g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


class BugHunt(Figure):
    """Curves of training runs, each with a bug that is to be named from them.

    runs: dicts of `bug`, `train_loss`, `valid_loss`, `train_accuracy`, `valid_accuracy`, `gradient`
    (its norm in the `first` and the `last` layer) and `dead` (the share of dead units), lists with
    one number an epoch.  bugs: dicts of `key`, `name` and `tell`, the sign in the curves, in the
    order of the menu.  healthy: a run without a bug, to compare with, or {}.
    `shown` is the run on view and `picks` the key picked for each, "" for none yet.
    """

    runs = t.List(t.Dict()).tag(sync=True)
    bugs = t.List(t.Dict()).tag(sync=True)
    healthy = t.Dict().tag(sync=True)
    compare = t.Bool(False).tag(sync=True)
    shown = t.Int(0, min=0).tag(sync=True)
    picks = t.List(t.Unicode()).tag(sync=True)

    @t.default("runs")
    def some_runs(self) -> list[dict[str, Any]]:
        return rounded([made_up("slow", (0.01, 0.01), 0.0), made_up("chance", (0.15, 0.0), 2.3)])

    @t.default("bugs")
    def some_bugs(self) -> list[dict[str, str]]:
        return [
            {
                "key": "chance",
                "name": "The labels of the validation set were shuffled",
                "tell": "Training goes well, and validation stays at chance.",
            },
            {
                "key": "slow",
                "name": "The learning rate is too small",
                "tell": "Everything goes the right way, and slowly.",
            },
        ]

    @t.validate("runs", "healthy")
    def short(self, proposal: Any) -> Any:
        return rounded(proposal["value"])

    def compute(self) -> dict[str, Any]:
        picks = [*self.picks, *[""] * len(self.runs)][: len(self.runs)]
        right = [pick == run["bug"] for pick, run in zip(picks, self.runs, strict=True)]
        return {
            "shown": self.shown,
            "pick": picks[self.shown],
            "right": right[self.shown],
            "found": sum(right),
        }
