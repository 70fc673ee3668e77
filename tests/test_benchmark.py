"""python -m tf1_dnn.benchmark: what it counts and reports, not how fast anything is."""

import json

import pytest

from tf1_dnn import benchmark, cli
from tf1_dnn.config import Config


def test_operations_of_the_posts_network():
    first, others = 784 * 300, 300 * 100 + 100 * 10
    assert benchmark.flops_per_example(Config(), (28, 28), 10) == 2 * 2 * first + 3 * 2 * others


def test_operations_of_a_convolution():
    config = Config(conv_filters=(4, 6), kernel_size=5, hidden_units=(7,))
    first, second = 9 * 10 * 5 * 5 * 3 * 4, 4 * 5 * 5 * 5 * 4 * 6
    others = 2 * 2 * 6 * 7 + 7 * 10
    found = benchmark.flops_per_example(config, (9, 10, 3), 10)
    assert found == 2 * 2 * first + 3 * 2 * (second + others)


@pytest.mark.slow
def test_json_holds_a_row_per_case_and_loop(npz, capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "sgemm_gflops", lambda: 100.0)
    argv = ["--data", npz, "--json", "--n-epochs", "2", "--n-examples", "100"]
    argv += ["--hidden-units", "8", "16,8", "--batch-size", "20"]
    assert cli.run(benchmark.main, argv) == 0
    report = json.loads(capsys.readouterr().out)
    rows = [
        (r["loop"], r["hidden_units"], r["batch_size"], r["n_examples"]) for r in report["rows"]
    ]
    assert rows == [(loop, u, 20, 100) for u in ("8", "16-8") for loop in ("epoch", "step")]
    for row in report["rows"]:
        assert row["images_per_second"] == pytest.approx(100 / row["epoch_seconds"])
        assert row["share_of_sgemm"] == pytest.approx(row["gflops"] / 100)
    assert report["sgemm_gflops"] == 100
    by_loop = [row["valid_accuracy"] for row in report["rows"]]
    assert by_loop[0] == by_loop[1] and by_loop[2] == by_loop[3]


@pytest.mark.parametrize(
    "rates, shares, told",
    [
        ([100.0, 90.0, 95.0], [0.5, 50 / 95], ""),
        ([100.0, 20.0, 25.0], [0.5, 2.0], "busy: sgemm ran at 20 to 100 GFLOP/s; close other"),
        ([20.0, 100.0, 100.0], [0.5, 0.5], "busy: sgemm ran at 20 to 100 GFLOP/s; close other"),
    ],
)
def test_sgemm_is_measured_around_every_row(rates, shares, told, npz, capsys, monkeypatch):
    """The best of the rates before and after counts; rates far apart are told."""
    row = dict.fromkeys(benchmark.COLUMNS, 1) | {"gflops": 50.0}
    monkeypatch.setattr(benchmark, "measure", lambda *_: row)
    left = iter(rates)
    monkeypatch.setattr(benchmark, "sgemm_gflops", lambda: next(left))
    assert cli.run(benchmark.main, ["--data", npz, "--json", "--batch-size", "20"]) == 0
    out, err = capsys.readouterr()
    assert [row["share_of_sgemm"] for row in json.loads(out)["rows"]] == shares
    assert (told in err) if told else err == ""


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--n-epochs", "1"], "--n-epochs must be at least 2"),
        (["--n-examples", "1000"], "--n-examples must be from 1 to 200"),
        (["--batch-size", "500"], "500"),
        (["--hidden-units", "300-100"], "invalid layers value"),
        (["--batch-size", "0"], "batch_size"),
    ],
)
def test_bad_input(argv, words, npz, capsys):
    try:
        code = cli.run(benchmark.main, ["--data", npz, *argv])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1) and words in err
