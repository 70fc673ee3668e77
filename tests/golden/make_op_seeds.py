"""Records the op seeds and the sizes that small programs' graphs have on TensorFlow 1.15.5.

    python make_op_seeds.py --out op_seeds.json
    python make_op_seeds.py --out op_seeds_eager.json --only eager

The programs are the lines of op_seeds.txt. Each is built in a graph of its own with a graph seed.
Kept of it: the op seed that the next op would get, the two seeds of every op that has them, in the
graph and in its functions, and a checksum of what two runs of its last value give, if anything is
random in it. Programs of the group `eager` are executed eagerly: of them, the checksum.
"""

import argparse
import ast
import collections
import json
import os
import re
import zlib

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
GRAPH_SEED = 42
# Ops that take their seeds as inputs.
SEED_INPUTS = {
    "ShuffleDataset": (2, 3),
    "ShuffleDatasetV2": (2,),
    "ShuffleDatasetV3": (2, 3),
    "ShuffleAndRepeatDataset": (2, 3),
    "ShuffleAndRepeatDatasetV2": (2, 3),
    "RandomDataset": (0, 1),
    "SamplingDataset": (2, 3),
    "AnonymousSeedGenerator": (0, 1),
    "AnonymousRandomSeedGenerator": (0, 1),
}


def read_programs(path):
    """The file as (group, line, program)."""
    group, template = None, "{}"
    for line in re.sub(r"\n    ", "\x00", open(path).read()).splitlines():
        heading = re.match(r"\[([\w ]+)\](.*)", line)
        if heading:
            group, template = heading.group(1), heading.group(2).strip() or "{}"
        elif line.strip() and not line.startswith("#"):
            line = line.replace("\x00", "\n")
            before, after = [re.sub(r"^; |; $", "\n", part) for part in template.split("{}")]
            yield group, line, before + line + after


def names():
    """What the programs use beside tf and np: p, pi and v make placeholders and variables."""

    def p(*shape, **options):
        return tf.placeholder(options.get("dtype", tf.float32), shape)

    def pi(*shape):
        return tf.placeholder(tf.int32, shape)

    def v(*shape):
        return tf.get_variable("v%d" % len(shape), shape, initializer=tf.zeros_initializer())

    return {"tf": tf, "np": np, "p": p, "pi": pi, "v": v}


def nodes(graph_def):
    """(function or None, NodeDef, the nodes that stand beside it by name)."""
    beside = {node.name: node for node in graph_def.node}
    for node in graph_def.node:
        yield None, node, beside
    for function in graph_def.library.function:
        beside = {node.name: node for node in function.node_def}
        for node in function.node_def:
            yield function.signature.name, node, beside


def number(node, beside):
    """The value of a constant; of what tf.data derives from constants, the constant meant."""
    if node is None:
        return None
    if node.op == "Const":
        return int(tf.make_ndarray(node.attr["value"].tensor))
    if node.op in ("Select", "SelectV2"):
        return number(beside.get(node.input[2].split(":")[0]), beside)
    return None


def seeds(graph_def):
    """[op type, seed, seed2] of the graph's ops in order, then of its functions', sorted."""
    found = collections.OrderedDict()
    for function, node, beside in nodes(graph_def):
        entry = None
        if "seed2" in node.attr:
            entry = [node.op, node.attr["seed"].i, node.attr["seed2"].i]
        elif node.op in SEED_INPUTS:
            inputs = [beside.get(node.input[i].split(":")[0]) for i in SEED_INPUTS[node.op]]
            entry = [node.op] + [number(i, beside) for i in inputs]
        if entry is not None:
            found.setdefault(function, []).append(entry)
    in_graph = found.pop(None, [])
    return in_graph, sorted({json.dumps(entries) for entries in found.values()})


def run(program, space):
    """Execute it; returns the value of its last statement, None if that has none."""
    body = ast.parse(program)
    last = body.body.pop() if isinstance(body.body[-1], ast.Expr) else None
    exec(compile(body, "program", "exec"), space)
    return last and eval(compile(ast.Expression(last.value), "program", "eval"), space)


def tensors(value):
    """The tensors that can be run among what a program's last statement gave."""
    found = [t for t in tf.nest.flatten(value) if hasattr(t, "dtype") and hasattr(t, "graph")]
    return [t for t in found if t.dtype.base_dtype not in (tf.resource, tf.variant)]


def checksum(arrays):
    """One number for the bits of all arrays."""
    return zlib.crc32(b"".join(np.asarray(array).tobytes() for array in arrays))


def drawn(value):
    """A checksum of what two runs give; None where nothing can be run."""
    graph = tf.get_default_graph()
    if any(op.type == "Placeholder" for op in graph.get_operations()) or not tensors(value):
        return None
    kept = tf.global_variables() + tf.local_variables() + tf.get_collection("mine")
    initializer = tf.variables_initializer(kept)
    with tf.Session() as sess:
        sess.run([initializer, tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)])
        return checksum([array for _ in range(2) for array in sess.run(tensors(value))])


def record(program, types):
    """What one program's graph is: its size, the seeds in it and in its functions, its values."""
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(GRAPH_SEED)
        np.random.seed(GRAPH_SEED)  # tf.keras draws some seeds from NumPy
        try:
            value = run(program, names())
            result = [tf.get_seed(None)[1], *seeds(graph.as_graph_def())]
            result.append(drawn(value) if result[1] or result[2] else None)
        except Exception as error:
            return ["%s: %s" % (type(error).__name__, str(error)[:300])]
    return result + [[op.type for op in graph.get_operations()]] if types else result


def record_eagerly(program, _):
    """A checksum of what one program gives."""
    tf.set_random_seed(GRAPH_SEED)
    np.random.seed(GRAPH_SEED)
    return [checksum(tf.nest.flatten(run(program, names())))]


def main():
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("--out", required=True)
    add("--only", nargs="+", metavar="GROUP", help="these groups alone")
    add("--types", action="store_true", help="the types of all ops too, to see which one differs")
    given = parser.parse_args()
    programs = list(read_programs(os.path.join(HERE, "op_seeds.txt")))
    eager = given.only == ["eager"]
    if eager:
        tf.enable_eager_execution()
    results = collections.OrderedDict()
    for group, line, program in programs:
        key = "%s: %s" % (group, line)
        assert key not in results, key
        if group in given.only if given.only else group != "eager":
            results[key] = (record_eagerly if eager else record)(program, given.types)
    lines = ["%s: %s" % (json.dumps(key), json.dumps(value)) for key, value in results.items()]
    with open(given.out, "w") as file:
        file.write("{\n%s\n}\n" % ",\n".join(lines))


if __name__ == "__main__":
    main()
