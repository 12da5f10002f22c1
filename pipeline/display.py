"""What a run shows while it goes on: live bars on a terminal, a line per node elsewhere."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from components import progress


class Display(Protocol):
    """Listens to a run."""

    def begin(self, node: str) -> None:
        """Show that a node starts."""

    def end(self, node: str, *, result: str, seconds: float) -> None:
        """Show how a node ended: 'done', 'cached', 'refused', 'failed'."""

    def counted(self, work: str) -> AbstractContextManager[None]:
        """Return a context that shows how far work outside the nodes is."""

    def say(self, text: str) -> None:
        """Show a line."""


class PlainDisplay:
    """A line per finished node, for files, pipes and CI."""

    def __init__(self, stream: TextIO) -> None:
        """Write to an open text stream."""
        self._stream = stream

    def begin(self, node: str) -> None:
        """Nothing: a plain log needs no line for a start."""

    def end(self, node: str, *, result: str, seconds: float) -> None:
        """Write the node, its result and its seconds."""
        self.say(f"{node:<18} {result:<8} {seconds:6.1f} s")

    def counted(self, work: str) -> AbstractContextManager[None]:  # noqa: ARG002 - it is told when it has an outcome
        """Nothing: who does the work tells its outcome."""
        return nullcontext()

    def say(self, text: str) -> None:
        """Write a line."""
        print(text, file=self._stream, flush=True)


class LiveDisplay:
    """A bar per node with counts and elapsed time."""

    def __init__(self, bars: Progress) -> None:
        """Draw on a started rich Progress."""
        self._bars = bars
        self._task: TaskID | None = None

    def begin(self, node: str) -> None:
        """Add a bar that pulses until the node reports counts."""
        self._task = self._bars.add_task(node, total=None, note="")

    def end(self, node: str, *, result: str, seconds: float) -> None:  # noqa: ARG002 - the bar knows node and time
        """Fill the bar and name the result."""
        if self._task is not None:
            self._bars.update(self._task, total=1, completed=1, note=result)
            self._task = None

    @contextmanager
    def counted(self, work: str) -> Iterator[None]:
        """Give the work a bar, which stays as it is when the work fails."""
        self.begin(work)
        yield
        self.end(work, result="done", seconds=0.0)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(text, highlight=False, markup=False)

    def report(self, done: int, total: int, unit: str) -> None:
        """Move the bar of the running node."""
        if self._task is not None:
            self._bars.update(self._task, total=max(total, 1), completed=done, note=f"{done:,} of {total:,} {unit}")


@contextmanager
def shown_on(stream: TextIO) -> Iterator[Display]:
    """Yield the display that fits a stream: live on a terminal, plain elsewhere."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield PlainDisplay(stream)
        return
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description:<16}"), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=console) as bars:
        display = LiveDisplay(bars)
        end = progress.listen(display.report)
        try:
            yield display
        finally:
            end()
