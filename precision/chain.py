"""Count the roundings on the longest path through a computation, by watching torch do it."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# What only moves numbers or picks among them rounds nothing.
EXACT = {
    "_reshape_alias", "_to_copy", "_unsafe_view", "abs", "alias", "amax", "amin", "arange", "argmax",
    "as_strided", "bernoulli", "cat", "clamp", "clamp_min", "clone", "copy", "detach", "diagonal",
    "empty", "empty_like", "eq", "expand", "eye", "fill", "flip", "full", "full_like", "gather", "ge",
    "gt", "index", "index_put", "index_select", "le", "lift_fresh", "lt", "masked_fill", "max",
    "maximum", "min", "minimum", "ne", "neg", "new_zeros", "one_hot", "ones", "ones_like", "permute",
    "relu", "repeat", "scatter", "select", "select_backward", "sgn", "sign", "slice", "sort", "split",
    "squeeze", "stack", "t", "threshold_backward", "topk", "transpose", "tril", "triu", "unbind",
    "unfold", "unsqueeze", "view", "where", "zero", "zeros", "zeros_like",
}  # fmt: skip
SIMPLE = {"add", "addcmul", "addcdiv", "div", "mul", "rsqrt", "reciprocal", "sqrt", "sub", "rsub"}
PRODUCTS = {
    "addmm",
    "addmv",
    "baddbmm",
    "bmm",
    "convolution",
    "convolution_backward",
    "dot",
    "mm",
    "mv",
}
PRODUCTS |= {"_scaled_dot_product_flash_attention_for_cpu", "linear"}
UNITS = 4  # roundings that stand for an exponential, a logarithm and other library functions


@dataclass(frozen=True)
class Path:
    """The longest path: all roundings, results written down, and matrix products."""

    length: int = 0
    results: int = 0
    products: int = 0

    def __or__(self, other: "Path") -> "Path":
        return Path(
            max(self.length, other.length),
            max(self.results, other.results),
            max(self.products, other.products),
        )


class Watch(TorchDispatchMode):
    """Follows every number to the longest path of roundings that leads to it.

    A path is kept for each piece of memory, so that what shares it, as a view does, shares the path.
    """

    def __init__(self) -> None:
        super().__init__()
        self.paths: dict[int, Path] = {}
        self.longest = Path()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Spare the seconds that importing torch's compiler takes; nothing is compiled here."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict | None = None
    ) -> Any:
        given = _tensors([args, kwargs or {}])
        came = Path()
        for one in given:
            came |= self.paths.get(_memory(one), Path())
        made = func(*args, **(kwargs or {}))
        cost = _cost(func._overloadpacket.__name__.rstrip("_"), given, _tensors(made))
        path = Path(
            came.length + cost.length, came.results + cost.results, came.products + cost.products
        )
        for one in _tensors(made):
            self.paths[_memory(one)] = path
        self.longest |= path
        return made


def _tensors(value: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def _memory(tensor: torch.Tensor) -> int:
    """Return where a tensor's numbers lie; sparse and wrapped tensors, which do not say, are their own."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):
        return id(tensor)


def _cost(name: str, given: list[torch.Tensor], made: list[torch.Tensor]) -> Path:
    """Return what one operation adds: a sum of m terms m roundings, an entrywise one 1 or UNITS."""
    if name in EXACT or not any(one.is_floating_point() or one.is_complex() for one in made):
        return Path()
    if "linalg" in name:  # a factorisation works through all of its matrix
        return Path(max(one.numel() for one in given) + UNITS, 1)
    if name in PRODUCTS:
        return Path(_terms(given, made) + 1, 1, 1)
    if name in SIMPLE:
        return Path(1, 1)
    return Path(_terms(given, made) + UNITS, 1)


def _terms(given: list[torch.Tensor], made: list[torch.Tensor]) -> int:
    """Return how many terms a sum may have: all that is given, spread over the smallest result."""
    most = max((one.numel() for one in given), default=1)
    least = min((one.numel() for one in made if one.is_floating_point() and one.numel()), default=1)
    return max(1, math.ceil(most / least))
