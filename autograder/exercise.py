"""An exercise is declared once: what is asked, on which inputs, who agrees, which mistakes people make.

The check in the notebook, the grading of a class, the tests, the benchmarks and the book's notes on
common mistakes are all derived from this one declaration.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Inputs = dict[str, Any]
Decorator = Callable[[Callable], Callable]


class Function:
    """A callable input, kept as source so that it can travel to another process.

    `Function("lambda theta: np.sum(theta ** 3)")` is called like the function it spells.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._call = eval(
            source, {"np": np}
        )  # the source stands in a declaration, never in an answer

    def __call__(self, *args: Any) -> Any:
        return self._call(*args)

    def __repr__(self) -> str:
        return self.source


@dataclass(frozen=True)
class Seed:
    """A Generator input: every call of the answer receives a fresh `np.random.default_rng(seed)`."""

    seed: int


@dataclass(frozen=True)
class Case:
    """One set of inputs; the label completes the sentence "wrong for …"."""

    label: str
    inputs: Inputs


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and the sentence that helps them."""

    answer: Callable
    advice: str

    @property
    def name(self) -> str:
        return self.answer.__name__.replace("_", " ")


@dataclass
class Exercise:
    """What an answer must satisfy.

    reference: the answer of `solutions`; its name, module and docstring are the exercise's.
    points: what it is worth in a course.  see: the label of the equation it belongs to.
    returns: names of the results, comma separated, for the messages.
    rtol: how far float64 results may lie from the reference, relative to the largest entry; for a
    random result, how far the numbers of its law may.
    seconds: how long the answer may take over all cases before it counts as hanging.
    """

    reference: Callable
    points: int = 1
    see: str = ""
    returns: str = ""
    rtol: float = 1e-9
    seconds: float = 5.0
    mistakes: list[Mistake] = field(default_factory=list)
    alternatives: list[Callable] = field(default_factory=list)
    stages: tuple[str, ...] = ()
    torch_ready: Callable[[Inputs], Callable[[], Any]] | None = None
    by_other: Callable | None = None
    by_loop: Callable | None = None
    in_terms: Callable | None = None
    in_law: Callable | None = None
    in_bounds: Callable | None = None
    large: Callable[[np.random.Generator], Inputs] | None = None
    _draw: Callable[[np.random.Generator], Iterator[tuple[str, Inputs]]] | None = None

    @property
    def name(self) -> str:
        return self.reference.__name__

    @property
    def slug(self) -> str:
        """The chapter's name, shared by manuscript, reference and declaration."""
        return self.reference.__module__.rpartition(".")[2]

    @property
    def results(self) -> list[str]:
        return [name.strip() for name in self.returns.split(",")] if self.returns else []

    def draw(self, seed: int | np.random.SeedSequence) -> list[Case]:
        """The cases that this seed gives."""
        if self._draw is None:
            raise ValueError(
                f"{self.name} declares no cases: decorate a function with @{self.name}.cases"
            )
        return [Case(*pair) for pair in self._draw(np.random.default_rng(seed))]

    # -- the words of a declaration ------------------------------------------------------------

    def cases(self, draw: Callable) -> Callable:
        """Draw inputs that tell mistakes apart: yield (label, inputs) pairs."""
        self._draw = draw
        return draw

    def hints(self, *stages: str) -> None:
        """What `hint` says, one stage at a time, from a question to nearly the line."""
        self.stages = stages

    def torch(self, says: Callable) -> Callable:
        """The same quantity by torch: `says(torch, *inputs)` with arrays as tensors."""

        def ready(inputs: Inputs) -> Callable[[], Any]:
            import torch

            tensors = as_tensors(torch, inputs)
            return lambda: says(torch, **tensors)

        self.torch_ready = ready
        return says

    def gradient(self, *wrt: str) -> Decorator:
        """A backward's oracle: torch differentiates the decorated forward with respect to `wrt`.

        The upstream gradient is the exercise's first argument.
        """

        def decorate(forward: Callable) -> Callable:
            def ready(inputs: Inputs) -> Callable[[], Any]:
                import torch

                tensors = as_tensors(torch, inputs)
                upstream = tensors.pop(next(iter(inspect.signature(self.reference).parameters)))
                leaves = [leaf.requires_grad_() for name in wrt for leaf in _listed(tensors[name])]

                def differentiate() -> Any:
                    found = torch.autograd.grad(forward(torch, **tensors), leaves, upstream)
                    return found if len(found) > 1 else found[0]

                return differentiate

            self.torch_ready = ready
            return forward

        return decorate

    @property
    def by_torch(self) -> Callable | None:
        """Torch's answer to inputs that are arrays, in arrays; None if torch has none."""
        ready = self.torch_ready
        return None if ready is None else lambda **inputs: as_arrays(ready(inputs)())

    def oracle(self, says: Callable) -> Callable:
        """An independent answer where torch has none: SciPy, an enumeration, a slow loop."""
        self.by_other = says
        return says

    def mistake(self, advice: str) -> Decorator:
        """A wrong answer that people give; its name, underscores as spaces, is what they read."""

        def decorate(answer: Callable) -> Callable:
            self.mistakes.append(Mistake(answer, advice))
            return answer

        return decorate

    def alternative(self, answer: Callable) -> Callable:
        """Another right answer, which must be accepted."""
        self.alternatives.append(answer)
        return answer

    def loop(self, answer: Callable) -> Callable:
        """The plain Python loop: one more right answer, and the slow side of the benchmark."""
        self.by_loop = answer
        return self.alternative(answer)

    def terms(self, parts: Callable) -> Callable:
        """For each result the named parts whose sum it is: `({"the direct path": …, …}, …)`."""
        self.in_terms = parts
        return parts

    def law(self, says: Callable) -> Callable:
        """What does not hang on the numbers drawn: a random result is judged by this, not by itself.

        `says(result, **inputs)` gives a dict of numbers and arrays, all finite for a right result;
        its keys complete the sentence "it is off in …".  Results must be large enough for the law
        to show within `rtol`.  Type, shape and dtype are compared as ever.
        """
        self.in_law = says
        return says

    def certified(self, says: Callable) -> Callable:
        """What must hold for a result that is not the only right one, such as a network's weights.

        `says(result, **inputs)` gives a dict: what is bounded → (how large it is, how large it may
        be), two numbers; its keys complete the sentence "… is 0.3, and may be 0.2 at most".  The
        first is proven by computation, never a maximum over samples.  The result has the
        reference's form.  Type, shape and dtype are compared as ever.
        """
        self.in_bounds = says
        return says

    @property
    def by_property(self) -> bool:
        """Whether results are judged by what holds for them, and not number by number."""
        return self.in_law is not None or self.in_bounds is not None

    def bounds(self, result: Any, inputs: Inputs) -> dict[str, tuple[float, float]]:
        """What is certified of a result: (how large it is, how large it may be)."""
        assert self.in_bounds is not None
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return self.in_bounds(result, **inputs)

    def compared(self, result: Any, inputs: Inputs) -> Any:
        """What of a result is compared: the whole, what is declared of its law, or how far it passes
        the bounds that it must keep, which is 0 for everything right."""
        if self.in_bounds is not None:
            held = self.bounds(result, inputs)
            return {name: float(np.maximum(size - most, 0)) for name, (size, most) in held.items()}
        if self.in_law is None:
            return result
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return self.in_law(result, **inputs)

    def benchmark(self, draw: Callable) -> Callable:
        """Inputs of a realistic size, on which `make bench` compares the reference with torch."""
        self.large = draw
        return draw


def as_tensors(torch: Any, value: Any) -> Any:
    """Arrays become tensors on torch's default device, whatever holds them; all else stays."""
    if isinstance(value, np.ndarray):
        tensor = torch.from_numpy(np.ascontiguousarray(value).copy())
        return tensor.to(torch.get_default_device())
    if isinstance(value, dict):
        return {key: as_tensors(torch, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(as_tensors(torch, item) for item in value)
    return value


def as_arrays(value: Any) -> Any:
    """Tensors become arrays, whatever holds them; everything else stays."""
    if isinstance(value, list | tuple):
        return tuple(as_arrays(item) for item in value)
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _listed(value: Any) -> list:
    return list(value) if isinstance(value, list | tuple) else [value]
