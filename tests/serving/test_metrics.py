from serving.metrics import BOUNDS, Counter, Histogram, ServerMetrics, pairs


def test_counter_counts_by_labels():
    counter = Counter(":tensorflow:serving:request_count", ("model_name", "status"))
    for status in ("OK", "NOT_FOUND", "OK"):
        counter.add("demo", status)
    assert list(counter.lines()) == [
        "# TYPE :tensorflow:serving:request_count counter",
        ':tensorflow:serving:request_count{model_name="demo",status="NOT_FOUND"} 1',
        ':tensorflow:serving:request_count{model_name="demo",status="OK"} 2',
    ]


def test_histogram_counts_up_to_each_bound():
    histogram = Histogram("latency", ("model_name",))
    for seconds in (5e-6, 10e-6, 11e-6, 1e6):
        histogram.observe(seconds, "demo")
    lines = list(histogram.lines())
    assert lines[1:4] == [
        'latency_bucket{model_name="demo",le="10"} 2',
        'latency_bucket{model_name="demo",le="18"} 3',
        'latency_bucket{model_name="demo",le="32.4"} 3',
    ]
    assert lines[-3:] == [
        'latency_bucket{model_name="demo",le="+Inf"} 4',
        'latency_sum{model_name="demo"} 1e+12',
        'latency_count{model_name="demo"} 4',
    ]
    assert len(lines) == 1 + len(BOUNDS) + 1 + 2


def test_label_values_are_escaped():
    assert pairs(("name",), ('a"b\\c\nd',)) == 'name="a\\"b\\\\c\\nd"'


def test_page_names_every_metric_of_tf_serving():
    page = ServerMetrics().page()
    for name in ("request_count", "request_latency", "runtime_latency", "model_warmup_latency"):
        assert f"# TYPE :tensorflow:serving:{name} " in page
