"""A recipe is written to TOML and read back unchanged, and errors name the wrong field."""

import tomllib

import numpy as np
import pytest

from freyvae.choice import Kinds
from freyvae.errors import BadInput
from freyvae.fields import help_of
from freyvae.model.networks import Dense
from freyvae.model.priors import Vamp
from freyvae.recipe import LARGEST_SEED, Recipe, load_recipe, parse_recipe, recipe_names
from freyvae.recipe.recipe import FORMAT, SECTIONS, SHORT_NAMES, recipe_fields, recipe_hints, short_name
from freyvae.recipe.sections import Training

FIELDS = [short_name(full) for full in recipe_hints()]


def test_the_shipped_recipes_are_named_after_themselves():
    frey = ["blog-2016", "frey-density", "frey-faces"]
    assert recipe_names() == [*frey, "images", "images-density", "sylvester-vae-2018", "vamp-vae-2018"]
    assert [load_recipe(name).name for name in recipe_names()] == recipe_names()


def test_the_post_to_the_letter_and_the_default_that_mends_its_two_traps():
    post, ours = load_recipe("blog-2016"), load_recipe("frey-faces")
    assert (post.likelihood.name, post.objective.noise_scale, post.objective.average_distortion) == (
        "bernoulli",
        0.01,
        True,
    )
    assert (post.optimizer.kind, post.training.batch_size, post.training.epochs, post.split.name) == (
        "adam",
        100,
        100,
        "blog",
    )
    assert (ours.likelihood.name, ours.objective.noise_scale, ours.objective.average_distortion) == (
        "discretized-logistic",
        1.0,
        False,
    )
    assert post.network.hidden == ours.network.hidden == (256,)


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_survives_toml(name):
    recipe = load_recipe(name)
    assert parse_recipe(recipe.to_toml(), "again") == recipe


@pytest.mark.parametrize(
    "text",
    ['say "cheese"', "back\\slash", "tab\tnew\nline", "ünï/cødé/顔", "del\x7f", "nul\x00", "# = [", "'''", "a\u2028b"],
)
def test_any_text_survives_toml(text):
    recipe = Recipe().replace(data=text, latent_names=(text, ""), activation=text)
    assert parse_recipe(recipe.to_toml(), "again") == recipe


def test_a_recipe_that_was_edited_on_windows_is_the_same(tmp_path):
    recipe = load_recipe("images")
    (tmp_path / "images.toml").write_bytes(b"\xef\xbb\xbf" + recipe.to_toml().replace("\n", "\r\n").encode())
    assert load_recipe(tmp_path / "images.toml") == recipe


@pytest.mark.parametrize("number", [1e-300, 1e22, 0.1, 3.0, 5e-324])
def test_any_number_survives_toml(number):
    recipe = Recipe().replace(learning_rate=number)
    assert parse_recipe(recipe.to_toml(), "again") == recipe


def test_a_count_and_a_fraction_stay_what_they_are():
    again = parse_recipe(Recipe().replace(split="random", validation=200, test=0.25).to_toml(), "again")
    assert (type(again.split.validation), type(again.split.test)) == (int, float)


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_in_toml_says_every_field_and_what_it_means(name):
    recipe = load_recipe(name)
    text = recipe.to_toml()
    tables = tomllib.loads(text)
    for full, value in recipe.fields().items():
        section, _, field = full.partition(".")
        table = tables[section] if section in SECTIONS else tables
        key = field or ("kind" if section in SECTIONS else full)
        assert table.get(key, None) == (list(value) if isinstance(value, tuple) else value)
        if field:
            assert f"# {help_of(recipe_fields(type(getattr(recipe, section)))[field])}\n" in text


def test_a_recipe_may_say_only_what_it_changes_and_is_named_after_its_file(tmp_path):
    path = tmp_path / "wide.toml"
    path.write_text("hidden = [1024]\n")
    assert load_recipe(path) == Recipe().replace(name="wide", hidden=(1024,))
    path.write_text('name = "other"\n')
    assert load_recipe(str(path)).name == "other"


