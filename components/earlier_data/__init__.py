"""Which data earlier runs were accepted with."""
