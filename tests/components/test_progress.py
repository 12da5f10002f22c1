from components import progress


def test_listener_hears_reports_until_it_stops() -> None:
    heard: list[tuple[int, int, str]] = []
    stop = progress.listen(lambda done, total, unit: heard.append((done, total, unit)))
    progress.report(1, 2, "images")
    stop()
    progress.report(2, 2, "images")
    assert heard == [(1, 2, "images")]
