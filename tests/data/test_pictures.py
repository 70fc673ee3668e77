"""Pictures of digits: closed-form cases, every kind of file, fuzzing, and real MNIST redrawn."""

import io
import os
import socket
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tf1_dnn.data import pictures
from tf1_dnn.data.ink import resize
from tf1_dnn.errors import DataError

ARROW = np.array([[0, 0, 1, 0], [0, 1, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0], [0, 1, 0, 0]], np.uint8)


LOSSY = {"quality": 95}
QUALITY = {"PNG": {}, "TIFF": {}, "JPEG": LOSSY, "MPO": LOSSY, "WEBP": LOSSY}


def encode(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    file.seek(0)
    return file


def glyph(scale=10, margins=(30, 30, 30, 30), ground=255, ink=0, shape=ARROW):
    """A picture uint8 [h, w] of `shape`, each of its pixels a square of `scale`."""
    top, bottom, left, right = margins
    drawn = np.pad(np.kron(shape, np.ones((scale, scale))), ((top, bottom), (left, right)))
    return np.rint(ground + drawn * (ink - ground)).astype(np.uint8)


def centre(image):
    rows, columns = np.arange(image.shape[0]), np.arange(image.shape[1])
    mass = image.sum(dtype=np.float64)
    return image.sum(axis=1) @ rows / mass, image.sum(axis=0) @ columns / mass


def extent(image):
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


# to_mnist: exact cases


@pytest.mark.parametrize("size", [20, 40, 100, 200])
def test_a_square_fills_the_box(size):
    expected = np.zeros((28, 28), np.uint8)
    expected[4:24, 4:24] = 255
    picture = glyph(size, (30, 10, 25, 15), shape=np.ones((1, 1)))
    result = pictures.to_mnist(picture)
    assert result.dtype == np.uint8
    inner = np.s_[5:23, 5:23]  # a square cut through pixels has blurred edges
    np.testing.assert_array_equal(result[inner], expected[inner])
    np.testing.assert_array_equal(result > 60, expected > 60)
    if size in (20, 40):
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("h, w, expected", [(80, 20, (20, 5)), (10, 200, (1, 20)), (3, 1, (20, 7))])
def test_the_aspect_ratio_is_kept(h, w, expected):
    assert extent(pictures.to_mnist(glyph(1, shape=np.ones((h, w))))) == expected


@pytest.mark.parametrize("ground, ink", [(255, 0), (200, 60), (140, 110), (0, 255), (20, 60)])
def test_levels_do_not_matter(ground, ink):
    expected = pictures.to_mnist(glyph())
    assert expected.max() == 255
    np.testing.assert_allclose(pictures.to_mnist(glyph(ground=ground, ink=ink)), expected, atol=1)


def test_dark_on_light_equals_light_on_dark():
    noise = np.random.RandomState(0).randint(-9, 10, (110, 100))
    picture = (glyph(ground=220, ink=60) + noise).astype(np.uint8)
    np.testing.assert_array_equal(pictures.to_mnist(picture), pictures.to_mnist(255 - picture))


@pytest.mark.parametrize("margins", [(0, 90, 55, 1), (10, 10, 10, 10), (100, 3, 20, 120)])
def test_place_does_not_matter(margins):
    np.testing.assert_array_equal(
        pictures.to_mnist(glyph(margins=margins)), pictures.to_mnist(glyph())
    )


@pytest.mark.parametrize("scale", [4, 7, 16, 25, 60])
def test_size_does_not_matter(scale):
    expected = pictures.to_mnist(glyph(8, (20, 20, 20, 20)))
    difference = pictures.to_mnist(glyph(scale, (2 * scale,) * 4)).astype(int) - expected
    assert np.abs(difference).mean() < 3


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("shape", [ARROW, [[1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]])
def test_the_centre_of_mass_is_the_centre(shape, turns):
    result = pictures.to_mnist(glyph(shape=np.rot90(shape, turns)))
    np.testing.assert_allclose(centre(result), (14, 14), atol=0.5)
    assert max(extent(result)) == 20


def test_a_lopsided_digit_stays_within_the_image():
    shape = np.zeros((40, 40))
    shape[:, :8], shape[20] = 1, 1  # its centre of mass is 7 pixels of the box from its end
    result = pictures.to_mnist(glyph(3, shape=shape))
    assert max(extent(result)) == 20


def test_specks_are_removed_and_a_digits_parts_are_not():
    clean, dusty = glyph(), glyph()
    dusty[5:7, 4:6] = dusty[100:102, 94] = 0
    np.testing.assert_array_equal(pictures.to_mnist(dusty), pictures.to_mnist(clean))
    dusty[2:14, 4:16] = 0  # as large as a square of the glyph
    assert (pictures.to_mnist(dusty) != pictures.to_mnist(clean)).mean() > 0.1


def test_noise_is_removed():
    noise = np.random.RandomState(0).normal(0, 10, (110, 100))
    picture = np.clip(glyph(ground=200, ink=60) + noise, 0, 255).astype(np.uint8)
    result, expected = pictures.to_mnist(picture), pictures.to_mnist(glyph())
    assert (result[expected == 0] == 0).mean() > 0.99
    assert np.abs(result.astype(int) - expected).mean() < 4


def test_uneven_light_is_removed():
    y, x = np.mgrid[-1:1:110j, -1:1:100j]
    light = 1 - 0.25 * x - 0.15 * y - 0.15 * (x * x + y * y)
    picture = np.rint(glyph(ground=170, ink=110) * light).astype(np.uint8)
    # the negative control: no one threshold could tell this ink from this paper
    drawn = glyph() == 0
    assert picture[drawn].max() > picture[~drawn].min() + 40
    result, expected = pictures.to_mnist(picture), pictures.to_mnist(glyph())
    assert ((result > 127) != (expected > 127)).mean() < 0.02


def test_thin_strokes_are_made_visible():
    picture = np.full((300, 300), 255, np.uint8)
    picture[50:250, 150:152] = 0
    assert pictures.to_mnist(picture).max() == 255


@pytest.mark.parametrize(
    "level, noise", [(0, 0), (37, 0), (255, 0), (0, 4), (255, 4), (128, 12), (128, 25), (200, 25)]
)
def test_a_blank_picture_is_refused(level, noise):
    random_state = np.random.RandomState(level)
    picture = np.clip(level + noise * random_state.randn(120, 90), 0, 255)
    with pytest.raises(DataError, match="shows no ink"):
        pictures.to_mnist(picture)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 5)),
        np.zeros(5),
        np.zeros((4, 4, 3)),
        np.full((4, 4), np.nan),
        np.full((4, 4), np.inf),
        np.full((4, 4), 256),
        np.full((4, 4), -1),
        np.full((4, 4), 1j),
        np.full((4, 4), "7"),
        np.full((4, 4), None),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}{array.flat[:1]}",
)
def test_arrays_that_are_no_pictures_are_refused(array):
    for shape in ((28, 28), (8, 8)):
        with pytest.raises(DataError, match="is not a picture: give grey levels"):
            pictures.to_data_form(array, shape)


