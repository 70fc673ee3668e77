"""Training on several machines, with TensorFlow 1's parameter servers, as TF_CONFIG describes them.

`python -m tf1_dnn.cluster` starts such a cluster on this machine, to try it out.
"""