SECTIONED = """
latent_dim = 3
[network]
kind = "residual"
hidden = [8, 8]
[prior]
kind = "vamp"
components = 7
[training]
epochs = 5
"""


def test_a_file_in_sections_says_only_what_it_changes_too():
    recipe = parse_recipe(SECTIONED, "mine", name="mine")
    assert recipe == Recipe().replace(
        name="mine", latent_dim=3, network="residual", hidden=(8, 8), prior="vamp", prior_components=7, epochs=5
    )
    assert recipe.network.activation == "relu"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[network]\nhiden = [3]", "[network] unknown key 'hiden': did you mean 'hidden'?"),
        (
            "[network]\nwidth = 3",
            "[network] the network dense has no width: only convolutional, gated-convolutions and "
            "hierarchical have one",
        ),
        ('[network]\nkind = "residul"', "[network] network cannot be 'residul': did you mean 'residual'?"),
        ("[split]\nseed = 3", "[split] the split blog has no seed: only random has one"),
        ("[training]\nepochs = 0", "[training] epochs must be at least 1, not 0"),
        ("[trainin]\nepochs = 1", "unknown key 'trainin': did you mean 'training'?"),
        ("format = 2\nepochs = 1", "unknown key 'epochs': in format 2 it stands in [training]"),
        ("format = 2\nnetwork = 1", "network must be a section, [network], not 1"),
        ("[likelihood]\nkind = 3", "[likelihood] likelihood must be a text, not 3"),
        ('[posterior]\nkind = "planar"\n[objective]\nnoise_scale = 0.1', "noise_scale must then be 1"),
        ('[objective]\nkind = "importance-weighted"\n[training]\nwarm_up_epochs = 1', "no rate of its own to weigh"),
        ("[objective]\nwarm_up_steps = 20", "warm_up_steps"),
    ],
)
def test_a_bad_section_is_refused_in_a_line_that_names_it(text, line):
    with pytest.raises(BadInput) as refusal:
        parse_recipe(text, "mine")
    assert line in str(refusal.value)


def test_another_kind_keeps_what_both_have():
    wide = Recipe().replace(hidden=(8, 8), dropout=0.1, network="residual")
    assert (wide.network.hidden, wide.network.dropout) == ((8, 8), 0.1)
    assert wide.replace(network="dense").network == Recipe().replace(hidden=(8, 8), dropout=0.1).network


def test_a_section_may_be_given_as_an_object_and_a_field_by_its_full_name():
    recipe = Recipe().replace(prior=Vamp(7), network=Dense(hidden=(3,)), **{"training.epochs": 4})
    assert recipe == Recipe(prior=Vamp(7), network=Dense(hidden=(3,)), training=Training(epochs=4))
    assert Recipe(prior="vamp") == Recipe(prior=Vamp())
    with pytest.raises(BadInput, match="data must be a Data, not 'frey-faces'"):
        Recipe(data="frey-faces")


def test_fields_of_format_1_that_had_no_effect_are_dropped_and_others_refused():
    plain = 'network = "gated-convolutions"\nhidden = [3]\nflow_length = 7\nprior_components = 9\nsplit_seed = 4\n'
    assert parse_recipe(plain, "old", name="old") == Recipe().replace(name="old", network="gated-convolutions")
    with pytest.raises(BadInput, match="the network gated-convolutions has no dropout"):
        parse_recipe(plain + "dropout = 0.5", "old")
    with pytest.raises(BadInput, match="flow_length must be a whole number"):
        parse_recipe('flow_length = "x"', "old")


def test_lists_become_tuples_and_whole_numbers_floats():
    recipe = Recipe().replace(hidden=[3, 2], beta=2)
    assert recipe.network.hidden == (3, 2)
    assert type(recipe.objective.beta) is float
    assert hash(recipe) == hash(Recipe().replace(hidden=(3, 2), beta=2.0))


