"""facts: what is true of a graph, each found once: `variables(graph)`, `batch_norms(graph)`, …"""
