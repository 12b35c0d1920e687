# Five verbs, then `page` and `clean`. Each sets up what it needs in .venv; PYTHON names the interpreter to make it with.
PYTHON ?= python3
BIN := .venv/bin
# Two installs at once would meddle with each other.
.NOTPARALLEL:
.PHONY: demo test check bench docs page clean

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

## The homework on drawn faces: a page, a model file and predictions in demo/; under 5 minutes on 2 cores.
demo: .venv/installed
	rm -rf demo
	$(BIN)/mien demo --out demo

## Run all tests.
test: .venv/installed
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not several"
	$(BIN)/python -m pytest -m several

## Lint, formatting, types.
check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## Measure speed here: training, inference, start-up; under 15 minutes.
bench: .venv/installed
	$(BIN)/python -m benchmarks.bench

## Write the tables in docs/ that come from the code.
docs: .venv/installed
	$(BIN)/python docs/generate.py

## Put onnxruntime's build for browsers into the web page, for its switch "on this device" (needs npm).
page: src/mien/serving/page/ort/ort-wasm-simd-threaded.wasm
src/mien/serving/page/ort/ort-wasm-simd-threaded.wasm: page/package-lock.json
	npm ci --prefix page --silent
	mkdir -p $(@D)
	cp page/node_modules/onnxruntime-web/dist/ort.wasm.min.mjs page/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.mjs \
		page/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm $(@D)
	touch $@
	rm -rf page/node_modules

clean:
	rm -rf src/mien/serving/page/ort .venv demo .pytest_cache .mypy_cache .ruff_cache
