"""The graph on one page, the typed configuration, the runner and the command line."""