WRONG_TYPES = {
    "name": (1, "a text"),
    "data": (None, "a text"),
    "image_size": (28, "a text"),
    "grey": (1, "true or false"),
    "levels": ((0, 255), "a text"),
    "labels": (3, "a text"),
    "strict": ("yes", "true or false"),
    "from": (1, "a text"),
    "freeze": ("encoder", "a list of texts"),
    "split": (0, "a text"),
    "validation": ("0.1", "a whole number or a number"),
    "test": (True, "a whole number or a number"),
    "split_seed": (0.0, "a whole number"),
    "latent_dim": (2.0, "a whole number"),
    "latent_names": ("humour", "a list of texts"),
    "hidden": ([256, "x"], "a list of whole numbers"),
    "activation": (1, "a text"),
    "network": (None, "a text"),
    "network.width": (1.5, "a whole number"),
    "likelihood.components": ("three", "a whole number"),
    "objective": (1, "a text"),
    "dropout": ("much", "a number"),
    "standardize": ("yes", "true or false"),
    "precision": (16, "a text"),
    "likelihood": (["gaussian"], "a text"),
    "autoregressive": ("yes", "true or false"),
    "posterior": (None, "a text"),
    "flow_length": (4.0, "a whole number"),
    "prior": (1, "a text"),
    "prior_components": ("many", "a whole number"),
    "beta": ("1", "a number"),
    "warm_up_epochs": (1.5, "a whole number"),
    "importance_samples": (1.5, "a whole number"),
    "free_bits": ("0.1", "a number"),
    "noise_scale": (float("nan"), "a number"),
    "average_distortion": ("yes", "true or false"),
    "start_at_mean": (0, "true or false"),
    "shift": (True, "a number"),
    "optimizer": ({}, "a text"),
    "learning_rate": (float("inf"), "a number"),
    "schedule": (0.1, "a text"),
    "weight_decay": (None, "a number"),
    "gradient_clip": ([1.0], "a number"),
    "ema_momentum": ("0.9", "a number"),
    "epochs": (True, "a whole number"),
    "minutes": ("ten", "a number"),
    "patience": (2.5, "a whole number"),
    "batch_size": ("all", "a whole number"),
    "seed": (None, "a whole number"),
    "flip": (None, "a number"),
    "binarize": (1, "true or false"),
    "network.patch": ("4", "a whole number"),
    "network.depth": (1.5, "a whole number"),
    "network.blocks": (None, "a whole number"),
    "network.detail_channels": ("4", "a whole number"),
    "likelihood.scale_per": (1, "a text"),
    "likelihood.context": (True, "a text"),
    "likelihood.thinning": (8.0, "a whole number"),
    "likelihood.reach": (6.5, "a whole number"),
    "likelihood.context_width": (6.5, "a whole number"),
    "likelihood.coupled": (1, "true or false"),
    "likelihood.channel_palette": (True, "a text"),
    "objective.guidance": ("1", "a number"),
}


def test_the_table_of_wrong_types_is_whole():
    assert set(WRONG_TYPES) == set(FIELDS)


def having(name):
    """A recipe that has the field of this name."""
    section, field = SHORT_NAMES.get(name, name.partition(".")[::2])
    kinds = SECTIONS.get(section)
    return Recipe().replace(**{section: kinds.having(field)[0]} if field and isinstance(kinds, Kinds) else {})


