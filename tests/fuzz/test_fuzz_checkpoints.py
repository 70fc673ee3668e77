"""Forged checkpoints with sound checksums: what the index's reader accepts, TensorFlow survives."""

import subprocess
import sys

import forged_checkpoints
import pytest

from tf1_dnn import checkpoint_index, cli, train

READ = """
import sys
from tf1_dnn.compat import tf
for prefix in sys.stdin.read().split():
    try:
        reader = tf.train.load_checkpoint(prefix)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except Exception as error:  # told as any damage is
        print(prefix, file=sys.stderr)
    else:
        print(prefix)
"""


def read_by_tensorflow(prefixes):
    """The exit code of a process that reads them all, how many it read, and how many it refused."""
    command = [sys.executable, "-c", READ]
    text = "\n".join(map(str, prefixes))
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    return done.returncode, len(done.stdout.split()), len(done.stderr.split())


def accepted(folder, seeds):
    """The prefixes of those forged from the seeds that the reader takes for sound."""
    found = []
    for seed in seeds:
        prefix = folder / f"{seed}"
        if seed % 3:
            forged_checkpoints.write(prefix, forged_checkpoints.forged(seed))
        else:
            change = forged_checkpoints.damage(seed)
            forged_checkpoints.write(prefix, forged_checkpoints.sound(), change=change)
        try:
            checkpoint_index.shapes(str(prefix))
        except (OSError, ValueError):
            continue
        found.append(prefix)
    return found


def test_the_sound_one_is_read(tmp_path):
    forged_checkpoints.write(tmp_path / "sound", forged_checkpoints.sound())
    shapes = {name: shape for name, (_, shape, *_) in forged_checkpoints.SOUND.items()}
    assert checkpoint_index.shapes(str(tmp_path / "sound")) == shapes


@pytest.mark.parametrize(
    "junk, said",
    [
        (b"\0", None),  # control: what stands there, as the length of what two names share
        (b"\x80" * 5 + b"\0", "a length is not written as TensorFlow writes it"),
        (b"\x80\0", "a length is not written as TensorFlow writes it"),
        (b"\xff" * 12, "a length is not written as TensorFlow writes it"),
        (b"\xff\xff\xff\xff\x0f", "it is cut short or damaged"),
    ],
)
def test_a_number_that_tensorflow_reads_otherwise_or_not_at_all(junk, said, tmp_path):
    def change(part):
        return junk + part[1:]

    forged_checkpoints.write(tmp_path / "forged", forged_checkpoints.sound(), change=change)
    if said is None:
        assert len(checkpoint_index.shapes(str(tmp_path / "forged"))) == 3
    else:
        with pytest.raises(ValueError, match=said):
            checkpoint_index.shapes(str(tmp_path / "forged"))


@pytest.mark.parametrize("offset", [0, 400, 2**32, 2**63, 2**64 - 1])
@pytest.mark.parametrize("place", ["index", "footer"])
def test_a_block_beyond_the_end(place, offset, tmp_path):
    parts = iter(["entries", "index", "footer"])
    handle = forged_checkpoints._varint(offset) + b"\x05"
    junk = {"index": b"\0\1" + bytes([len(handle)]) + b"\xff" + handle, "footer": b"\0\0" + handle}

    def change(part):
        return junk[place] if next(parts) == place else part

    forged_checkpoints.write(tmp_path / "forged", forged_checkpoints.sound(), change=change)
    said = "a checksum does not fit" if offset == 0 else "it is cut short|a length is not written"
    with pytest.raises(ValueError, match=said):  # control: what is there is read
        checkpoint_index.shapes(str(tmp_path / "forged"))


def test_a_prefix_that_is_a_pattern_to_tensorflow(tmp_path):
    """It would read the files of run1."""
    for name in ("run[1]", "run1"):
        (tmp_path / name).mkdir()
        forged_checkpoints.write(tmp_path / name / "model", forged_checkpoints.sound())
    assert len(checkpoint_index.shapes(str(tmp_path / "run1" / "model"))) == 3
    with pytest.raises(ValueError, match="in a path for a pattern"):
        checkpoint_index.shapes(str(tmp_path / "run[1]" / "model"))


def test_variables_in_parts_are_named_so(tmp_path):
    records = forged_checkpoints.sound()
    forged_checkpoints.write(tmp_path / "forged", [records[0], (b"\0\x80", b""), *records[1:]])
    with pytest.raises(ValueError, match="a variable lies there in parts"):
        checkpoint_index.shapes(str(tmp_path / "forged"))


@pytest.mark.slow
def test_what_is_accepted_does_not_end_tensorflows_process(tmp_path, request):
    prefixes = accepted(tmp_path, range(request.config.getoption("--fuzz")))
    code, n_read, n_refused = read_by_tensorflow(prefixes)
    assert (code, n_read + n_refused) == (0, len(prefixes))
    assert n_read > 5


def test_commands_refuse_it_in_a_sentence(npz, tmp_path, capsys):
    records = forged_checkpoints.sound()
    records[1] = (b"global_step", records[1][1].replace(b"\x28\x08", b"\x28\x09"))  # its size
    forged_checkpoints.write(tmp_path / "forged", records)
    argv = ["--data", npz, "--loop", "step", "--from-checkpoint", str(tmp_path / "forged")]
    assert cli.run(train.main, argv) == 2
    (sentence,) = capsys.readouterr().err.splitlines()[-1:]
    assert sentence == (
        f"error: {tmp_path}/forged is not a checkpoint that can be read (of 'global_step' it says "
        "9 bytes, which do not fit the shape []): give the path without .index or "
        ".data-00000-of-00001."
    )


@pytest.mark.slow
def test_what_is_refused_may_end_it(tmp_path):
    """The control: the shape over which TensorFlow's reader aborts."""
    records = forged_checkpoints.sound()
    entry = checkpoint_index.BundleEntry.FromString(records[2][1])
    entry.shape.dim[0].size = -5
    records[2] = (b"kernel", entry.SerializeToString())
    forged_checkpoints.write(tmp_path / "forged", records)
    with pytest.raises(ValueError, match="of 'kernel' it says no shape"):
        checkpoint_index.shapes(str(tmp_path / "forged"))
    assert read_by_tensorflow([tmp_path / "forged"])[0] == -6
