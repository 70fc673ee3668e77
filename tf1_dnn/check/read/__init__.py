"""read: a graph from wherever TensorFlow 1 leaves one, as a MetaGraphDef; no TensorFlow needed."""
