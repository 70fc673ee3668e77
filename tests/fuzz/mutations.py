"""Files damaged and forged: what is done to sound bytes, with fixed seeds."""

import re

from hypothesis import strategies as st

# In the place of a number, in files of bytes and in text.
BYTES = [value.to_bytes(n, order) for n in (2, 4, 8) for order in ("little", "big") for value in
         (0, 1, 256**n - 1, 256**n // 2, 256**n // 2 - 1)]  # fmt: skip
TEXTS = ["NaN", "-Infinity", "1e400", "-1", "0", "0.5", "9" * 400, "9" * 5000, str(2**31)]
TEXTS += [str(2**63), "null", "true", '"7"', '"\\ud800"', "{}", "[" * 3000, "[" * 3000 + "]" * 3000]
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|null|true|false")

_AT = st.integers(0, 2**24 - 1)
_CHANGES = st.one_of(
    st.tuples(st.just("flip"), _AT, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("flip"), _AT, st.sampled_from(BYTES)),
    st.tuples(st.just("insert"), _AT, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("cut"), _AT, st.just(b"")),
    st.tuples(st.just("delete"), _AT, st.binary(max_size=64)),
    st.tuples(st.just("double"), _AT, st.binary(max_size=64)),
    st.tuples(st.just("number"), _AT, st.sampled_from(TEXTS).map(str.encode)),
)
changes = st.lists(_CHANGES, min_size=1, max_size=5)


def mutated(whole, changes):
    """`whole` after all the changes, each a kind, a place and some bytes."""
    for kind, at, junk in changes:
        whole = _changed(whole, kind, at % max(len(whole), 1), junk)
    return whole


def _changed(whole, kind, at, junk):
    if kind == "flip":
        return whole[:at] + junk + whole[at + len(junk) :]
    if kind == "insert":
        return whole[:at] + junk + whole[at:]
    if kind == "cut":
        return whole[:at]
    if kind == "delete":
        return whole[:at] + whole[at + len(junk) :]
    if kind == "double":
        return whole[:at] + whole[at : at + len(junk)] + whole[at:]
    numbers = list(_NUMBER.finditer(whole))
    if not numbers:
        return whole
    number = numbers[at % len(numbers)]
    return whole[: number.start()] + junk + whole[number.end() :]