@pytest.mark.parametrize("name", FIELDS)
def test_a_wrong_type_names_the_field_and_what_it_must_be(name):
    value, kind = WRONG_TYPES[name]
    with pytest.raises(BadInput) as refusal:
        having(name).replace(**{name: value})
    assert str(refusal.value) == f"{name.rpartition('.')[2]} must be {kind}, not {value!r}"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("latent_dim", 0, "latent_dim must be at least 1, not 0"),
        ("epochs", 0, "epochs must be at least 1, not 0"),
        ("batch_size", -1, "batch_size must be at least 0, not -1"),
        ("learning_rate", 0, "learning_rate must be more than 0, not 0.0"),
        ("validation", 0, "validation must be more than 0, not 0"),
        ("test", -1, "test must be at least 0, not -1"),
        ("beta", -0.5, "beta must be at least 0, not -0.5"),
        ("noise_scale", -1, "noise_scale must be at least 0, not -1.0"),
        ("warm_up_epochs", -1, "warm_up_epochs must be at least 0, not -1"),
        ("dropout", 1, "dropout must be less than 1, not 1.0"),
        ("ema_momentum", 1.0, "ema_momentum must be less than 1, not 1.0"),
        ("shift", 1.5, "shift must be at most 1, not 1.5"),
        ("weight_decay", -0.1, "weight_decay must be at least 0, not -0.1"),
        ("gradient_clip", -1, "gradient_clip must be at least 0, not -1.0"),
        ("patience", -1, "patience must be at least 0, not -1"),
        ("schedule", "cosin", "schedule cannot be 'cosin': did you mean 'cosine'?"),
        ("network", "residuals", "network cannot be 'residuals': did you mean 'residual'?"),
        ("seed", -1, "seed must be at least 0, not -1"),
        ("seed", 2**32, f"seed must be at most {LARGEST_SEED}, not 4294967296"),
        ("split_seed", 2**32, f"split_seed must be at most {LARGEST_SEED}, not 4294967296"),
        ("flow_length", 0, "flow_length must be at least 1, not 0"),
        ("prior_components", 0, "prior_components must be at least 1, not 0"),
        ("importance_samples", 0, "importance_samples must be at least 1, not 0"),
        ("free_bits", -0.1, "free_bits must be at least 0, not -0.1"),
        ("posterior", "planer", "posterior cannot be 'planer': did you mean 'planar'?"),
        ("prior", "vampprior", "prior cannot be 'vampprior': did you mean 'vamp'?"),
        ("hidden", [256, 0], "hidden must be a list of whole numbers, each at least 1, not [256, 0]"),
        ("latent_names", ["pose", "pose"], "latent_names must differ from each other, not ['pose', 'pose']"),
        (
            "latent_names",
            ["a", "b", "c"],
            "latent_names must be at most one a latent: ['a', 'b', 'c'] are 3, and latent_dim is 2",
        ),
        ("split", "blocks", "split cannot be 'blocks': did you mean 'blocked'?"),
        ("likelihood", "bernouli", "likelihood cannot be 'bernouli': did you mean 'bernoulli'?"),
        ("optimizer", "adm", "optimizer cannot be 'adm': did you mean 'adam'?"),
        ("split", "???", "split cannot be '???': there are blog, random, blocked, given"),
    ],
)
def test_a_value_out_of_range_names_the_field(name, value, line):
    with pytest.raises(BadInput) as refusal:
        having(name).replace(**{name: value})
    assert str(refusal.value) == line


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a\\b", "a\0b"])
def test_a_name_that_is_no_folders_is_refused(name):
    with pytest.raises(BadInput, match="name must be usable as the name of a folder"):
        Recipe().replace(name=name)


def test_bytes_of_a_path_that_are_no_text_are_refused_before_they_are_written():
    with pytest.raises(BadInput, match="data must be a text"):
        Recipe().replace(data=b"\xff.npy".decode("utf-8", "surrogateescape"))


def test_replace_changes_checks_and_refuses():
    assert Recipe().replace(epochs=3).training.epochs == 3
    with pytest.raises(BadInput, match="epochs must be at least 1"):
        Recipe().replace(epochs=0)
    with pytest.raises(BadInput, match="unknown field 'epoch': did you mean 'epochs'"):
        Recipe().replace(epoch=3)


@pytest.mark.parametrize("latents", [1, 16, 64])
def test_names_belong_to_a_number_of_latents(latents):
    recipe = load_recipe("frey-faces")
    assert recipe.latent_names == ("humour", "pose")
    assert recipe.replace(latent_dim=latents).latent_names == ()
    assert recipe.replace(latent_dim=2, epochs=1).latent_names == ("humour", "pose")
    # the caller can name the first ones
    assert recipe.replace(latent_dim=latents, latent_names=("light",)).latent_names == ("light",)


