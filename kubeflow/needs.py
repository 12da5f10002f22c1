"""Print what the image needs of setup.py, a requirement a line: read without the packages, whose code changes far more often."""

import setuptools  # noqa: F401, I001 - brings the distutils that Python has no more
from distutils.core import run_setup

described = run_setup("setup.py", stop_after="init")
print("\n".join([*described.install_requires, *described.extras_require["pipeline"]]))  # noqa: T201 - the build reads it
