"""The code blocks of the rules' pages, run: the minimal wrong and right graph of each rule."""

import importlib.resources
import re

from tf1_dnn import check
from tf1_dnn.compat import tf, tf1_warnings_silenced

EXPLAIN = importlib.resources.files(check) / "explain"


def code(rule_id):
    """The one python block of a rule's page."""
    (block,) = re.findall(
        r"^```python\n(.*?)^```", (EXPLAIN / f"{rule_id}.md").read_text("utf-8"), re.M | re.S
    )
    return block


def build(rule_id, name):
    """What `wrong` or `right` of the page builds: its tf.Graph and the train op it names."""
    namespace = {}
    exec(compile(code(rule_id), f"{rule_id}.md", "exec"), namespace)
    with tf.Graph().as_default() as graph, tf1_warnings_silenced():
        return graph, namespace[name]()


def findings(rule_id, name):
    """All that is found in the page's graph."""
    graph, train_op = build(rule_id, name)
    return check.check(graph, train_op)