# to_data_form


def test_mnists_shape_goes_through_to_mnist():
    np.testing.assert_array_equal(
        pictures.to_data_form(glyph(), (28, 28)), pictures.to_mnist(glyph())
    )


def test_other_shapes_are_a_plain_resize_of_the_whole_picture():
    result = pictures.to_data_form(glyph(12, (12, 24, 24, 12)), (8, 7))
    assert result.dtype == np.uint8
    expected = np.pad(255 * ARROW, ((1, 2), (2, 1)))
    np.testing.assert_array_equal(pictures.to_data_form(expected, (8, 7)), expected)
    np.testing.assert_array_equal(pictures.to_data_form(255 - expected, (8, 7)), expected)
    np.testing.assert_array_equal(result > 127, expected > 127)
    assert pictures.to_data_form(glyph(), (1, 1)).shape == (1, 1)


@pytest.mark.parametrize("shape", [(), (784,), (28, 28, 1), (32, 32, 3)])
def test_other_ranks_are_refused(shape):
    with pytest.raises(DataError, match="no picture can take the shape"):
        pictures.to_data_form(glyph(), shape)


# read


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "I;16", "I", "F"])
def test_modes(mode):
    picture = glyph()
    if mode in ("I;16", "I"):
        image = Image.fromarray(picture.astype(np.uint16 if mode == "I;16" else np.int32) * 257)
    elif mode == "F":
        image = Image.fromarray(picture.astype(np.float32) / 255)
    else:
        image = Image.fromarray(picture).convert(mode)
    assert image.mode == mode
    grey = pictures.read(encode(image, "TIFF"))
    assert grey.dtype == (np.float32 if mode[0] in "IF" else np.uint8)
    np.testing.assert_allclose(grey, picture, atol=1e-4)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "MPO", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_formats_as_files_and_paths(tmp_path, format):
    path = tmp_path / "digit"
    Image.fromarray(glyph()).save(path, format, **QUALITY.get(format, {}))
    for file in (path, str(path), io.BytesIO(path.read_bytes())):
        np.testing.assert_allclose(pictures.read(file).astype(int), glyph(), atol=8)
    with open(path, "rb") as file:
        pictures.read(file)
        assert not file.closed


