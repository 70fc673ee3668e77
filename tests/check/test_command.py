"""python -m tf1_dnn.check: what it prints, its exit codes, and what it refuses."""

import json
import subprocess
import sys
import time

import pytest
import stored

from tf1_dnn import check, cli
from tf1_dnn.check import __main__ as command
from tf1_dnn.check import formats, report
from tf1_dnn.check.findings import Finding

GUESSED = "(guessed; --train-op tells what a step fetches)"


@pytest.fixture
def graph(tmp_path):
    """Writes a stored graph to a file and returns its path."""

    def write(name):
        path = tmp_path / f"{name}.meta"
        path.write_bytes(stored.read(f"{name}.meta").SerializeToString())
        return str(path)

    return write


def run(capsys, *argv):
    """Exit code, stdout, stderr."""
    code = cli.run(command.main, argv)
    return code, *capsys.readouterr()


def test_what_is_printed(capsys, graph):
    path = graph("BN004_wrong")
    code, out, err = run(capsys, path, "--ignore", "MG002")
    assert (code, err) == (1, "")
    assert out == (
        f"{path}: 307 ops; train op: GradientDescent {GUESSED}\n\n"
        "BN004 error: moving averages that the Saver leaves out\n"
        "  - batch_normalization/moving_mean and batch_normalization/moving_variance of "
        "batch_normalization\n"
        "    are not saved, though batch_normalization/gamma is: restored, the network normalizes "
        "by initial\n"
        "    values.\n"
        "      batch_normalization/moving_mean\n"
        "      batch_normalization/moving_variance\n"
        "  remedy: Save all variables, `tf.train.Saver()`, or add the moving averages to "
        "`var_list`.\n"
        "  why, and in code: python -m tf1_dnn.check --explain BN004\n\n"
        "1 error\n"
    )


def test_nothing_found(capsys, graph):
    code, out, _ = run(capsys, graph("BN004_right"), "--ignore", "mg002")
    assert code == 0 and out.endswith(f"train op: GradientDescent {GUESSED}\n\nnothing found\n")


def test_the_worst_stand_first(capsys, graph):
    code, out, _ = run(capsys, graph("gan"))
    heads = [line for line in out.splitlines() if line[:2] in ("BN", "MG")]
    assert [head.split(":")[0] for head in heads] == ["BN005 note", "BN006 note", "MG002 note"]
    assert code == 0 and out.endswith("\n4 notes\n")


@pytest.mark.parametrize(
    "name, options, code",
    [
        ("BN001_wrong", [], 1),  # one kind of step: taken to be fetched as it was found
        ("BN001_wrong", ["--fail-on", "warning"], 1),
        ("BN001_wrong", ["--train-op", "train_op"], 1),
        ("BN001_wrong", ["--train-op", "train_op", "--ignore", "BN001"], 0),
        ("BN001_wrong", ["--train-op", "train_op,update_ops"], 0),
        ("BN001_wrong", ["--train-op", "train_op", "--train-op", "update_ops"], 0),
        ("BN005_wrong", ["--fail-on", "warning"], 0),
        ("BN005_wrong", ["--fail-on", "note"], 1),
        ("BN005_wrong", ["--fail-on", "note", "--ignore", "BN005,mg002"], 0),
        ("BN005_wrong", ["--ignore", "BN005", "--fail-on", "note", "--ignore", "MG002"], 0),
    ],
)
def test_exit_codes(capsys, graph, name, options, code):
    assert run(capsys, graph(name), *options)[0] == code


def test_json_holds_everything(capsys, graph):
    path = graph("gan")
    code, out, err = run(capsys, path, "--json")
    printed = json.loads(out)
    assert (code, err) == (0, "") and printed["source"] == path
    assert printed["train_ops"] == ["d_train", "g_train"] and printed["left_out"] == []
    found = [Finding(**{**each, "ops": tuple(each["ops"])}) for each in _untitled(printed)]
    assert found == check.check(path)
    assert printed["findings"][0]["title"] == check.RULES["BN005"].title


def _untitled(printed):
    added = ("title", "basis")
    return [{k: v for k, v in each.items() if k not in added} for each in printed["findings"]]


def test_a_graph_without_a_train_op_is_told_so(capsys, graph):
    code, out, _ = run(capsys, graph("evaluation"), "--ignore", "MG002")
    assert code == 0 and "train op: not found" in out
    told = " ".join(out.split())
    assert "Not checked, for no train op was found: BN001, BN002, BN006, BN007, BN008" in told
    assert "--train-op NAME." in told and out.endswith("nothing found\n")


def test_explain_shows_the_page(capsys):
    code, out, _ = run(capsys, "--explain", "bn001")
    assert code == 0 and out.startswith("# BN001: batch-norm updates that the train op does not")
    assert "def right():" in out and "## What it cannot see" in out


