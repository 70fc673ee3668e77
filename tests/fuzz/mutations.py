"""Files damaged and forged: what is done to sound bytes, with fixed seeds."""

import json
import re

from hypothesis import strategies as st

# In the place of a number, in files of bytes and in text.
BYTES = [value.to_bytes(n, order) for n in (2, 4, 8) for order in ("little", "big") for value in
         (0, 1, 256**n - 1, 256**n // 2, 256**n // 2 - 1)]  # fmt: skip
TEXTS = ["NaN", "-Infinity", "1e400", "-1", "0", "0.5", "9" * 400, "9" * 5000, str(2**31)]
TEXTS += [str(2**63), "null", "true", '"7"', '"\\ud800"', "{}", "[" * 3000, "[" * 3000 + "]" * 3000]
_MARK = "@mark@"
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


# In the place of any value of a JSON text, or beside it.
_DEEDS = st.sampled_from(["replace", "delete", "repeat", "unknown", "wrap"])
structure = st.lists(
    st.tuples(_DEEDS, _AT, st.sampled_from([*TEXTS, "[]", '""'])), min_size=1, max_size=3
)


def restructured(whole, changes):
    """JSON lines, or one JSON text, after changes that leave it JSON, as far as junk is."""
    for deed, at, junk in changes:
        try:
            whole = _restructured(whole.decode(), deed, at, junk).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):  # junk that is no JSON was put in before
            return whole
    return whole


def _restructured(text, deed, at, junk):
    lines = text.splitlines() if text.count("}\n{") else [text]
    number = at % len(lines)
    root = {"": json.loads(lines[number])}
    places = list(_places(root))
    within, key = places[at // 7 % len(places)]
    old = json.dumps(within[key])
    if deed == "delete" and within is not root:
        del within[key]
    elif deed == "unknown" and isinstance(within[key], dict):
        within[key]["unheard of"] = _MARK
    elif deed == "repeat" and isinstance(within, dict) and within is not root:
        within[key], junk = _MARK, f"{old}, {json.dumps(key)}: {junk}"
    else:
        within[key], junk = _MARK, f"[{old}]" if deed == "wrap" else junk
    lines[number] = json.dumps(root[""]).replace(json.dumps(_MARK), junk)
    return "\n".join(lines)


def _places(value):
    """Every value in it, as what it lies in and its key or index there."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])


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
