"""Graphs in others' styles, built with genuine TensorFlow 1.15.5 by make_graphs_styles.py."""
