# make train [ARGS="gradient_clipping --n-epochs 10"]   the post's training, printed as in the post
# make test  [ARGS="-m 'not slow'"]                     the test suite, or its inner loop
# make notebooks                                        Jupyter, in notebooks/
# make notebooks-run                                    execute them anew and store the outputs
# make tensorboard [LOGDIR=runs]                        curves of the runs under LOGDIR
# make gpu-report [ARGS="--output FILE"]                this machine's GPU measured, in Markdown
# make lint                                             formatting, style, types, imports
# make lock                                             resolve requirements.lock anew
# Another Python: make test PYTHON=python3.12           (its own .venv-python3.12)
PYTHON ?= python3
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock
SOURCES := setup.cfg pyproject.toml requirements.lock

LOGDIR ?= runs

.PHONY: train test notebooks notebooks-run tensorboard gpu-report lint format lock clean

train: $(VENV)/.installed
	@$(BIN)/python -m tf1_dnn.train $(ARGS)

test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(ARGS)

notebooks: $(VENV)/.installed-notebooks
	@$(BIN)/jupyter lab --notebook-dir notebooks $(ARGS)

notebooks-run: $(VENV)/.installed-dev
	@$(BIN)/python notebooks/execute.py $(ARGS)

tensorboard: $(VENV)/.installed
	@$(BIN)/tensorboard --logdir $(LOGDIR)

gpu-report: $(VENV)/.installed-dev
	@if command -v nvidia-smi >/dev/null; then $(PIP_INSTALL) -e '.[gpu]'; fi
	@$(BIN)/python benchmarks/gpu_report.py $(ARGS)

lint: $(VENV)/.installed-dev
	@$(BIN)/black --check --quiet . || { $(BIN)/black --diff --quiet .; exit 1; }
	@$(BIN)/isort --check --diff --quiet .
	@$(BIN)/flake8
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/mypy
	@out=$$($(BIN)/lint-imports --no-cache --no-logo 2>&1) || { echo "$$out"; exit 1; }

format: $(VENV)/.installed-dev
	@$(BIN)/isort --quiet .
	@$(BIN)/black .

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "TensorFlow 2.21 needs Python 3.10 to 3.13: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.python $(SOURCES)
	@echo "installing tf1_dnn and its locked dependencies into $(VENV)" >&2
	@$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(PIP_INSTALL) -e '.[dev]'
	@touch $@

$(VENV)/.installed-notebooks: $(VENV)/.installed
	@$(PIP_INSTALL) -e '.[notebooks]'
	@touch $@

# Universal: one file for every supported Python, with markers where versions differ.
lock: $(VENV)/.python
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --upgrade \
	  --extra dev --extra notebooks --extra gpu \
	  --no-emit-index-url --custom-compile-command "make lock" setup.cfg -o requirements.lock

clean:
	rm -rf .venv* build *.egg-info .mypy_cache .pytest_cache .hypothesis
