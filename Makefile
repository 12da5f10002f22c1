# Two commands: `make run` (set-up, then the demo to a pushed model) and `make test`. The rest is for developers.
PYTHON ?= python3
TEST_WORKERS ?= 3
READY := .venv/ready

.PHONY: run test lint types suite bench lock environment wheelhouse clean
.DELETE_ON_ERROR:

run: $(READY)
	@.venv/bin/medtfx run configs/demo.yaml --root runs/demo

# The type checker beside the tests: it takes one processor for a while, which they leave idle at times.
test: lint
	@$(MAKE) --no-print-directory --jobs 2 types suite

# One worker more than two cores: runs wait at times, for a disk or a server.
suite: $(READY)
	.venv/bin/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(READY)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .

types: $(READY)
	.venv/bin/mypy

bench: $(READY)
	.venv/bin/python -m bench.cost

environment: $(READY)

# An offline bundle of this project for machines without internet: kubeflow/offline.md.
wheelhouse: $(READY)
	@.venv/bin/python -m pipeline.wheelhouse build/wheelhouse

# Set-up runs again only when what it depends on has changed.
$(READY): requirements.lock setup.py pipeline/environment.py pipeline/c_library.py
	@$(PYTHON) -m pipeline.environment . .venv
	@touch $@

lock: $(READY)
	.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header setup.py --extra dev --output-file requirements.lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
