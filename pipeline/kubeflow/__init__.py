"""The package for Kubeflow Pipelines: compiled from the graph, and tried out without a cluster."""
