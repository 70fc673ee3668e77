"""Plots: what is drawn, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest

from tf1_dnn.errors import Error
from tf1_dnn.runs import plots
from tf1_dnn.runs.history import EpochMetrics

PNG = b"\x89PNG\r\n\x1a\n"


def epochs(*accuracies, train=(None, None)):
    return [
        EpochMetrics(epoch, accuracy, 1 - accuracy, 1.0, *train)
        for epoch, accuracy in enumerate(accuracies)
    ]


@pytest.fixture
def figures(monkeypatch):
    """The figures that were saved, to look into."""
    saved, save = [], plots.save

    def note(figure, path):
        saved.append(figure)
        save(figure, path)

    monkeypatch.setattr(plots, "save", note)
    return saved


def test_curves_draw_accuracy_and_loss_of_every_run(tmp_path, figures):
    path = tmp_path / "curves.png"
    plots.curves({"a": epochs(0.5, 0.75), "_b$": epochs(0.25, 0.5, 1.0)}, path)
    assert path.read_bytes().startswith(PNG)
    (figure,) = figures
    accuracy, loss = figure.axes
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[0.5, 0.75], [0.25, 0.5, 1.0]]
    assert [list(line.get_ydata()) for line in loss.lines] == [[0.5, 0.25], [0.75, 0.5, 0.0]]
    assert [list(line.get_xdata()) for line in loss.lines] == [[0, 1], [0, 1, 2]]
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "epoch"]
    assert accuracy.get_ylabel() == "validation accuracy"
    assert loss.get_ylabel() == "validation loss (mean)"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", r" _b\$"]


def test_lines_differ_without_colour(tmp_path, figures):
    plots.curves({str(i): epochs(0.1 * i, 0.5) for i in range(20)}, tmp_path / "curves.png")
    lines = figures[0].axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 20


def test_of_one_run_training_stands_beside_validation(tmp_path, figures):
    run = epochs(0.5, 0.75, train=(0.625, 0.25))
    plots.curves({"run": run}, tmp_path / "one.png")
    plots.curves({"run": run, "other": run}, tmp_path / "two.png")
    accuracy, loss = figures[0].axes
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[0.5, 0.75], [0.625] * 2]
    assert [list(line.get_ydata()) for line in loss.lines] == [[0.5, 0.25], [0.25] * 2]
    assert [axes.get_ylabel() for axes in figures[0].axes] == ["accuracy", "loss (mean)"]
    (legend,) = figures[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["validation", "training"]
    assert [len(axes.lines) for axes in figures[1].axes] == [2, 2]  # one line a run


def test_one_curve_needs_no_legend_and_a_run_may_be_without_epochs(tmp_path, figures):
    plots.curves({"run": epochs(0.5)}, tmp_path / "one.png")
    plots.curves({"run": []}, tmp_path / "none.png")
    assert not figures[0].legends
    assert (tmp_path / "none.png").read_bytes().startswith(PNG)


def test_confusion_matrix_numbers_its_cells_and_shades_shares_of_the_label(tmp_path, figures):
    matrix = np.array([[8, 2, 0], [0, 4, 0], [0, 0, 0]])
    plots.confusion_matrix(matrix, tmp_path / "matrix.png")
    axes = figures[0].axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("prediction", "label")
    cells = {(*text.get_position(), text.get_text()) for text in axes.texts}
    assert cells == {(0, 0, "8"), (1, 0, "2"), (1, 1, "4")}  # x is the prediction
    shares = [[0.8, 0.2, 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_array_equal(axes.images[0].get_array(), shares)


def test_many_classes_are_shaded_but_not_numbered(tmp_path, figures):
    plots.confusion_matrix(np.eye(50, dtype=int), tmp_path / "matrix.svg")
    assert not figures[0].axes[0].texts
    assert b"<svg" in (tmp_path / "matrix.svg").read_bytes()


@pytest.mark.parametrize("name", ["plot.gif", "plot", "", "nowhere/plot.png"])
def test_a_path_that_cannot_be_plotted_to_is_refused(tmp_path, name):
    with pytest.raises(Error, match="^cannot plot to "):
        plots.check_path(tmp_path / name)


def test_a_path_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "plot.png").mkdir()
    with pytest.raises(Error, match=r"plot.png \(Is a directory\): name another file\.$"):
        plots.curves({"run": epochs(0.5)}, tmp_path / "plot.png")


def test_neither_pyplot_nor_a_display_is_needed(tmp_path):
    code = (
        "import sys; from tf1_dnn.runs import plots; assert 'matplotlib' not in sys.modules;"
        "plots.curves({'run': []}, sys.argv[1]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "plot.png")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
