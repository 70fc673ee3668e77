"""Every reader, given damaged and forged files: a value of its kind, or one sentence."""

import pathlib
import resource

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import changes, mutated, restructured, structure
from sound_files import DATA, GRAPHS, PICTURES, RUNS

from tf1_dnn.errors import Error

CASES = [*DATA, *PICTURES, *GRAPHS, *RUNS]
MOST_MEMORY = 1 << 30  # bytes; a picture of 89 million pixels takes 800 MB


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def outcome(case, folder, content):
    """What the reader makes of these bytes: a value of its kind, or the sentence of an Error."""
    for name, other in {**case.beside, case.file: content}.items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(other)
    try:
        value = case.read(folder)
    except Error as error:
        sentence = str(error)
        assert sentence.endswith(".") and len(sentence.splitlines()) == 1
        return sentence
    assert isinstance(value, case.kind)
    return value


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_sound_file_is_read(case, tmp_path):
    assert isinstance(outcome(case, tmp_path, case.pack(case.sound)), case.kind)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.filterwarnings("ignore")
def test_whatever_the_damage(case, scratch):
    folder, before = scratch / case.name, peak()

    @settings(settings.get_profile("fuzz"))
    @given(st.one_of(changes, st.binary(max_size=80)))
    def fuzz(how):
        damaged = how if isinstance(how, bytes) else mutated(case.sound, how)
        outcome(case, folder, case.pack(damaged))

    fuzz()
    assert peak() - before < MOST_MEMORY


@pytest.mark.parametrize("case", RUNS, ids=lambda case: case.name)
def test_whatever_json_says_that_is_json(case, scratch):
    folder, sentences = scratch / f"structure of {case.name}", set()

    @settings(settings.get_profile("fuzz"))
    @given(structure)
    def fuzz(how):
        said = outcome(case, folder, case.pack(restructured(case.sound, how)))
        sentences.add(said.split("(")[-1][:20] if isinstance(said, str) else "read")

    fuzz()
    assert "read" in sentences and len(sentences) > 4


def test_the_same_damage_is_done_each_time(request):
    profile, rounds = settings.get_profile("fuzz"), []

    @settings(profile)
    @given(changes)
    def collect(how):
        rounds[-1].append(mutated(RUNS[0].sound, how))

    for _ in range(2):
        rounds.append([])
        collect()
    assert rounds[0] == rounds[1]
    assert len(rounds[0]) == request.config.getoption("--fuzz")
    assert len(set(rounds[0])) > len(rounds[0]) / 2


def failing(case, error):
    def read(folder):
        raise error

    return case._replace(read=read)


def test_what_the_fuzzers_would_see(tmp_path):
    case = DATA[0]
    assert outcome(failing(case, Error("damaged: get another")), tmp_path, b"") == (
        "damaged: get another."
    )
    with pytest.raises(KeyError):
        outcome(failing(case, KeyError("shape")), tmp_path, b"")
    with pytest.raises(AssertionError):
        outcome(failing(case, Error("two\nlines")), tmp_path, b"")
    with pytest.raises(AssertionError):
        outcome(case._replace(read=lambda folder: None), tmp_path, b"")
