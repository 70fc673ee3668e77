"""Finished cells: kept, found again, and not taken for another's."""

import errno
import json

import numpy as np
import pytest
import small_experiment
from conftest import small_splits

from tf1_dnn import experiments
from tf1_dnn.errors import ConfigError, DataError, RunError
from tf1_dnn.experiments import cells


@pytest.fixture
def measure(monkeypatch):
    return small_experiment.install(monkeypatch)


def run(splits, out, **settings):
    return experiments.run("small", splits, out=out, seeds=2, **settings)


def test_a_finished_cell_is_not_run_again(measure, splits, tmp_path):
    first = run(splits, tmp_path)
    assert measure.runs == [(0.1, 0, 203), (0.1, 1, 203), (0.3, 0, 203), (0.3, 1, 203)]
    assert run(splits, tmp_path) == first
    assert len(measure.runs) == 4
    assert first.values["fast"]["accuracy"] == pytest.approx([0.3, 0.31])


def test_more_seeds_run_only_those_missing(measure, splits, tmp_path):
    run(splits, tmp_path)
    experiments.run("small", splits, out=tmp_path, seeds=3)
    assert measure.runs[4:] == [(0.1, 2, 203), (0.3, 2, 203)]


def test_a_cell_of_other_settings_or_data_is_another(measure, splits, tmp_path):
    run(splits, tmp_path)
    run(splits, tmp_path, quick=True)  # "slow" has the same settings in both forms
    assert measure.runs[4:] == [(0.2, 0, 203), (0.2, 1, 203)]
    run(small_splits(seed=1), tmp_path)
    assert len(measure.runs) == 10


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": 1}', None])
def test_a_damaged_cell_is_run_anew(damage, measure, splits, tmp_path):
    first = run(splits, tmp_path)
    path = next((tmp_path / "cells").glob("small-fast-1-*.json"))
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2] if damage is None else damage)
    assert run(splits, tmp_path) == first
    assert measure.runs[4:] == [(0.3, 1, 203)]
    assert path.read_text() == whole


def test_a_file_under_another_cells_name_is_not_believed(measure, splits, tmp_path):
    run(splits, tmp_path)
    folder = tmp_path / "cells"
    slow, fast = (next(folder.glob(f"small-{name}-0-*")) for name in ("slow", "fast"))
    fast.write_text(slow.read_text())
    assert run(splits, tmp_path).values["fast"]["accuracy"] == pytest.approx([0.3, 0.31])


def test_an_interrupted_run_keeps_what_was_finished(measure, splits, tmp_path, monkeypatch):
    small, plain = experiments.EXPERIMENTS["small"], measure.__call__

    def interrupted(run, settings):
        if len(measure.runs) == 2:
            raise KeyboardInterrupt
        return plain(run, settings)

    monkeypatch.setitem(experiments.EXPERIMENTS, "small", small._replace(measure=interrupted))
    with pytest.raises(KeyboardInterrupt):
        run(splits, tmp_path)
    monkeypatch.setitem(experiments.EXPERIMENTS, "small", small)
    run(splits, tmp_path)
    assert len(measure.runs) == 4


def test_cells_say_what_they_are(measure, splits, tmp_path):
    run(splits, tmp_path)
    kept = json.loads(next((tmp_path / "cells").glob("small-slow-0-*")).read_text())
    assert kept["measured"] == {"accuracy": 0.1}
    assert kept["key"]["data_sha256"] == splits.sha256()
    assert kept["key"]["config"]["learning_rate"] == 0.1
    assert (tmp_path / "cells" / ".gitignore").read_text() == "*\n"


def test_examples_are_drawn_by_the_seed(splits):
    first, again, other = (cells.draw_examples(splits, 50, seed).train for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.images, again.images)
    assert (first.images != other.images).any()
    assert len({image.tobytes() for image in first.images}) == 50
    index = [image.tobytes() for image in splits.train.images].index(first.images[0].tobytes())
    assert first.labels[0] == splits.train.labels[index]
    assert cells.draw_examples(splits, 50, 0).test is splits.test


def test_a_folder_that_cannot_be_written_to(measure, splits, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="^cannot write to .*file.* name another"):
        run(splits, tmp_path / "file" / "claims")


def test_a_disk_that_fills_up(measure, splits, tmp_path, monkeypatch):
    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cells.durable, "write_whole", full)
    with pytest.raises(RunError, match="No space left on device.*finished cells are kept"):
        run(splits, tmp_path)


def test_too_few_examples(measure):
    with pytest.raises(DataError, match="mini-batch of 50 is larger than the training set of 40"):
        experiments.run("small", small_splits(n_train=40))


def test_too_few_seeds(measure, splits):
    with pytest.raises(ConfigError, match="--seeds must be at least 2, not 1"):
        experiments.run("small", splits, seeds=1)
