import io

from rich.console import Console
from rich.progress import Progress, TextColumn

from components import progress
from pipeline.display import LiveDisplay, PlainDisplay, shown_on


def test_plain_display_writes_a_line_per_node() -> None:
    stream = io.StringIO()
    with shown_on(stream) as display:
        display.begin("Trainer")
        progress.report(1, 2, "steps")
        display.end("Trainer", result="done", seconds=3.25)
    assert stream.getvalue().split() == ["Trainer", "done", "3.2", "s"]
    assert isinstance(display, PlainDisplay)


def test_live_display_shows_counts_then_the_result() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    with Progress(TextColumn("{task.description} {task.fields[note]}"), console=console, auto_refresh=False) as bars:
        display = LiveDisplay(bars)
        display.begin("Trainer")
        display.report(1, 2, "steps")
        bars.refresh()
        display.end("Trainer", result="done", seconds=1.0)
        bars.refresh()
    assert "Trainer 1 of 2 steps" in stream.getvalue()
    assert "Trainer done" in stream.getvalue()


def test_live_display_counts_work_outside_the_nodes() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    with Progress(TextColumn("{task.description} {task.fields[note]}"), console=console, auto_refresh=False) as bars:
        display = LiveDisplay(bars)
        with display.counted("index"):
            display.report(32, 100, "files")
            bars.refresh()
        bars.refresh()
    assert "index 32 of 100 files" in stream.getvalue()
    assert "index done" in stream.getvalue()


def test_plain_display_leaves_such_work_to_tell_its_outcome() -> None:
    stream = io.StringIO()
    with shown_on(stream) as display, display.counted("index"):
        progress.report(1, 2, "files")
    assert stream.getvalue() == ""
