"""Every command where its streams cannot be written, are closed, or Ctrl-C comes."""

import os
import signal
import subprocess
import sys

import pytest
from test_compare import make_run

from tf1_dnn import cli, compare, doctor, train
from tf1_dnn.training.signals import exiting_at_signals, signals_noted

FULL = "/dev/full"
pytestmark = pytest.mark.skipif(not os.path.exists(FULL), reason="there is no /dev/full here")
SENTENCE = "error: cannot write to standard output ({}): make room, or send it to another place.\n"
NO_SPACE = SENTENCE.format("No space left on device")


@pytest.fixture
def run_dir(tmp_path):
    return make_run(tmp_path / "run", [0.5])


def shell(command, **options):
    """A shell's command, in which $PYTHON is this Python."""
    options = {"capture_output": True, "text": True, **options}
    return subprocess.run(["bash", "-c", command], **options, env=environment())


def environment(**variables):
    return {**os.environ, "PYTHON": sys.executable, **variables}


@pytest.mark.parametrize("command", ["compare {}", "check --explain GR001", "train --help"])
def test_each_stream_may_fail(command, run_dir):
    command = "$PYTHON -m tf1_dnn." + command.format(run_dir)
    script = f"""
        {command} >/dev/full; echo $? >&2
        {command} 2>/dev/full; echo $?
        {command} | true; echo ${{PIPESTATUS[0]}}
    """
    done = shell(script)
    plain = shell(command)
    assert (plain.returncode, plain.stderr) == (0, "") and plain.stdout
    assert done.stderr == NO_SPACE + "2\n"
    assert done.stdout == plain.stdout + "0\n" + "141\n"


def test_each_stream_may_be_closed(run_dir):
    command = f"$PYTHON -m tf1_dnn.compare {run_dir}"
    assert shell(f"{command} >&-; echo $? >&2").stderr == SENTENCE.format("it is closed") + "2\n"
    assert shell(f"{command} >&- 2>&- <&-; echo $?").stdout == "2\n"
    assert shell(f"{command} 2>&- <&-; echo $?").stdout == shell(command).stdout + "0\n"


def test_errors_take_no_closed_streams_place(tmp_path):
    """Without a standard error, a message must not land among the results."""
    done = shell(f"$PYTHON -m tf1_dnn.compare {tmp_path}/none 2>&-; echo $?")
    assert done.stdout == "2\n"
    control = shell(f"$PYTHON -m tf1_dnn.compare {tmp_path}/none; echo $?")
    assert "is not a run directory" in control.stderr


@pytest.mark.parametrize(
    "main, argv",
    [
        (
            train.main,
            ["--data", "{npz}", "--loop", "step", "--hidden-units", "4", "--n-epochs", "1"],
        ),
        (doctor.main, []),
        (doctor.main, ["--json"]),
        (compare.main, ["{run}", "--json"]),
    ],
)
def test_a_full_stdout_is_told(main, argv, npz, run_dir, capfd, monkeypatch):
    with open(FULL, "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert cli.run(main, [word.format(npz=npz, run=run_dir) for word in argv]) == 2
    assert capfd.readouterr().err.endswith(NO_SPACE)


def test_a_full_stdout_is_no_fault_of_the_run_directory(npz, tmp_path, capfd, monkeypatch):
    argv = ["--data", npz, "--loop", "step", "--hidden-units", "4", "--n-epochs", "2", "--run-dir"]
    with open(FULL, "w") as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        assert cli.run(train.main, [*argv, str(tmp_path / "run")]) == 2
    assert capfd.readouterr().err.endswith(NO_SPACE)
    assert cli.run(train.main, [*argv, str(tmp_path / "run"), "--resume"]) == 0


def test_a_full_stderr_stops_no_training(npz, capsys, monkeypatch):
    argv = ["--data", npz, "--loop", "step", "--hidden-units", "4", "--n-epochs", "1"]
    assert cli.run(train.main, argv) == 0
    expected = capsys.readouterr().out
    with open(FULL, "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert cli.run(train.main, argv) == 0
    assert capsys.readouterr().out == expected


def test_a_full_metrics_file_is_told(npz, capsys):
    argv = [
        "--data",
        npz,
        "--loop",
        "step",
        "--hidden-units",
        "4",
        "--n-epochs",
        "1",
        "--metrics",
        FULL,
    ]
    assert cli.run(train.main, argv) == 2
    err = capsys.readouterr().err
    assert f"error: cannot write the metrics file {FULL} (No space left on device): make" in err


def test_an_encoding_without_the_letters_gets_escapes(tmp_path):
    make_run(tmp_path / "é", [0.5])
    command = [sys.executable, "-m", "tf1_dnn.compare", "é"]
    for encoding, name in [("ascii", b"\n\\xe9 "), ("utf-8", "\né ".encode())]:
        done = subprocess.run(
            command, capture_output=True, cwd=tmp_path, env=environment(PYTHONIOENCODING=encoding)
        )
        assert done.returncode == 0 and name in done.stdout, done.stderr


def interrupt_myself(argv=None):
    os.kill(os.getpid(), signal.SIGINT)
    return 0


@pytest.fixture
def interrupts_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_a_command(capsys):
    before = signal.getsignal(signal.SIGINT)
    assert cli.run(interrupt_myself) == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_what_an_extension_makes_of_ctrl_c_is_ctrl_c(capsys):
    def main(argv):
        try:
            interrupt_myself()
        except KeyboardInterrupt:
            raise TypeError("an error that an extension module raised in its place") from None
        return 0

    assert cli.run(main) == 130
    assert capsys.readouterr().err == "interrupted\n"

    def control(argv):
        raise TypeError("nobody pressed Ctrl-C")

    with pytest.raises(TypeError):
        cli.run(control)


def test_a_process_started_to_ignore_ctrl_c_ignores_it(interrupts_ignored):
    assert cli.run(interrupt_myself) == 0
    with signals_noted() as noted, exiting_at_signals():
        interrupt_myself()
        assert noted == []
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_ctrl_c_is_noted_otherwise():
    with signals_noted() as noted:
        interrupt_myself()
    assert noted == [signal.SIGINT]


def interrupted_in(folder, module, *argv):
    """Run a command that gets a SIGINT while it imports `module`, which makes of it what it can."""
    (folder / module).mkdir()
    text = "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\n"
    text += "except KeyboardInterrupt:\n    raise TypeError from None\n"
    (folder / module / "__init__.py").write_text(text)
    command = [sys.executable, "-m", *argv]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment(PYTHONPATH=str(folder))
    )


def test_ctrl_c_while_the_command_is_imported(run_dir, tmp_path):
    done = interrupted_in(tmp_path, "msgspec", "tf1_dnn.compare", run_dir)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_ctrl_c_while_tensorflow_is_imported(npz, tmp_path):
    done = interrupted_in(tmp_path, "tensorflow", "tf1_dnn.train", "--data", npz)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_library_that_is_no_command_leaves_ctrl_c_alone():
    text = "import signal, tf1_dnn; print(signal.getsignal(signal.SIGINT))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert "default_int_handler" in done.stdout
