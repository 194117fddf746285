"""Pictures show the right images at the right places, unsmoothed, for grey and colour, one latent or many."""

import io
import re
import shutil
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from PIL import Image
from scipy.stats import norm

from freyvae import pictures
from freyvae.errors import BadInput
from freyvae.model import PRIORS, VAE
from freyvae.model.networks import Convolutional
from freyvae.mosaic import TALLEST, WIDEST, fit, in_colour, shown_sides
from freyvae.reporting.pictures.weights import SMOOTH, smoothness


class FakeVAE:
    """A linear model of images, with the methods that pictures call."""

    prior_choice = PRIORS["standard-normal"]
    autoregression = None
    has_to_draw = False

    def __init__(self, *, shape=(6, 4, 1), latent_dim=2):
        self.image_shape = shape
        self.latent_dim = latent_dim
        self.loadings = np.random.default_rng(0).normal(size=(latent_dim, *shape)).astype(np.float32)

    def prepare(self, *, encode=(), decode=()):
        assert all(count > 0 for count in (*encode, *decode))

    def encode(self, images):
        assert images.dtype == np.uint8
        flat = images.reshape(len(images), -1) / 255 - 0.5
        return (flat @ self.loadings.reshape(self.latent_dim, -1).T).astype(np.float32)

    def decode(self, latents):
        assert latents.shape[1:] == (self.latent_dim,)
        return (1 / (1 + np.exp(-np.tensordot(latents, self.loadings, axes=1)))).astype(np.float32)

    def reconstruct(self, images):
        return self.decode(self.encode(images))

    def sample_means(self, count, *, seed=0):
        return self.decode(self.sample_latents(count, seed=seed))

    def sample_latents(self, count, *, seed=0):
        return np.random.default_rng(seed).normal(size=(count, self.latent_dim)).astype(np.float32)

    def sample(self, count, *, seed=0):
        return np.random.default_rng(seed).integers(0, 256, (count, *self.image_shape), dtype=np.uint8)


def keras_vae(*, shape=(6, 4, 1), latent_dim=2, units=5, dense=True):
    """A fake model with real networks."""
    import keras  # freyvae chooses the backend, so it is imported first

    vae = FakeVAE(shape=shape, latent_dim=latent_dim)
    images = keras.Input(shape, dtype="uint8", name="images")
    values = keras.layers.Rescaling(1 / 255)(images)
    values = values if dense else keras.layers.Conv2D(3, 2)(values)
    values = keras.layers.Dense(units, activation="relu", name="hidden")(keras.layers.Flatten()(values))
    outputs = [keras.layers.Dense(latent_dim, name=name)(values) for name in ("mean", "log_variance")]
    vae.encoder = keras.Model(images, outputs, name="encoder")
    latents = keras.Input((latent_dim,), name="latents")
    values = keras.layers.Dense(int(np.prod(shape)))(latents)
    vae.decoder = keras.Model(latents, keras.layers.Reshape(shape)(values), name="decoder")
    return vae


def some_images(count=12, shape=(6, 4, 1)):
    return np.random.default_rng(1).integers(0, 256, (count, *shape), dtype=np.uint8)


def some_history(epochs=10, **extra):
    falling = np.linspace(100, 50, epochs)
    columns = {"epoch": range(1, epochs + 1), "free_energy": falling, "distortion": falling - 5}
    columns |= {"rate": falling * 0 + 5, "loss": falling}
    columns |= {f"val_{name}": np.asarray(values) + 3 for name, values in columns.items() if name != "epoch"}
    return {name: list(map(float, values)) for name, values in columns.items()} | extra


def pixels(figure):
    """The mosaic of a figure, uint8 (H, W, 3)."""
    (image,) = (child for child in figure.axes[0].get_children() if isinstance(child, AxesImage))
    return np.asarray(image.get_array())[..., :3]


