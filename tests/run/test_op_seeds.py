"""Small TensorFlow 1 programs get the op seeds, graph sizes and random numbers of 1.15.5."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"
REFERENCE = json.loads((GOLDEN / "op_seeds.json").read_text())
EAGER_REFERENCE = json.loads((GOLDEN / "op_seeds_eager.json").read_text())
GROUPS = list(dict.fromkeys(program.split(": ")[0] for program in REFERENCE))

RUN = """
import runpy, sys
{prepare}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
ACTIVATE = "from tf1_dnn.run import activate; activate()"
# TensorFlow 1's names and behaviour without its rule for seeds.
NO_RULE = (
    "from tf1_dnn import compat; compat.tf.disable_v2_behavior(); "
    "sys.modules['tensorflow'] = compat.tf"
)

# What builds other ops than in TensorFlow 1.15.5, so that random ops after it get other seeds.
KNOWN: dict[str, str] = {}


def recorded(out, *arguments, prepare=ACTIVATE):
    """What the programs do on today's TensorFlow, in the form of the reference."""
    script = [str(GOLDEN / "make_op_seeds.py"), "--out", str(out), *arguments]
    command = [sys.executable, "-W", "ignore", "-c", RUN.format(prepare=prepare), *script]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(out.read_text())


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("op_seeds") / "found.json")


@pytest.mark.parametrize("group", GROUPS)
def test_sizes_seeds_and_values_are_those_of_1_15_5(found, group):
    programs = [program for program in REFERENCE if program.startswith(f"{group}: ")]
    differ = {program for program in programs if found[program] != REFERENCE[program]}
    assert differ == {program for program in programs if program in KNOWN}


def test_the_reference_holds_no_failed_program():
    assert all(isinstance(size, int) for size, *_ in REFERENCE.values())
    assert set(KNOWN) <= set(REFERENCE)


def test_eager_programs_draw_what_they_drew(tmp_path):
    assert recorded(tmp_path / "eager.json", "--only", "eager") == EAGER_REFERENCE


def test_without_the_rule_seeds_are_others(tmp_path):
    found = recorded(tmp_path / "no_rule.json", "--only", "initializers", prepare=NO_RULE)
    seeded = [program for program in found if REFERENCE[program][1] and "seed=" not in program]
    assert len(seeded) > 20
    assert all(found[program][1:] != REFERENCE[program][1:] for program in seeded)
