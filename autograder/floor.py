"""What a function's time cannot fall below: its matrix products, its exponentials, its data.

The function runs once on arrays that write down which of NumPy's slow kernels it calls, and on what.
Those calls alone are then made again, and timed; so is one copy of what goes in and comes out.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

PRODUCTS = {np.matmul, np.vecdot, np.matvec, np.vecmat, np.dot, np.tensordot, np.einsum, np.inner}
CURVES = {
    *(np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.logaddexp),
    *(np.tanh, np.sinh, np.cosh, np.sin, np.cos, np.tan, np.arctan, np.power, np.float_power),
}
Call = Callable[[], Any]


class Recorded(np.ndarray):
    """An array that computes as any other and appends each slow call to `calls`."""

    calls: list[tuple[Callable, tuple, dict]] | None = None

    def __array_finalize__(self, made_from: Any) -> None:
        """Hand the list on to whatever is computed from this array."""
        self.calls = getattr(made_from, "calls", None)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        """Compute on plain arrays; write the call down if it is one of the slow ones."""
        return self._computed(getattr(ufunc, method), ufunc, inputs, named)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """The same for products that are no ufuncs; all others reach ufuncs by themselves."""
        if func in PRODUCTS:
            return self._computed(func, func, args, kwargs)
        return super().__array_function__(func, types, args, kwargs)

    def _computed(self, call: Callable, kind: Any, given: tuple, named: dict) -> Any:
        plain, options = _plain(given), {key: _plain(one) for key, one in named.items()}
        made = call(*plain, **options)
        if self.calls is not None and (kind in PRODUCTS or kind in CURVES):
            self.calls.append((kind, plain, options))
        return _recorded(made, self.calls)


def floors(function: Callable, inputs: dict[str, Any]) -> dict[str, Call]:
    """Return what to time: `BLAS`, `exp` and `memory`, those that the function has."""
    calls: list[tuple[Callable, tuple, dict]] = []
    result = function(**{name: _recorded(value, calls) for name, value in inputs.items()})
    parts = {"BLAS": [c for c in calls if c[0] in PRODUCTS]}
    parts["exp"] = [c for c in calls if c[0] in CURVES]
    found = {name: _again(some) for name, some in parts.items() if some}
    data = [*_arrays(inputs), *_arrays(result)]
    copies = [(np.empty_like(one), one) for one in data]
    return found | {"memory": lambda: _copy(copies)}


def _again(calls: list[tuple[Callable, tuple, dict]]) -> Call:
    return lambda: [call(*given, **named) for call, given, named in calls]


def _copy(pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for place, one in pairs:
        np.copyto(place, one)


def _recorded(value: Any, calls: list | None) -> Any:
    if isinstance(value, np.ndarray):
        made = value.view(Recorded)
        made.calls = calls
        return made
    if isinstance(value, list | tuple):
        return type(value)(_recorded(one, calls) for one in value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Recorded):
        return value.view(np.ndarray)
    if isinstance(value, list | tuple):
        return type(value)(_plain(one) for one in value)
    return value


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield _plain(value)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _arrays(one)
    elif isinstance(value, dict):
        yield from _arrays(list(value.values()))