def tile(figure, row, column, *, shape=(6, 4), times=16, gap=4):
    """One image of a mosaic, in its size before magnification."""
    height, width = shape[0] * times + gap, shape[1] * times + gap
    piece = pixels(figure)[row * height : (row + 1) * height - gap, column * width : (column + 1) * width - gap]
    blocks = piece.reshape(shape[0], times, shape[1], times, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    return piece[::times, ::times]


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text() and text.get_visible()]


def rendered(figure):
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return np.asarray(Image.open(content).convert("RGB"))


def grey(images):
    return np.broadcast_to(np.rint(images * 255).astype(np.uint8), (*images.shape[:-1], 3))


KINDS = [((6, 4, 1), 1), ((6, 4, 1), 2), ((6, 4, 3), 2), ((5, 5, 3), 16), ((6, 4, 2), 2), ((6, 4, 5), 2)]


@pytest.mark.parametrize(("shape", "latent_dim"), KINDS)
@pytest.mark.parametrize("name", ["examples", "samples", "reconstructions", "manifold", "codes", "first_layer_weights"])
def test_each_picture_is_a_figure_with_nothing_cut_off(name, shape, latent_dim):
    vae, images = keras_vae(shape=shape, latent_dim=latent_dim), some_images(shape=shape)
    figure = {
        "examples": lambda: pictures.examples(images),
        "samples": lambda: pictures.samples(vae, count=7),
        "reconstructions": lambda: pictures.reconstructions(vae, images, count=4),
        "manifold": lambda: pictures.manifold(vae, columns=5, rows=4),
        "codes": lambda: pictures.codes(vae, images),
        "first_layer_weights": lambda: pictures.first_layer_weights(vae),
    }[name]()
    assert isinstance(figure, Figure)
    page = rendered(figure)
    for edge in (page[:8], page[-8:], page[:, :8], page[:, -8:]):
        assert (edge == 255).all()


def test_matplotlibs_settings_are_left_alone():
    before = dict(matplotlib.rcParams)
    pictures.convergence(some_history())
    assert dict(matplotlib.rcParams) == before


def test_pixels_are_drawn_one_to_one():
    figure = pictures.examples(some_images())
    page, mosaic = rendered(figure), pixels(figure)
    box = figure.axes[0].get_window_extent()
    left, bottom = round(box.x0), round(box.y0)
    top = page.shape[0] - bottom - mosaic.shape[0]
    assert (page[top : top + mosaic.shape[0], left : left + mosaic.shape[1]] == mosaic).all()


