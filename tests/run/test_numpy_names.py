"""NumPy's old names mean what they meant, in the process that asked for them and in no other."""

import subprocess
import sys

import numpy as np
import pytest

# Expression: its repr. NumPy 1.18 gave these; np.rank was gone by then.
EXPRESSIONS = {
    "np.array([1.7]).astype(np.int)": "array([1])",
    "np.zeros(2, dtype=np.float).dtype": "dtype('float64')",
    "np.array([1, 'a'], dtype=np.object)": "array([1, 'a'], dtype=object)",
    "np.array([1]).astype(np.complex)": "array([1.+0.j])",
    "np.array([1, 0]).astype(np.bool)": "array([ True, False])",
    "np.array(['ab']).astype(np.str)": "array(['ab'], dtype='<U2')",
    "np.float_ is np.float64, np.unicode_ is np.str_": "(True, True)",
    "np.Inf, np.infty, np.NINF, np.NaN": "(inf, inf, -inf, nan)",
    "np.asscalar(np.array([[2.5]]))": "2.5",
    "type(np.asscalar(np.float32(3)))": "<class 'float'>",
    "np.product([2, 3]), np.cumproduct([2, 3]).tolist()": "(6, [2, 6])",
    "bool(np.alltrue([1, 0])), bool(np.sometrue([1, 0]))": "(False, True)",
    "np.rank([[1]]), np.round_(2.567, 1)": "(2, 2.6)",
    "np.zeros(1, dtype=np.bool8)": "array([False])",
    "np.in1d([[1, 2], [3, 4]], [2, 3])": "array([False,  True,  True, False])",
    "np.in1d([1, 2], [2], invert=True)": "array([ True, False])",
    "np.mat('1 2; 3 4').shape": "(2, 2)",
    "np.trapz([1, 2, 3])": "4.0",
    "np.reshape([1, 2, 3, 4], newshape=(2, 2))": "array([[1, 2],\n       [3, 4]])",
    "np.reshape([1, 2, 3, 4], newshape=[2, 2], order='F')": "array([[1, 3],\n       [2, 4]])",
    "np.reshape([1, 2], (2, 1)).shape": "(2, 1)",
    "np.fromstring(b'abc', dtype=np.uint8)": "array([97, 98, 99], dtype=uint8)",
    "np.fromstring(b'abc', np.uint8, 2).flags.writeable": "True",
    "np.fromstring('1 2', sep=' ')": "array([1., 2.])",
    "[np.float32(0.1), np.int64(3)]": "[0.1, 3]",
    "np.float64(0.1)": "0.1",
    "[old for old, new in RENAMED.items() if getattr(np, old) is not getattr(np, new)]": "[]",
    "[name for name in TYPES if getattr(np, name) is not TYPES[name]]": "[]",
}

EVALUATE = """
import sys
import numpy as np
from tf1_dnn.run.numpy_names import RENAMED, TYPES, restore

restore()
for expression in sys.argv[1:]:
    print(repr(eval(expression)), end="\\0")
"""


@pytest.fixture(scope="module")
def values():
    line = [sys.executable, "-c", EVALUATE, *EXPRESSIONS]
    process = subprocess.run(line, capture_output=True, text=True, check=True)
    return dict(zip(EXPRESSIONS, process.stdout.split("\0")))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_name_means_what_it_meant(values, expression):
    assert values[expression] == EXPRESSIONS[expression]


def test_no_other_process_has_them():
    assert not hasattr(np, "int") and not hasattr(np, "asscalar")
    assert repr(np.float32(0.5)) == "np.float32(0.5)"