@pytest.mark.parametrize("options, guessed", [([], True), (["--train-op", "train_op"], False)])
def test_what_was_guessed_is_said(capsys, graph, options, guessed):
    path = graph("BN001_wrong")
    _, out, _ = run(capsys, path, *options)
    assert out.startswith(f"{path}: 291 ops; train op: train_op{f' {GUESSED}' * guessed}\n")
    _, out, _ = run(capsys, path, *options, "--json")
    assert json.loads(out)["guessed"] is guessed


@pytest.mark.parametrize(
    "argv, said",
    [
        (["nowhere.meta"], "error: nowhere.meta does not exist: give a .meta, .pb or .pbtxt file"),
        (["--explain", "XX9"], "error: unknown rule 'XX9': choose from BN001, BN002, "),
        (["--ignore", "BN1", "GRAPH"], "error: there is no rule 'BN1': name one, such as BN001,"),
        (["GRAPH", "--train-op", "nothing"], "error: the graph has no op named 'nothing'"),
    ],
)
def test_errors_are_one_sentence_and_exit_code_2(capsys, graph, argv, said):
    argv = [graph("gan") if each == "GRAPH" else each for each in argv]
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "") and err.startswith(said) and err.count("\n") == 1


@pytest.mark.parametrize("argv", [[], ["--fail-on", "never", "x"], ["--nonsense", "x"]])
def test_usage_errors_are_one_sentence(capsys, argv):
    with pytest.raises(SystemExit) as raised:
        command.main(argv)
    assert raised.value.code == 2
    assert capsys.readouterr().err.startswith("python -m tf1_dnn.check: error: ")


def test_tensorflow_is_not_imported(graph):
    code = (
        "import sys\nfrom tf1_dnn.check.__main__ import main\n"
        "code = main([sys.argv[1]])\nprint(code, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, graph("gan")], capture_output=True, text=True
    )
    assert done.stdout.endswith("\n0 False\n") and done.stderr == ""
    usage = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tf1_dnn.check", "--help"],
        capture_output=True,
        text=True,
    )
    assert usage.returncode == 0 and "--train-op" in usage.stdout
    assert "tensorflow.python" not in usage.stderr


def test_control_characters_in_names_do_not_reach_the_terminal():
    finding = Finding("BN001", "error", ("a\x1b[31m\n",), "evil\x1b]0;title\x07 name")
    checked = check.Checked("here", 1, ("t\x1b",), [finding], ())
    printed = report.report(checked)
    assert "\x1b" not in printed and "\x07" not in printed and "a\\x1b[31m\\n" in printed


def test_many_findings_of_a_rule_are_counted(capsys):
    findings = [Finding("BN001", "error", tuple("abcdef"), f"layer {i}.") for i in range(25)]
    printed = report.report(check.Checked("here", 1, (), findings, ()))
    assert printed.count("  - layer") == 10 and "… and 15 more of this kind" in printed
    assert printed.count("      … and 2 ops more") == 10 and printed.endswith("\n25 errors")


def test_a_graph_that_takes_too_long_is_given_up(capsys, monkeypatch):
    monkeypatch.setattr(check, "examine", lambda *_: time.sleep(60))
    sentence = "error: tangle.meta takes longer than 0.1 s to examine: raise --time-limit.\n"
    assert run(capsys, "tangle.meta", "--time-limit", "0.1") == (2, "", sentence)


def in_many(tmp_path, *names):
    """A folder of stored graphs, one of them in a folder of its own."""
    for name in names:
        (tmp_path / "many" / name).mkdir(parents=True)
        path = tmp_path / "many" / name / "model.meta"
        path.write_bytes(stored.read(f"{name}.meta").SerializeToString())
    return tmp_path / "many"


def test_a_folder_of_graphs_ends_in_a_table(capsys, tmp_path):
    folder = in_many(tmp_path, "BN001_wrong", "BN001_right", "LS006_wrong")
    (folder / "no_graph.pb").write_bytes(b"no graph")
    code, out, err = run(capsys, str(folder), "--ignore", "MG")
    assert code == 1 and err.startswith(f"passed over: {folder}/no_graph.pb is damaged")
    lines = [line.split() for line in out.splitlines()[-4:]]
    assert lines == [
        ["graph", "errors", "warnings", "notes", "rules"],
        [f"{folder}/BN001_right/model.meta", "0", "0", "0"],
        [f"{folder}/BN001_wrong/model.meta", "1", "0", "0", "BN001"],
        [f"{folder}/LS006_wrong/model.meta", "0", "0", "1", "LS006"],
    ]
    assert out.startswith(f"{folder}/BN001_wrong/model.meta: ")  # silent graphs are in the table
    code, out, _ = run(capsys, str(folder), "--json", "--ignore", "BN")
    sources = [f"{folder}/{name}/model.meta" for name in ("BN001_right", "BN001_wrong")]
    sources += [f"{folder}/LS006_wrong/model.meta"]
    assert (code, [each["source"] for each in json.loads(out)]) == (0, sources)


