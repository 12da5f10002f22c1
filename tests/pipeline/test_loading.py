import subprocess
import sys

# The names that are hidden stand in the module; what a run uses of them later is asked for here.
PROGRAM = """
import gc, sys
from pipeline.loading import NOT_NEEDED, STOOD_IN_FOR, tensorflow_loading
with tensorflow_loading():
    from pipeline import local_runner
print([name for name in (*NOT_NEEDED, *STOOD_IN_FOR) if name in sys.modules], gc.isenabled(), gc.get_freeze_count() > 100_000)
import scipy.stats
print(scipy.stats.norm.cdf(0.0))
from apache_beam.utils.interactive_utils import is_in_ipython
from components.data_gate import metadata_regression
from components.evaluation import auc
from components.run_report import figures
from models import training
print(is_in_ipython(), sys.modules["IPython"])
print(sorted(name for name in NOT_NEEDED if name in sys.modules))
"""


def test_what_no_command_uses_is_not_loaded_and_the_rest_can_be_later() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[] True True", "0.5", "False None", "['matplotlib', 'sklearn']"]
    assert "IPython" not in done.stderr
    assert "Error importing" not in done.stderr + done.stdout  # TFMA's word, which it goes on after


FAILING = """
import gc, sys
from pipeline.loading import NOT_NEEDED, STOOD_IN_FOR, tensorflow_loading
try:
    with tensorflow_loading():
        import no_such_module
except ImportError:
    print(gc.isenabled(), [name for name in (*NOT_NEEDED, *STOOD_IN_FOR) if name in sys.modules])
"""


def test_a_failed_import_hides_nothing_that_may_come_later() -> None:
    done = subprocess.run([sys.executable, "-c", FAILING], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "[]"]
