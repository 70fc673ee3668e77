"""Training on several machines, with TensorFlow 1's parameter servers, as TF_CONFIG describes them.

`tf_config` reads the variable, `chief.train` keeps the run, `tasks.take_part` is every other task.
`python -m tf1_dnn.cluster` starts such a cluster on this machine, to try it out.
"""

__all__ = ["chief", "tasks", "tf_config"]