def test_a_folder_without_any_is_refused(capsys, tmp_path):
    in_many(tmp_path)
    (tmp_path / "a.pb").write_bytes(b"no graph")
    (tmp_path / "b.pb").write_bytes(b"no graph")
    code, out, err = run(capsys, str(tmp_path))
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        f"error: {tmp_path} holds no graph that can be read: name another."
    )


@pytest.mark.parametrize(
    "options, rules",
    [
        ([], {"GR002", "MG002"}),
        (["--select", "gr"], {"GR002"}),
        (["--select", "BN,MG002"], {"MG002"}),
        (["--ignore", "MG"], {"GR002"}),
        (["--select", "GR,MG", "--ignore", "GR002"], {"MG002"}),
    ],
)
def test_rules_are_chosen_one_by_one_and_by_family(capsys, graph, options, rules):
    _, out, _ = run(capsys, graph("GR002_wrong"), "--json", *options)
    assert {each["rule"] for each in json.loads(out)["findings"]} == rules


def test_a_baseline_leaves_only_what_is_new(capsys, graph, tmp_path):
    path, file = graph("BN001_wrong"), tmp_path / "baseline.json"
    assert run(capsys, path, "--write-baseline", str(file))[0] == 0
    code, out, _ = run(capsys, path, "--baseline", str(file))
    assert code == 0 and out.endswith("nothing found\n")
    entries = json.loads(file.read_text())["findings"]
    kept = [each for each in entries if each["rule"] != "BN001"]
    file.write_text(json.dumps({"findings": kept}))
    code, out, _ = run(capsys, path, "--baseline", str(file))
    assert code == 1 and "BN001 error" in out and "MG002" not in out


@pytest.mark.parametrize("content", ["", "[]", '{"findings": [{"rule": 3}]}', "[" * 5000])
def test_what_is_no_baseline_is_told(capsys, graph, tmp_path, content):
    (tmp_path / "b.json").write_text(content)
    code, out, err = run(capsys, graph("gan"), "--baseline", str(tmp_path / "b.json"))
    assert (code, out) == (2, "") and "is no baseline" in err and err.count("\n") == 1


def test_what_a_finding_is_known_by(capsys, graph):
    path = graph("BN001_wrong")

    def bases(*options):
        _, out, _ = run(capsys, path, "--json", *options)
        return {each["rule"]: each["basis"] for each in json.loads(out)["findings"]}

    assert bases() == {"BN001": "train op, guessed", "MG002": "graph"}
    assert bases("--train-op", "train_op")["BN001"] == "train op, named"


def test_sarif_holds_rules_and_results(capsys, graph):
    path = graph("BN001_wrong")
    code, out, err = run(capsys, path, "--format", "sarif")
    sarif = json.loads(out)
    assert (code, err, sarif["version"], len(sarif["runs"])) == (1, "", "2.1.0", 1)
    (run_,) = sarif["runs"]
    rules = {each["id"]: each for each in run_["tool"]["driver"]["rules"]}
    assert set(rules) == {"BN001", "MG002"}
    assert rules["BN001"]["defaultConfiguration"] == {"level": "error"}
    first = run_["results"][0]
    assert (first["ruleId"], first["level"]) == ("BN001", "error")
    (location,) = first["locations"]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": path}}
    assert location["logicalLocations"][0]["fullyQualifiedName"].endswith("AssignMovingAvg")


def test_github_gets_a_command_for_each_finding(capsys, graph):
    path = graph("BN001_wrong")
    _, out, _ = run(capsys, path, "--format", "github")
    error, note = out.splitlines()
    title = check.RULES["BN001"].title
    assert error.startswith(f"::error file={path},title=BN001%3A {title}::batch_normalization ")
    assert note.startswith(f"::notice file={path},title=MG002%3A tf.layers")


def test_places_of_a_program_go_into_the_formats():
    finding = Finding("BN001", "error", ("a",), "50%\nof it", "my, train.py, line 31 (x = 3)")
    checked = check.Checked("", 1, (), [finding], ())
    (result,) = json.loads(formats.as_sarif([checked]))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "my, train.py"},
        "region": {"startLine": 31},
    }
    assert formats.as_github([checked]) == (
        f"::error file=my%2C train.py,line=31,title=BN001%3A {check.RULES['BN001'].title}"
        "::50%25%0Aof it (a)"
    )