def test_scans_of_twelve_bits_use_the_whole_range():
    scan = Image.fromarray(glyph().astype(np.uint16) * 16)  # 0 to 4080 of 65535
    np.testing.assert_allclose(pictures.read(encode(scan)), glyph() * (255 * 16 / 4095), rtol=1e-5)


def test_colours_become_luminance():
    image = Image.new("RGB", (3, 1))
    image.putdata([(255, 0, 0), (0, 255, 0), (0, 0, 255)])
    np.testing.assert_array_equal(pictures.read(encode(image)), [[76, 150, 29]])


def test_the_first_of_several_frames_is_read():
    first, second = Image.fromarray(glyph()), Image.new("L", (100, 110), 255)
    for format in ("GIF", "TIFF", "PNG"):
        file = encode(first, format, save_all=True, append_images=[second])
        np.testing.assert_array_equal(pictures.read(file), glyph())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF"])
def test_exif_orientation_is_applied(orientation, format):
    upright = glyph(margins=(10, 20, 30, 40))
    undo = {  # how a camera that is held like this stores the picture
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).T,
        8: lambda a: np.rot90(a, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(undo[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    grey = pictures.read(encode(stored, format, exif=exif, **QUALITY[format]))
    np.testing.assert_allclose(grey.astype(int), upright, atol=8)


def with_alpha(colour, alpha):
    """An RGBA picture of one grey level (or of levels [h, w]) and an alpha channel [h, w]."""
    grey = np.broadcast_to(np.uint8(colour), alpha.shape)
    return Image.fromarray(np.dstack([grey, grey, grey, alpha]))


@pytest.mark.parametrize("colour, ground", [(0, 255), (90, 255), (160, 0), (255, 0)])
@pytest.mark.parametrize("margins", [(30, 30, 30, 30), (0, 0, 0, 0)])
def test_transparent_ground_shows_the_ink(colour, ground, margins):
    alpha = glyph(ground=0, ink=255, margins=margins)
    grey = pictures.read(encode(with_alpha(colour, alpha)))
    np.testing.assert_array_equal(grey, np.where(alpha, colour, ground))


def test_ink_of_one_level_that_covers_most_of_the_picture_is_still_ink():
    alpha = glyph(ground=0, ink=255, shape=np.ones((1, 1)), margins=(1, 1, 1, 1))
    assert (alpha > 0).mean() > 0.5
    assert pictures.read(encode(with_alpha(0, alpha)))[0, 0] == 255


@pytest.mark.parametrize("ground, ink", [(255, 0), (0, 255)])
def test_a_card_with_transparent_corners_is_continued(ground, ink):
    picture, alpha = glyph(ground=ground, ink=ink), np.full((110, 100), 255, np.uint8)
    alpha[:9, :9] = alpha[-9:, -9:] = 0
    grey = pictures.read(encode(with_alpha(np.where(alpha, picture, 128), alpha)))
    np.testing.assert_array_equal(grey, picture)


def test_half_transparent_ink_is_blended():
    alpha = glyph(ground=0, ink=128)
    grey = pictures.read(encode(with_alpha(0, alpha)))
    assert set(np.unique(grey)) == {127, 255}


def test_a_wholly_transparent_picture_is_blank():
    grey = pictures.read(encode(with_alpha(glyph(), np.zeros((110, 100), np.uint8))))
    np.testing.assert_array_equal(grey, np.full((110, 100), 255))
    with pytest.raises(DataError, match="shows no ink"):
        pictures.to_mnist(grey)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_a_transparent_colour_is_transparent(mode):
    picture = glyph(ground=0, ink=255)  # ink white, ground black but transparent
    file = encode(Image.fromarray(picture).convert(mode), transparency=255)
    np.testing.assert_array_equal(pictures.read(file), np.where(picture, 255, 0))
    assert Image.open(file).has_transparency_data


def bomb(width, height):
    """A PNG whose header promises width times height pixels."""

    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


PNG = encode(Image.fromarray(glyph())).getvalue()
JPEG = encode(Image.fromarray(glyph()), "JPEG").getvalue()


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "is not a picture: give a PNG"),
        (b"seven\n", "is not a picture: give a PNG"),
        (PNG[:20], "digit.png"),
        (PNG[: len(PNG) // 2], "truncated"),
        (JPEG[: len(JPEG) // 2], "truncated"),
        (bomb(9_500, 9_500), "has too many pixels: scale it down"),
        (bomb(60_000, 60_000), "has too many pixels: scale it down"),
        (bomb(88_000_000, 1), "of 88000000 x 1 pixels is too long and thin: cut it down"),
        (bomb(3, 769), "of 3 x 769 pixels is too long and thin: cut it down"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture: give a PNG"),
    ],
    ids="empty text header half-PNG half-JPEG large huge wide tall program".split(),
)
def test_what_cannot_be_read(tmp_path, content, words):
    path = tmp_path / "digit.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        pictures.read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with open(path, "rb") as file, pytest.raises(DataError, match="digit.png"):
        pictures.read(file)
    with pytest.raises(DataError, match="^(cannot read )?the picture[ :]"):
        pictures.read(io.BytesIO(content))


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match=r"missing.png \(No such file or directory\)"):
        pictures.read(tmp_path / "missing.png")
    with pytest.raises(DataError, match="cannot read .*directory"):
        pictures.read(tmp_path)
    with pytest.raises(DataError, match="cannot read .*null"):
        pictures.read("nul\0l")


def test_what_might_never_end_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: opened, it would wait for ever
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "pipe", tmp_path / "socket", "/dev/zero"):
            with pytest.raises(DataError, match=f"cannot read {path} .it is a pipe, device or"):
                pictures.read(path)


def test_a_picture_at_the_bound_of_proportions():
    picture = np.full((1, 256), 255, np.uint8)
    picture[0, 100:120] = 0
    assert extent(pictures.to_mnist(picture)) == (1, 20)
    for thin in (np.pad(picture, [(0, 0), (0, 1)]), np.pad(picture, [(0, 0), (0, 1)]).T):
        with pytest.raises(DataError, match="too long and thin"):
            pictures.to_mnist(thin)


def test_the_callers_warning_filters_stay():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pictures.read(io.BytesIO(PNG))
        assert not caught
        warnings.warn("still heard")
    assert len(caught) == 1


# Fuzzing: whatever the bytes, nothing but DataError comes out


def check_bytes(content):
    try:
        grey = pictures.read(io.BytesIO(content))
        assert grey.ndim == 2 and grey.size and grey.dtype in (np.uint8, np.float32)
        assert 0 <= grey.min() and grey.max() <= 255
        for shape in ((28, 28), (5, 9)):
            assert pictures.to_data_form(grey, shape).shape == shape
    except DataError as error:
        assert "\n" not in str(error) and "object at 0x" not in str(error)


SEEDS = [
    PNG,
    JPEG,
    encode(Image.fromarray(glyph(2)).convert("P"), "GIF").getvalue(),
    encode(Image.fromarray(glyph(2)), "BMP").getvalue(),
    encode(with_alpha(0, glyph(2)), "TIFF").getvalue(),
    encode(Image.fromarray(glyph(2).astype(np.uint16))).getvalue(),
]


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes(content):
    check_bytes(content)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_mutated_files(seed, draw):
    content = bytearray(seed)
    for _ in range(draw.draw(st.integers(1, 4))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    end = draw.draw(st.one_of(st.none(), st.integers(0, len(content))))
    check_bytes(bytes(content[:end]))


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 60, 256]),
)
def test_random_pictures(shape, seed, n_levels):
    random_state = np.random.RandomState(seed)
    grey = random_state.randint(0, n_levels, shape) * (255 // max(n_levels - 1, 1))
    try:
        result = pictures.to_mnist(grey)
    except DataError as error:
        assert "shows no ink" in str(error)
    else:
        assert result.max() == 255 and max(extent(result)) <= 20


# Real MNIST


@pytest.fixture(scope="module")
def sample(mnist):
    """Test images [200, 28, 28] and their labels."""
    chosen = np.random.RandomState(0).choice(10_000, 200, replace=False)
    return mnist.test.images[chosen], mnist.test.labels[chosen]


@pytest.fixture(scope="module")
def accuracy(mnist, sample):
    """A function from images [200, 28, 28] to the accuracy of the three nearest neighbours."""
    known = mnist.train.inputs(slice(10_000))
    norms, labels = (known**2).sum(axis=1), mnist.train.labels[:10_000]

    def measure(pictures):
        assert pictures.dtype == np.uint8
        inputs = pictures.reshape(len(pictures), -1) / np.float32(255)
        distances = norms - 2 * inputs @ known.T
        nearest = labels[np.argsort(distances, axis=1)[:, :3]]
        agree = nearest[:, 1] == nearest[:, 2]  # outvote the nearest; else it wins
        return (np.where(agree, nearest[:, 1], nearest[:, 0]) == sample[1]).mean()

    return measure


def redraw(image, random_state, light=0.0):
    """The digit of an MNIST image as a PNG of a photograph: dark on light, of another size."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    digit = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = random_state.randint(60, 401) / 28
    h, w = (max(round(side * scale), 1) for side in digit.shape)
    ink = np.asarray(Image.fromarray(digit).resize((w, h), Image.Resampling.BICUBIC)) / 255
    margins = random_state.randint(round(3 * scale), round(12 * scale), (2, 2))
    ink = np.pad(ink, margins)
    y, x = (np.linspace(-1, 1, side) for side in ink.shape)
    shade = random_state.uniform(-1, 1) * x + random_state.uniform(-1, 1) * y[:, None]
    paper = (225 + light * shade) * (1 - 0.8 * ink)
    photograph = np.clip(paper + random_state.normal(0, 5, ink.shape), 0, 255)
    return encode(Image.fromarray(np.rint(photograph).astype(np.uint8)), compress_level=1)


def stretch(ink):
    """Ink as uint8, the most of it 255."""
    return np.rint(ink / ink.max() * 255).astype(np.uint8)


def test_mnist_is_in_mnists_form_already(sample, accuracy):
    images, _ = sample
    result = np.stack([pictures.to_mnist(image) for image in images])
    assert np.abs(result.astype(int) - images).mean() < 1
    assert accuracy(result) > accuracy(images) - 0.01
    inverted = np.stack([pictures.to_mnist(255 - image) for image in images])
    np.testing.assert_array_equal(inverted, result)


@pytest.mark.parametrize("light", [0, 40], ids=["even light", "uneven light"])
def test_redrawn_mnist_is_classified_as_well(sample, accuracy, light):
    random_state = np.random.RandomState(1)
    files = [redraw(picture, random_state, light) for picture in sample[0]]
    greys = [pictures.read(file) for file in files]
    result = np.stack([pictures.to_mnist(grey) for grey in greys])
    plain = np.stack([stretch(resize(255 - grey, (28, 28))) for grey in greys])
    assert accuracy(result) > accuracy(sample[0]) - 0.02  # measured: 0.968 and 0.962
    assert accuracy(plain) < 0.7  # the negative control: without the boxing and centring
