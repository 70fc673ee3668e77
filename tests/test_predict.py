"""python -m tf1_dnn.predict: the network's own probabilities, of pictures of any kind."""

import io
import json
import os
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
from PIL import Image

from tf1_dnn import cli, compare, data, evaluate, export, predict
from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, Config, Execution, Keeping
from tf1_dnn.data import pictures, synthetic
from tf1_dnn.errors import DataError, RunError
from tf1_dnn.runs import restore, saved_model
from tf1_dnn.training import trainer

TINY = dict(hidden_units=(64,), batch_size=10, n_epochs=40)
N_PICTURES = 6
GOLDEN = os.path.join(os.path.dirname(__file__), "golden")


@pytest.fixture(scope="module")
def digits():
    """A data set in MNIST's form, small enough to be learned by heart."""
    arrays = synthetic.make(seed=1, n_train=72, n_test=8)
    pairs = [(np.stack([pictures.to_mnist(x) for x in xs]), labels) for xs, labels in arrays]
    return data.split(*pairs, name="digits", source="the tests")


@pytest.fixture(scope="module")
def run_dir(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    how = dict(execution=Execution(loop="step"), keeping=Keeping(checkpoint_every=99))
    trainer.train(Config(**TINY), digits, run_dir=folder, **how)
    return folder


@pytest.fixture(scope="module")
def export_dir(run_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "export"
    export.export(run_dir, folder, fold=True)
    return folder


@pytest.fixture(scope="module")
def files(digits, tmp_path_factory):
    """Names of PNG files: training examples dark on light, cut off at the border and enlarged."""
    folder, names = tmp_path_factory.mktemp("pictures"), []
    for i, image in enumerate(digits.train.images[:N_PICTURES]):
        names.append(str(folder / f"{i}.png"))
        Image.fromarray(255 - image[2:, :-1]).resize((60, 58)).save(names[-1])
    return names


@pytest.fixture
def bad(tmp_path):
    """Names of files that are no picture, half of one, not there, and without ink."""
    names = [str(tmp_path / name) for name in ("text.png", "half.png", "none.png", "blank.png")]
    (tmp_path / "text.png").write_text("a picture")
    file = io.BytesIO()
    Image.fromarray(np.arange(900, dtype=np.uint8).reshape(30, 30)).save(file, "PNG")
    (tmp_path / "half.png").write_bytes(file.getvalue()[:-200])
    Image.new("L", (30, 30), 255).save(names[-1])
    return names


def session_probabilities(run_dir, files, brightness=1):
    """The training graph's, of the pictures in MNIST's form."""
    inputs = np.stack([pictures.to_mnist(pictures.read(name)) for name in files])
    inputs = brightness * data.Dataset(inputs, np.zeros(len(inputs), np.int32)).inputs()
    with restore.restored(run_dir) as run, run.model.graph.as_default():
        probabilities = tf.nn.softmax(run.model.tower.network.logits)
        return run.session.run(probabilities, {run.model.placeholders.inputs: inputs})


def run(*argv):
    return cli.run(predict.main, [str(arg) for arg in argv])


def feed_stdin(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(content)))


def test_predictions_equal_the_session_to_the_bit(run_dir, files, capsys):
    assert run(run_dir, *files, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    probabilities = session_probabilities(run_dir, files)
    assert [list(line) for line in lines] == [list(predict.Prediction._fields)] * N_PICTURES
    assert [line["file"] for line in lines] == files
    np.testing.assert_array_equal([line["probabilities"] for line in lines], probabilities)
    assert [line["digit"] for line in lines] == list(probabilities.argmax(axis=1))
    assert [line["probability"] for line in lines] == list(probabilities.max(axis=1))


def test_pictures_take_the_scale_of_the_runs_data(run_dir, files, tmp_path):
    def with_scale(scale):
        description = json.loads((run_dir / "config.json").read_text())
        description["data"]["scale"] = scale
        folder = shutil.copytree(run_dir, tmp_path / str(scale))
        (folder / "config.json").write_text(json.dumps(description))
        export.export(folder, folder / "export")
        return folder

    folder = with_scale(127.5)  # white was 2
    expected = session_probabilities(run_dir, files, brightness=2)
    for source in (folder, folder / "export"):
        found = [p.probabilities for p in predict.predict(source, files)]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    folder = with_scale(None)
    for source in (folder, folder / "export"):
        with pytest.raises(DataError, match="values below 0, which no picture has"):
            predict.predict(source, files)


def test_digits_that_were_learned_are_recognized(run_dir, digits, files):
    labels = digits.train.labels[:N_PICTURES]
    predictions = predict.predict(run_dir, files)
    assert [prediction.digit for prediction in predictions] == list(labels)
    assert len(set(labels)) > 3
    negatives = [255 - pictures.read(name) for name in files]  # light on dark
    assert [p.digit for p in predict.predict(run_dir, negatives)] == list(labels)


def test_an_export_predicts_as_its_run_does(run_dir, export_dir, files, capsys):
    assert run(run_dir, *files, "--json") == run(export_dir, *files, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_run, by_export = lines[:N_PICTURES], lines[N_PICTURES:]
    for one, other in zip(by_run, by_export):
        assert (one["file"], one["digit"]) == (other["file"], other["digit"])
        np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=1e-5)


def test_lines_are_file_digit_and_probability(export_dir, files, capsys):
    assert run(export_dir, *files[:3]) == 0
    predictions = predict.predict(export_dir, files[:3])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[:3] for line in lines] == [
        [name, str(prediction.digit), f"{prediction.probability:.4f}"]
        for name, prediction in zip(files, predictions)
    ]
    assert all(
        prediction.doubts == () for prediction in predictions if prediction.probability > 0.9
    )


def beside(*names):
    """The pictures of these files side by side, as one."""
    return Image.fromarray(np.hstack([np.asarray(Image.open(name)) for name in names]))


def test_doubts_are_told_behind_the_probability(export_dir, files, capsys, tmp_path, monkeypatch):
    two = str(tmp_path / "two.png")
    beside(*files[:2]).save(two)
    found = predict.predict(export_dir, [two, files[0]])
    assert [predict.SEVERAL in prediction.doubts for prediction in found] == [True, False]
    told = []
    for sure in (0.0, 1.01):
        monkeypatch.setattr(predict, "SURE", sure)
        assert run(export_dir, two, files[0]) == 0
        told += [line.split("\t")[3:] for line in capsys.readouterr().out.splitlines()]
    both = "doubtful: several parts side by side, low probability"
    assert told == [
        ["doubtful: several parts side by side"],
        [],
        [both],
        ["doubtful: low probability"],
    ]
    assert run(export_dir, two, "--json") == 0
    assert json.loads(capsys.readouterr().out)["doubts"] == [predict.SEVERAL, predict.LOW]


def test_a_folder_stands_for_its_pictures(export_dir, files, capsys, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, target in [(files[1], "b.PNG"), (files[0], "a.png"), (files[2], ".hidden.png")]:
        shutil.copy(name, folder / target)
    (folder / "notes.txt").write_text("no picture")
    (folder / "empty").mkdir()
    assert run(export_dir, folder, files[2]) == 0
    names = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [f"{folder}/a.png", f"{folder}/b.PNG", files[2]]
    assert run(export_dir, folder / "empty") == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"error: {folder}/empty holds no pictures (PNG, JPEG, ...)")


def test_what_is_doubtful_of_mnist_under_the_posts_network(mnist):
    """Most of its mistakes and little else; hardly a digit is taken for two."""
    from tf1_dnn.runs import checkpoints

    model = trainer.build_graph(PRESETS["batch_norm"], mnist.n_inputs, mnist.n_outputs)
    with tf.Session(graph=model.graph) as session, model.graph.as_default():
        session.run(model.init)
        checkpoints.start_from(session, os.path.join(GOLDEN, "checkpoint", "batch_norm"))
        inputs = {model.placeholders.inputs: mnist.test.inputs()}
        values = session.run(tf.nn.softmax(model.tower.network.logits), inputs)
    is_right, is_low = values.argmax(axis=1) == mnist.test.labels, values.max(axis=1) < predict.SURE
    assert (~is_right).sum() == 242
    assert is_low[~is_right].mean() == pytest.approx(0.814, abs=0.005)
    assert is_low[is_right].mean() == pytest.approx(0.043, abs=0.001)
    several = [pictures.n_side_by_side(image) > 1 for image in mnist.test.images[:2_000]]
    assert sum(several) == 2


def test_paths_files_and_arrays_are_the_same_to_predict(export_dir, files):
    with open(files[0], "rb") as file:
        predictions = predict.predict(export_dir, [files[0], file, pictures.read(files[0])])
    assert [prediction.file for prediction in predictions] == [files[0], files[0], ""]
    assert len({prediction[1:] for prediction in predictions}) == 1
    assert predict.predict(export_dir, []) == []


def test_many_pictures_go_in_parts(export_dir, files, monkeypatch):
    whole = predict.predict(export_dir, files[:4])
    monkeypatch.setattr(predict, "BATCH", 3)
    parts = predict.predict(export_dir, files[:4])
    assert [part[:2] for part in parts] == [each[:2] for each in whole]
    np.testing.assert_allclose([p[3] for p in parts], [p[3] for p in whole], atol=1e-6)


def test_a_picture_comes_from_standard_input(export_dir, files, capsys, monkeypatch):
    with open(files[0], "rb") as file:
        feed_stdin(monkeypatch, file.read())
    assert run(export_dir, "-", files[0]) == 0
    piped, named = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert piped[0] == "-" and named[0] == files[0]
    assert piped[1:] == named[1:]


def test_bad_pictures_are_named_and_the_others_answered(export_dir, files, bad, capsys):
    assert run(export_dir, bad[0], files[0], *bad[1:], files[1]) == 1
    out, err = capsys.readouterr()
    assert [line.split("\t")[0] for line in out.splitlines()] == files[:2]
    assert len(err.splitlines()) == len(bad)
    for line, name in zip(err.splitlines(), bad):
        assert line.startswith("error: ") and name in line


def test_empty_standard_input_is_told(export_dir, capsys, monkeypatch):
    feed_stdin(monkeypatch, b"")
    assert run(export_dir, "-") == 1
    assert capsys.readouterr().err.startswith("error: standard input is not a picture: ")


def test_a_closed_standard_input_is_told(export_dir, files, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert run(export_dir, "-", files[0]) == 1
    out, err = capsys.readouterr()
    assert err == "error: standard input is closed: name a file.\n"
    assert out.startswith(files[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("main", [predict.main, evaluate.main, compare.main])
def test_what_may_not_be_read_is_not_called_damaged(main, run_dir, files, tmp_path, capsys):
    shutil.copytree(run_dir, tmp_path / "run")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "run" / "config.json").chmod(0o600)
    argv = [str(tmp_path / "run"), *(files[:1] if main is predict.main else [])]
    assert cli.run(main, argv) == 0  # control
    capsys.readouterr()
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(0o755)
    os.seteuid(65534)
    try:
        assert cli.run(main, argv) == 2
    finally:
        os.seteuid(0)
    err = capsys.readouterr().err
    assert err == f"error: cannot read {tmp_path}/run/config.json (Permission denied): permit it.\n"


def test_a_bad_picture_raises_from_predict(export_dir, files, bad):
    for name in bad:
        with pytest.raises(DataError, match=name):
            predict.predict(export_dir, [files[0], name])


def test_names_of_any_bytes_are_printed(export_dir, files, tmp_path, capsys):
    name = shutil.copy(files[0], tmp_path / "d\udcff.png")
    assert run(export_dir, name) == 0
    ((_, digit, probability, *_),) = predict.predict(export_dir, files[:1])
    line = f"{tmp_path}/d\\udcff.png\t{digit}\t{probability:.4f}"
    assert capsys.readouterr().out.startswith(line)


def test_without_a_picture_tensorflow_is_not_imported(export_dir, run_dir, bad):
    code = (
        "import sys; from tf1_dnn import cli, predict\n"
        "code = cli.run(predict.main)\n"
        "assert 'tensorflow' not in sys.modules\n"
        "sys.exit(code)"
    )
    for model_dir, returncode in [(export_dir, 1), (run_dir, 1), (bad[0], 2)]:
        command = [sys.executable, "-c", code, str(model_dir), *bad]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (returncode, ""), done.stderr


def test_what_is_neither_run_nor_export_is_refused(tmp_path, files, capsys):
    for path in (tmp_path, tmp_path / "nowhere", files[0]):
        assert run(path, files[0]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1
        assert err.startswith(f"error: {path} is neither a run directory nor an export: ")


def test_a_network_on_other_data_takes_no_pictures(tmp_path, files):
    (tmp_path / saved_model.METADATA).parent.mkdir()
    (tmp_path / saved_model.METADATA).write_text(
        '{"image_shape": [20], "n_outputs": 5, "scale": 255, "config": {}}'
    )
    with pytest.raises(DataError, match=r"takes inputs of the shape \(20,\), not pictures"):
        predict.predict(tmp_path, files[:1])


def test_a_run_on_a_folder_for_each_class_takes_pictures_as_they_are(tmp_path, capsys):
    for name, level in [("dark", 30), ("light", 220)]:
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(12):
            picture = np.full((6, 5), level + i, np.uint8)
            Image.fromarray(picture).save(tmp_path / "data" / name / f"{i}.png")
    splits = data.load(path=tmp_path / "data")
    config = Config(hidden_units=(8,), batch_norm=False, batch_size=4, n_epochs=20)
    trainer.train(config, splits, run_dir=tmp_path / "run", execution=Execution(loop="step"))
    export.export(tmp_path / "run", tmp_path / "export")
    Image.fromarray(np.full((60, 50), 225, np.uint8)).save(tmp_path / "large.png")  # and no ink
    files = [str(tmp_path / "data" / "dark" / "3.png"), str(tmp_path / "large.png")]
    for source in ("run", "export"):
        assert cli.run(predict.main, [str(tmp_path / source), *files]) == 0
        lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert [line[:2] for line in lines] == [[files[0], "dark"], [files[1], "light"]]
    assert cli.run(predict.main, [str(tmp_path / "run"), files[1], "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["digit"], line["class"]) == (1, "light")


def test_classes_that_are_not_all_named_are_damage(run_dir, tmp_path):
    folder = shutil.copytree(run_dir, tmp_path / "run")
    description = json.loads((folder / "config.json").read_text())
    description["data"]["classes"] = ["zero", "one"]
    (folder / "config.json").write_text(json.dumps(description))
    with pytest.raises(RunError, match="does not name every class"):
        predict.find_source(folder)
