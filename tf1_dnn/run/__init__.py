"""run: anyone's TensorFlow 1 program, unedited, with its old weights and digits.

`activate` gives the process TensorFlow 1's behaviour; `python -m tf1_dnn.run` runs a program in it.
"""

from tf1_dnn.run.behaviour import activate, finish

__all__ = ["activate", "finish"]
