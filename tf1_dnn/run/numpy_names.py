"""NumPy as programs of 2016 to 2019 knew it, for this process: its removed names, its printing.

A name is restored only where NumPy lacks it. `np.bool` and `np.long` are there again as NumPy's
own types, which serve where Python's did. What sits in NumPy's compiled types cannot be had back:
`ndarray.tostring`, `.itemset`, `.ptp`, and the promotion of types by value.
"""

import functools
from typing import Any, Callable

# Old name: what it stood for, a Python type or another name of NumPy's.
TYPES: dict[str, type] = {
    "int": int,
    "float": float,
    "complex": complex,
    "object": object,
    "str": str,
    "unicode": str,
}
RENAMED = {
    "float_": "float64",
    "complex_": "complex128",
    "cfloat": "complex128",
    "singlecomplex": "complex64",
    "longfloat": "longdouble",
    "longcomplex": "clongdouble",
    "unicode_": "str_",
    "string_": "bytes_",
    "Inf": "inf",
    "Infinity": "inf",
    "PINF": "inf",
    "infty": "inf",
    "NaN": "nan",
    "alltrue": "all",
    "sometrue": "any",
    "product": "prod",
    "cumproduct": "cumprod",
    "round_": "round",
    "bool8": "bool_",
    "rank": "ndim",
    "mat": "asmatrix",
    "trapz": "trapezoid",
}


def restore() -> None:
    """Give NumPy back its old names, and let it print numbers in lists as it did."""
    import numpy as np

    names: dict[str, Any] = {
        **TYPES,
        **{old: getattr(np, new) for old, new in RENAMED.items() if hasattr(np, new)},
        "NINF": -np.inf,
        "asscalar": lambda a: np.asarray(a).item(),
        "in1d": lambda *args, **options: np.isin(*args, **options).ravel(),
    }
    for name, value in names.items():
        if name not in np.__dict__:
            setattr(np, name, value)
    np.reshape = _with_newshape(np.reshape)
    np.fromstring = _with_binary(np.fromstring, np.frombuffer)
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        np.set_printoptions(legacy="1.21")  # [0.25] instead of [np.float32(0.25)]


def _with_newshape(reshape: Callable[..., Any]) -> Callable[..., Any]:
    """np.reshape, whose second argument was called `newshape`."""

    @functools.wraps(reshape)
    def with_newshape(a: Any, *args: Any, **options: Any) -> Any:
        if "newshape" in options:
            args = (options.pop("newshape"), *args)
        return reshape(a, *args, **options)

    return with_newshape


def _with_binary(fromstring: Callable[..., Any], frombuffer: Callable[..., Any]) -> Any:
    """np.fromstring, which took an array's bytes where no separator was given."""

    @functools.wraps(fromstring)
    def with_binary(
        string: Any, dtype: Any = float, count: int = -1, sep: str = "", **options: Any
    ) -> Any:
        if sep == "":
            return frombuffer(string, dtype, count, **options).copy()
        return fromstring(string, dtype, count, sep=sep, **options)

    return with_binary
