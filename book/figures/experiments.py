"""Experiments for the playground: what each begins with, what it asks, and what is to be seen.

The answer is shown once the network has taken `after` steps; the tests take them, too.
"""

from typing import Any

FIRST: dict[str, Any] = dict(
    data="circle",
    noise=0.1,
    share=0.5,
    features=["x1", "x2"],
    hidden=[2],
    activation="relu",
    start="random",
    seed=1,
    rate=0.1,
    batch=10,
    method="sgd",
    penalty="none",
    strength=0.003,
)

EXPERIMENTS: dict[str, dict[str, Any]] = {
    "circle": {
        "title": "circle, two ReLU units",
        "settings": FIRST,
        "question": "can one hidden layer of two ReLU units separate the circle, "
        "if only it trains for long enough?",
        "after": 1000,
        "answer": "Two units cannot, however long they train: the blue region always runs off to "
        "infinity. Give the layer a third unit and run again; where that fails, draw new points.",
    },
    "line": {
        "title": "XOR, no hidden layer",
        "settings": FIRST | dict(data="xor", hidden=[]),
        "question": "how many of the points can a single neuron get right, "
        "and which one input would be enough for it?",
        "after": 500,
        "answer": "About half, as by guessing: no line parts opposite corners. Tick the input x₁x₂ "
        "and run again: its sign is the class, and one neuron reads it off.",
    },
    "inputs": {
        "title": "circle, squared inputs",
        "settings": FIRST | dict(features=["x1^2", "x2^2"], hidden=[]),
        "question": "without any hidden layer, can a neuron that sees x₁² and x₂² close a circle?",
        "after": 500,
        "answer": "Yes: in the plane of the two squares the circle is a straight line. "
        "Well-chosen inputs do the work of hidden units.",
    },
    "twins": {
        "title": "all weights begin equal",
        "settings": FIRST | dict(hidden=[4], activation="tanh", start="equal"),
        "question": "how will the pictures of the four hidden units differ?",
        "after": 1000,
        "answer": "Not at all: units that begin equal get equal gradients and stay equal. "
        "Let the weights begin at random, and each finds a line of its own.",
    },
    "spiral": {
        "title": "spiral, two layers of eight",
        "settings": FIRST
        | dict(
            data="spiral",
            share=0.7,
            hidden=[8, 8],
            activation="tanh",
            rate=0.01,
            method="adam",
        ),
        "question": "in which layer will you first see something that is not a straight edge?",
        "after": 2000,
        "answer": "In the second: a unit of layer 1 knows one line, one of layer 2 bends several "
        "of them together, and the output winds. Look at them large, one after the other.",
    },
    "overfit": {
        "title": "twenty noisy points",
        "settings": FIRST
        | dict(
            data="xor",
            noise=0.6,
            share=0.1,
            hidden=[8, 8],
            activation="tanh",
            rate=0.01,
            method="adam",
        ),
        "question": "what will the green loss, on the test points, do while the other goes to 0?",
        "after": 1000,
        "answer": "It falls for a while, turns, and climbs far above where it began: the network "
        "fences in single noisy points. Give it more points to train on, or a penalty.",
    },
    "sparse": {
        "title": "eight units under L1",
        "settings": FIRST
        | dict(data="xor", hidden=[8], activation="tanh", penalty="l1", strength=0.01),
        "question": "L1 pulls every weight towards 0 with the same force. "
        "How many of the 24 weights will be left?",
        "after": 2000,
        "answer": "Fifteen: the other nine are exactly 0, drawn as dots, and three units are out "
        "of the game. Take L2 instead: all weights get smaller, and none is 0.",
    },
}