def test_a_file_of_an_earlier_version_with_more_names_than_latents_opens_without_them(tmp_path):
    earlier = 'format = 1\nlatent_dim = 1\nlatent_names = ["humour", "pose"]\n'
    (tmp_path / "run.toml").write_text(earlier)
    assert load_recipe(tmp_path / "run.toml").latent_names == ()
    # in a user's own file, too many names are an error
    (tmp_path / "own.toml").write_text('latent_dim = 1\nlatent_names = ["humour", "pose"]\n')
    with pytest.raises(BadInput, match="latent_names must be at most one a latent"):
        load_recipe(tmp_path / "own.toml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("latent_dims = 3", "unknown key 'latent_dims': did you mean 'latent_dim'"),
        ("zzz = 3", "unknown key 'zzz': there are name, latent_dim, "),
        ("[train]\nepochs = 3", "unknown key 'train': did you mean 'training'"),
        ("epochs = 1.5", "epochs must be a whole number, not 1.5"),
        ("epochs = ", "is no TOML"),
        ("epochs = 1\nepochs = 2", "is no TOML"),
        ("hidden = " + "[" * 100_000, "is no TOML: it is nested too deeply"),
        ("seed = " + "9" * 10_000, "is no TOML"),
        ("a" + ".a" * 100_000 + " = 1", "is no TOML: it is nested too deeply"),
        ("[a" + ".a" * 100_000 + "]", "is no TOML: it is nested too deeply"),
        ("#" * 2**20 + "\n", "it is larger than the 1 MiB"),
        (f"format = {FORMAT + 1}", f"has format {FORMAT + 1}; this freyvae reads up to {FORMAT}: update freyvae"),
        ("format = 0", "format must be a whole number from 1"),
        ("format = true", "format must be a whole number from 1"),
        ('format = "1"', "format must be a whole number from 1"),
        ("hidden = [[1]]", "hidden must be a list of whole numbers"),
        ("seed = 2024-01-01", "seed must be a whole number"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path, text, line):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as refusal:
        load_recipe(path)
    assert line in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="it is no UTF-8 text"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("name", "hint"), [("frey-face", "did you mean 'frey-faces'"), ("zzz", "there are blog-2016, frey-")]
)
def test_no_such_recipe_suggests_the_nearest(name, hint):
    with pytest.raises(BadInput, match=f"no recipe '{name}': {hint}"):
        load_recipe(name)


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(BadInput, match="no recipe"):
        load_recipe(tmp_path)


def test_numbers_of_numpy_are_taken_and_written_as_pythons():
    recipe = Recipe().replace(
        split="random",
        epochs=np.int64(3),
        beta=np.float32(0.5),
        grey=np.True_,
        hidden=(np.uint8(4),),
        validation=np.int32(5),
        test=np.float64(0.25),
        likelihood=np.str_("bernoulli"),
    )
    values = {short_name(full): value for full, value in recipe.fields().items()}
    kinds = [type(values[name]) for name in ("epochs", "beta", "grey", "validation", "test", "likelihood")]
    assert kinds == [int, float, bool, int, float, str]
    assert parse_recipe(recipe.to_toml(), "x") == recipe


def test_a_value_without_end_is_not_repeated():
    for value in ("x" * 5000, np.zeros((100, 100)), ["a\nb"] * 1000):
        with pytest.raises(BadInput) as refusal:
            Recipe().replace(epochs=value)
        assert len(str(refusal.value).splitlines()) == 1
        assert len(str(refusal.value)) < 150


def test_a_choice_of_ones_own_is_refused_where_it_could_not_be_read_back():
    class Own(Vamp):
        name = "own"

    with pytest.raises(BadInput, match=r"prior own is one of your own, which no recipe\.toml can name"):
        Recipe(prior=Own(3))