@pytest.mark.parametrize(("paper", "mode"), [("white", "RGB"), ("none", "RGBA")])
def test_a_picture_has_a_channel_of_transparency_only_where_it_is_transparent(tmp_path, paper, mode):
    figure = Figure(figsize=(3.017, 2), dpi=200, facecolor=paper)
    pictures.save_figure(figure, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert (picture.mode, picture.size) == (mode, (603, 400))
        assert picture.getpixel((5, 5)) == ((255,) * 3 if paper == "white" else (255, 255, 255, 0))


def test_examples_are_evenly_picked_or_the_first():
    images = some_images(12)
    evenly = pictures.examples(images, count=3, columns=2)
    for place, index in enumerate([0, 6, 11]):  # round(5.5) is 6
        assert (tile(evenly, *divmod(place, 2)) == images[index]).all()
    first = pictures.examples(images, count=3, columns=3, evenly=False)
    assert (tile(first, 0, 2) == images[2]).all()
    assert "3 of 12 images, the first ones" in texts(first)


def test_examples_show_what_the_thumbnail_callback_makes():
    images = some_images(2)
    figure = pictures.examples(images, thumbnail=lambda image: 255 - image[::2, :, 0])
    assert (tile(figure, 0, 1, shape=(3, 4)) == 255 - images[1, ::2]).all()
    rows = iter([5, 6])
    with pytest.raises(BadInput, match="one shape"):
        pictures.examples(images, thumbnail=lambda image: image[: next(rows)])


def test_large_images_are_shrunk_to_fit_a_page():
    figure = pictures.examples(some_images(10, shape=(300, 400, 3)), columns=10)
    assert pixels(figure).shape[1] <= 1640


def test_samples_are_expected_pixels_and_of_an_autoregressive_decoder_drawn_ones():
    vae = FakeVAE()
    expected = pictures.samples(vae, count=3, seed=1)
    assert (tile(expected, 0, 2) == grey(vae.sample_means(3, seed=1))[2]).all()
    assert "3 latents drawn from the prior, decoded to expected pixels; seed 1" in texts(expected)
    vae.has_to_draw = True
    drawn = pictures.samples(vae, count=3, seed=1)
    assert (tile(drawn, 0, 2) == vae.sample(3, seed=1)[2]).all()
    assert "3 latents drawn from the prior, and the pixels one by one, each given those before; seed 1" in texts(drawn)


def test_reconstructions_stand_under_originals_and_over_the_difference():
    vae, images = FakeVAE(), some_images(2)
    figure = pictures.reconstructions(vae, images)
    rebuilt = vae.reconstruct(images)
    assert (tile(figure, 0, 1, gap=6) == images[1]).all()
    assert (tile(figure, 1, 1, gap=6) == grey(rebuilt)[1]).all()
    error = rebuilt[1, ..., 0] * 255 - images[1, ..., 0]
    difference = tile(figure, 2, 1, gap=6).astype(int)
    redness = difference[..., 0] - difference[..., 2]
    assert (redness[error > 30] > 0).all()
    assert (redness[error < -30] < 0).all()
    assert f"{np.sqrt(np.square(error).mean()):.1f}" in texts(figure)


def test_reconstructions_stand_in_lines_each_with_its_errors():
    vae, images = FakeVAE(), some_images(5)
    figure = pictures.reconstructions(vae, images, count=5, columns=3, widest=600)
    wide = pictures.reconstructions(vae, images, count=5)
    numbers = [text for text in texts(wide) if re.fullmatch(r"\d+\.\d", text)]
    assert [text for text in texts(figure) if text in numbers] == numbers
    assert pixels(figure).shape[1] <= 600
    assert texts(figure).count("original") == 2


def test_a_manifold_tile_is_the_decoded_quantile():
    vae = FakeVAE()
    figure = pictures.manifold(vae, columns=5, rows=3, latent_names=("humour", "pose"))
    across, up = norm.ppf(np.linspace(0.025, 0.975, 5)), norm.ppf(np.linspace(0.025, 0.975, 3))
    for row, column in [(0, 0), (0, 4), (2, 1)]:
        expected = vae.decode(np.array([[across[column], up[2 - row]]], np.float32))
        assert (tile(figure, row, column, gap=0) == grey(expected)[0]).all()
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("humour", "pose")
    assert axes.get_xticklabels()[0].get_text() == "−1.96"
    assert axes.get_yticklabels()[0].get_text() == "−1.96"
    assert axes.get_yticks()[0] > axes.get_yticks()[-1]  # pixels count downwards, the latent grows upwards


def test_a_manifold_on_a_chosen_range_of_chosen_latents():
    vae = FakeVAE(latent_dim=16)
    figure = pictures.manifold(vae, columns=3, rows=2, latents=(7, 2), span=((-1, 1), (0, 4)))
    code = np.zeros((1, 16), np.float32)
    code[0, 7], code[0, 2] = 1, 4
    assert (tile(figure, 0, 2, gap=0) == grey(vae.decode(code))[0]).all()
    assert figure.axes[0].get_ylabel() == "z3"
    assert any("other latents are 0" in text for text in texts(figure))


def test_traversals_change_the_latents_that_vary_most_over_the_range_of_the_codes():
    vae, images = FakeVAE(latent_dim=5), some_images(40)
    vae.loadings *= np.array([1, 4, 0.1, 2, 0.2])[:, None, None, None]
    figure = pictures.traversals(vae, images, count=2, steps=3)
    means = vae.encode(images)
    for row, latent in enumerate((1, 3)):
        codes = [vae.decode(code)[0] for code in _along(means, latent)]
        for column, image in enumerate(codes):
            np.testing.assert_allclose(tile(figure, row, column).astype(int), grey(image[None])[0], atol=1)
    assert "the 2 of 5 that vary most, changed one at a time" in texts(figure)
    assert "z2" in texts(figure)


def _along(means, latent):
    """The codes of three steps, from their definition: an ordinary image's, with one latent at its quantiles."""
    far = np.square(means - means.mean(axis=0)).sum(axis=1)
    ordinary = means[np.argsort(far, kind="stable")[len(means) // 2]]
    for share in (0.01, None, 0.99):
        low, high = np.quantile(means[:, latent], [0.01, 0.99])
        value = (low + high) / 2 if share is None else np.quantile(means[:, latent], share)
        yield np.where(np.arange(5) == latent, value, ordinary)[None].astype(np.float32)


def test_the_manifold_of_one_latent_is_a_strip():
    vae = FakeVAE(latent_dim=1)
    figure = pictures.manifold(vae, columns=4, span=(-2, 2))
    assert pixels(figure).shape[:2] == (6 * 16, 4 * 4 * 16)
    assert (tile(figure, 0, 3, gap=0) == grey(vae.decode(np.array([[2.0]], np.float32)))[0]).all()


@pytest.mark.parametrize(
    "wrong",
    [{"latents": (0, 2)}, {"latents": (1, 1)}, {"quantiles": (0, 1)}, {"span": (2, -2)}, {"span": 3}, {"rows": 0}],
)
def test_a_manifold_that_cannot_be(wrong):
    with pytest.raises(BadInput):
        pictures.manifold(FakeVAE(), **wrong)


def test_codes_of_a_video_are_coloured_by_time():
    vae, images = FakeVAE(), some_images(12)
    parts = {"training": images[:8], "validation": images[8:]}
    times = {"training": np.arange(8)[::-1] + 4, "validation": np.arange(4)}
    figure = pictures.codes(vae, parts, is_video=True, frames=times)
    (points,) = figure.axes[0].collections
    assert np.allclose(points.get_offsets(), vae.encode(images))
    assert list(points.get_array()) == [*times["training"], *times["validation"]]
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == [
        "1",
        "6.5",
        "12",
    ]  # counted as in the page
    assert len(figure.axes[0].patches) == 2  # the circles of 1 and 2 standard deviations
    assert [circle.radius for circle in figure.axes[0].patches] == [1, 2]


def test_the_order_of_images_is_counted_from_1():
    figure = pictures.codes(FakeVAE(latent_dim=1), some_images(12))
    (points,) = figure.axes[0].collections
    assert list(points.get_offsets()[:, 0]) == list(range(1, 13))


def test_labels_are_in_the_legend_whatever_they_begin_with():
    figure = pictures.codes(FakeVAE(), some_images(6), labels=["_noise"] * 3 + ["$5"] * 2 + ["yes"])
    assert [entry.get_text() for entry in figure.axes[0].get_legend().get_texts()] == [
        "_noise (3)",
        "$5 (2)",
        "yes (1)",
    ]


def test_codes_of_other_images_are_coloured_by_part():
    vae, images = FakeVAE(latent_dim=3), some_images(12)
    figure = pictures.codes(vae, {"training": images[:8], "test": images[8:]}, latents=(2, 0), latent_names=["a"])
    training, test = figure.axes[0].collections
    assert np.allclose(training.get_offsets(), vae.encode(images[:8])[:, [2, 0]])
    assert len(test.get_offsets()) == 4
    assert {"training (8)", "test (4)", "z3", "a"} <= set(texts(figure))


def test_codes_far_inside_the_prior_are_seen_from_near():
    vae = FakeVAE()
    vae.loadings = vae.loadings / 1000
    axes = pictures.codes(vae, some_images()).axes[0]
    assert axes.get_xlim()[1] < 0.1
    assert not axes.patches


def test_convergence_has_a_panel_a_quantity():
    figure = pictures.convergence(some_history(val_bits_per_dim=[4.5] * 10))
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == [f"{name}, nats per image" for name in ("Free energy", "Distortion", "Rate")]
    training, validation, *_ = figure.axes[0].lines
    assert list(training.get_ydata())[-1] == 50
    assert list(validation.get_ydata())[-1] == 53
    assert {"training\n50.00", "validation\n53.00", "lowest 53.00 at epoch 10"} <= set(texts(figure))
    assert any("4.50 bits per dimension" in text for text in texts(figure))


def test_convergence_of_the_post_shows_its_own_loss_too():
    history = some_history() | {"loss": [0.7] * 10, "val_loss": [0.71] * 10}
    figure = pictures.convergence(history)
    assert figure.axes[0].get_title("left") == "Loss, in the recipe's own unit"
    assert len(figure.axes) == 4


@pytest.mark.parametrize(
    "history",
    [
        some_history(epochs=1),
        {"free_energy": [3.0, float("nan")]},
        {"free_energy": [float("inf")] * 2, "val_free_energy": [float("nan")] * 2},
        SimpleNamespace(history={"free_energy": [2.0, 1.0]}),
    ],
)
def test_convergence_of_odd_histories(history):
    rendered(pictures.convergence(history))


def test_convergence_of_nothing_says_so():
    with pytest.raises(BadInput, match="no epochs"):
        pictures.convergence({})


def test_weight_images_are_the_kernel_columns_on_a_symmetrical_scale():
    vae = keras_vae()
    figure = pictures.first_layer_weights(vae, columns=5)
    kernel = np.asarray(vae.encoder.get_layer("hidden").kernel).reshape(6, 4, 5)
    shown = tile(figure, 0, 3).astype(int)
    redness = shown[..., 0] - shown[..., 2]
    strong = np.abs(kernel[..., 3]) > 0.1
    assert (np.sign(redness)[strong] == np.sign(kernel[..., 3])[strong]).all()
    bar = figure.axes[1]
    assert bar.get_ylim()[0] == -bar.get_ylim()[1]


def test_the_strongest_weights_come_first_and_only_they():
    vae = keras_vae()
    layer = vae.encoder.get_layer("hidden")
    kernel, bias = layer.get_weights()
    kernel *= np.array([1, 5, 0.1, 3, 0.2], np.float32) / np.linalg.norm(kernel, axis=0)
    layer.set_weights([kernel, bias])
    figure = pictures.first_layer_weights(vae, columns=2, strongest=2)
    assert pixels(figure).shape[:2] == (6 * 16, 2 * 4 * 16 + 4)
    for column, unit in enumerate((1, 3)):
        shown = tile(figure, 0, column).astype(int)
        strong = np.abs(kernel[:, unit].reshape(6, 4)) > 0.3
        redness = shown[..., 0] - shown[..., 2]
        assert (np.sign(redness)[strong] == np.sign(kernel[:, unit].reshape(6, 4))[strong]).all()
    assert "weights from the pixels to the 2 strongest of 5 units, on one scale" in texts(figure)


def test_weights_are_in_the_report_only_where_neighbouring_pixels_go_together():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 28, 20, 1))
    assert abs(smoothness(noise)) < SMOOTH / 2
    blurred = (noise + np.roll(noise, 1, 1) + np.roll(noise, 1, 2)) / 3
    assert smoothness(blurred) > 3 * SMOOTH
    assert smoothness(np.zeros((3, 4, 4, 1))) == 0.0


def test_weights_need_a_dense_layer_on_the_pixels():
    with pytest.raises(BadInput, match="dense layer on the pixels"):
        pictures.first_layer_weights(keras_vae(dense=False))


needs_graphviz = pytest.mark.skipif(
    not shutil.which("dot"), reason="needs Graphviz's dot, which the network diagram is optional without"
)


@needs_graphviz
def test_the_network_diagram_has_layers_and_shapes(tmp_path):
    path = pictures.network(keras_vae(), tmp_path / "network.svg")
    drawn = path.read_text()
    for text in ("encoder", "decoder", "hidden", "Dense, relu", "24 → 5", "125 weights", "6 × 4 × 1"):
        assert text in drawn
    with Image.open(pictures.network(keras_vae(), tmp_path / "network.png")) as picture:
        assert picture.size[0] > 300


def test_without_graphviz_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(BadInput, match="apt install graphviz"):
        pictures.network(keras_vae(), tmp_path / "network.png")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install .*freyvae\[graph\]"):
        pictures.network(keras_vae(), tmp_path / "network.png")
    assert not list(tmp_path.iterdir())


@needs_graphviz
def test_the_diagram_of_a_deep_network_leaves_out_what_has_no_weights_and_stands_side_by_side(tmp_path):
    vae = VAE((64, 64, 3), 2, network=Convolutional(width=4), seed=0)
    text = pictures.network(vae, tmp_path / "network.svg").read_text()
    for word in ("encoder_1_entry", "decoder_1_exit", "Add", "left out"):
        assert word in text
    assert "encoder_1_block_1_before" not in text
    with Image.open(pictures.network(vae, tmp_path / "network.png")) as picture:
        assert picture.height < 2 * picture.width


def test_the_network_is_written_as_a_picture_only(tmp_path):
    with pytest.raises(BadInput, match=r"\.png"):
        pictures.network(keras_vae(), tmp_path / "network.txt")


@pytest.mark.parametrize(("shape", "latent_dim"), [((6, 4, 1), 1), ((6, 4, 3), 16)])
def test_draw_all_writes_every_picture(tmp_path, monkeypatch, shape, latent_dim):
    monkeypatch.setattr("shutil.which", lambda name: None)
    notes = []
    images = some_images(30, shape=shape)
    written = pictures.draw_all(
        keras_vae(shape=shape, latent_dim=latent_dim),
        {"training": images[:20], "validation": images[20:]},
        history=some_history(),
        folder=tmp_path / "pictures",
        is_video=True,
        note=notes.append,
    )
    # a fake has no probabilities to score by
    unsuited = {"manifold", "manifold_range"} if latent_dim > 2 else {"traversals"}
    unsuited |= {"weights"}  # of few pixels, which are as they began: whether neighbours are alike is chance
    assert [path.stem for path in written if path.stem != "weights"] == [
        name for name in pictures.CAPTIONS if name not in unsuited | {"network", "oddest", "nearest", "groups"}
    ]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == sorted(path.name for path in written)
    for path in written:
        with Image.open(path) as picture:
            picture.load()
            assert picture.size[0] >= 1000
    assert sorted(note.partition(" ")[0] for note in notes) == [
        "groups.png",
        "nearest.png",
        "network.png",
        "oddest.png",
    ]


def test_draw_all_leaves_out_what_cannot_be_drawn_and_removes_the_old_one(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("shutil.which", lambda name: None)
    (tmp_path / "weights.png").write_bytes(b"of another model")
    written = pictures.draw_all(keras_vae(dense=False), {"training": some_images()}, history=None, folder=tmp_path)
    assert {"weights", "network", "convergence"}.isdisjoint(path.stem for path in written)
    assert not (tmp_path / "weights.png").exists()
    # weights are left out without a word: there are none to see
    assert len(caplog.records) == 5


def test_draw_all_is_not_silent_about_a_folder_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot write"):
        pictures.draw_all(keras_vae(), {"training": some_images()}, history=None, folder=tmp_path / "file" / "pictures")


@pytest.mark.parametrize("draw", [pictures.examples, lambda none: pictures.reconstructions(FakeVAE(), none)])
def test_no_images_are_refused(draw):
    with pytest.raises(BadInput, match="no images"):
        draw(some_images(0))


@pytest.mark.parametrize("wide", [True, False])
def test_lines_of_pixels_are_stretched_and_fit_a_page(wide):
    line = np.arange(1000, dtype=np.float32) / 4
    tiles = np.rint(line).astype(np.uint8).reshape(1, 1, 1000, 1).repeat(3, 3).repeat(400, 0)
    tiles = tiles if wide else tiles.swapaxes(1, 2)
    shown = fit(tiles, columns=20, rows=20)
    high, across = shown.shape[1:3] if wide else shown.shape[2:0:-1]
    assert across * 20 <= (WIDEST if wide else TALLEST)
    assert 1 < across / high <= 4
    values = (shown if wide else shown.swapaxes(1, 2))[0, 0, :, 0].astype(int)
    assert (np.diff(values) > 0).all()
    assert shown_sides((1, 1000, 1), longest=110) == (66, 200)


def test_large_images_have_their_place_in_a_sheet():
    assert shown_sides((28, 20, 1), longest=110) == (112, 80)
    assert shown_sides((200, 150, 1), longest=110) == (200, 150)
    assert shown_sides((512, 256, 3), longest=110) == (170, 85)


@pytest.mark.parametrize("columns", [1, 7000])
def test_tiles_whose_gaps_alone_fill_the_page_are_a_pixel_each(columns):
    tiles = np.arange(7000, dtype=np.uint8).reshape(-1, 1, 1, 1).repeat(3, 3).repeat(2, 1).repeat(2, 2)
    shrunk = fit(tiles, columns=columns, rows=7000 // columns, gap=4)
    assert shrunk.shape == (7000, 1, 1, 3)
    assert (shrunk == tiles[:, :1, :1]).all()


def test_integers_that_hold_bytes_are_drawn_as_bytes_and_what_is_no_image_is_refused(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 6, 4))
    pictures.save_images(pixels, tmp_path / "a.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy")[..., 0], pixels)
    for wrong in (
        "a.png",
        None,
        [[1, 2], [3]],
        np.full((2, 6, 4), np.nan),
        np.full((2, 6, 4), 3.0),
        np.zeros((2, 6, 4), complex),
    ):
        with pytest.raises(BadInput, match="images"):
            pictures.save_images(wrong, tmp_path / "b.png")
        with pytest.raises(BadInput, match="images"):
            pictures.examples(wrong)
    assert not (tmp_path / "b.png").exists()


def test_a_path_in_place_of_a_model_is_refused():
    for draw in (pictures.manifold, pictures.samples, pictures.first_layer_weights):
        with pytest.raises(BadInput, match=r"vae must be a VAE, not 'runs/x': freyvae\.load\(path\) reads one"):
            draw("runs/x")


def test_channels_are_shown_as_the_clipped_sum_of_their_colours():
    two = np.zeros((1, 6, 4, 2), np.uint8)
    two[0, 0, 0], two[0, 0, 1], two[0, 0, 2] = (100, 0), (0, 50), (100, 50)
    shown = tile(pictures.examples(two), 0, 0)
    assert shown[0, :4].tolist() == [[100, 0, 100], [0, 50, 0], [100, 50, 100], [0, 0, 0]]
    four = np.array([200, 0, 0, 100], np.uint8).reshape(1, 1, 1, 4)  # red, and violet: (128, 0, 255)
    assert in_colour(four).tolist() == [[[[250, 0, 100]]]]
    assert in_colour(np.full((1, 1, 1, 16), 255, np.uint8)).tolist() == [[[[255, 255, 255]]]]


def test_images_of_five_channels_are_saved_with_all_of_them(tmp_path):
    images = some_images(3, (6, 4, 5))
    pictures.save_images(images, tmp_path / "images.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), images)
    pictures.save_images(images, tmp_path / "images.png", columns=1)
    with Image.open(tmp_path / "images.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture)[::16, ::16][:6], in_colour(images)[0])


def test_the_oddest_held_out_image_comes_first_with_the_place_where_it_is_odd():
    images = np.random.default_rng(0).integers(90, 110, (40, 6, 5, 1), dtype=np.uint8)
    images[33, 1:4, 2:5] = 255
    vae = VAE((6, 5, 1), 1, hidden=(4,), seed=0)
    vae.start_at(images[:20])
    figure = pictures.oddest(vae, images[:20], images[20:], count=4)
    (shown,) = (np.asarray(image.get_array()) for image in figure.axes[0].images)
    times = (shown.shape[0] - 6) // 12
    first = shown[: 6 * times : times, : 5 * times : times, 0]
    np.testing.assert_array_equal(first, images[33, :, :, 0])
    below = shown[6 * times + 6 :: times, : 5 * times : times, :3].sum(axis=2)
    down, across = np.unravel_index(below.argmax(), below.shape)
    assert 0 <= down <= 4
    assert 1 <= across <= 4
    with pytest.raises(BadInput, match="this model has none"):
        pictures.oddest(keras_vae(), some_images(), some_images())


def nearby_images(count):
    """Images of one grey level each, from dark to light."""
    return np.repeat(np.linspace(10, 240, count).round().astype("uint8"), 24).reshape(count, 6, 4, 1)


class FakeVAEOfLevels(FakeVAE):
    """Its code is the mean level, and each of its posteriors is as wide."""

    latent_dim = 1

    def encode(self, images):
        return (images.mean(axis=(1, 2, 3))[:, None] / 255 - 0.5).astype(np.float32)

    def posterior_deviations(self, images):
        return np.full((len(images), 1), 0.01, np.float32)


def test_after_each_held_out_image_are_the_nearest_training_images_the_nearest_first():
    vae, train = FakeVAEOfLevels(), nearby_images(12)
    held_out = train[[2, 9]] + np.uint8(2)
    figure = pictures.nearest(vae, train, held_out, neighbours=3)
    line, aside, times = 36, 28, 16
    page = pixels(figure)[:: 6 * times + line + 4]
    levels = [page[:, 0, 0], *(page[:, 4 * times + aside + at * (4 * times + 4), 0] for at in range(3))]
    expected = [[held_out[0], *train[[2, 1, 3]]], [held_out[1], *train[[9, 10, 8]]]]
    np.testing.assert_array_equal(np.transpose(levels), np.array(expected)[:, :, 0, 0, 0])
    assert "of 12, by code, after each held-out image" in texts(figure)
    angles = [float(text[:-1]) for text in texts(figure) if text.endswith("°")]
    assert len(angles) == 6
    assert angles[:3] == sorted(angles[:3])


def test_groups_are_rows_of_the_most_typical_with_their_shares():
    images = np.concatenate([nearby_images(3)[:1].repeat(20, 0), nearby_images(3)[2:].repeat(30, 0)])
    images[:20] += np.arange(20, dtype="uint8").reshape(-1, 1, 1, 1) // 4
    images[20:] -= np.arange(30, dtype="uint8").reshape(-1, 1, 1, 1) // 4
    figure = pictures.groups(FakeVAEOfLevels(), images, count=2, columns=3)
    shares = [text for text in texts(figure) if text.endswith(" %")]
    assert len(shares) == 2
    assert tile(figure, 0, 0).mean() > 200 > 100 > tile(figure, 1, 2).mean()
    with pytest.raises(BadInput, match="at least two images"):
        pictures.groups(FakeVAEOfLevels(), images[:1])
    with pytest.raises(BadInput, match="distances are of posteriors, and this model has none"):
        pictures.groups(FakeVAE(), images)
