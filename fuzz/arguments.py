"""The functions of the library, called as they should be but for one argument."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

import freyvae
from freyvae import VAE, Recipe, Run, compression, data, evaluation, pictures
from fuzz.case import Case
from fuzz.odd_values import HUGE, VALUES
from fuzz.oracle import call
from fuzz.world import SHAPE, World

# what a person's own function raises is the person's
CALLED_BACK = ("thumbnail", "note", "say")
# more of these is a right call, which takes its time
WORK = ("epochs", "samples", "steps_per_epoch", "validation_steps", "steps")


@dataclass(frozen=True)
class Door:
    """A function, and arguments that it takes.

    Attributes:
        name: what to call it.
        make: the function, where a case has nothing of it from the one before.
        arguments: every argument that is to be made odd, with a right value.
    """

    name: str
    make: Callable[[], Callable[..., Any]]
    arguments: Mapping[str, Any]


def case(world: World, seed: int, number: int) -> Case | None:
    """Case `number`: each odd value for each argument of each function, shuffled by the seed."""
    every = _every(world)
    if number >= len(every):
        return None
    door, argument, odd = every[_order(seed, len(every))[number]]
    make = (VALUES | HUGE)[odd]
    return Case(
        f"{door.name}({argument}={odd})",
        lambda: call(lambda: door.make()(**{**door.arguments, argument: make()})),
    )


@lru_cache
def _order(seed: int, count: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng(seed).permutation(count).tolist())


@lru_cache
def _every(world: World) -> list[tuple[Door, str, str]]:
    return [
        (door, argument, odd)
        for door in doors(world)
        for argument in door.arguments
        for odd, make in (VALUES if argument in WORK else VALUES | HUGE).items()
        if not (argument in CALLED_BACK and callable(make()))
    ]


def doors(world: World) -> Iterator[Door]:
    """Every public function and method, with arguments that are right."""
    yield from _of_models(world)
    yield from _of_data(world)
    yield from _of_pictures(world)
    yield from _of_runs(world)


def _of_models(world: World) -> Iterator[Door]:
    images = world.images
    yield Door(
        "VAE",
        lambda: VAE,
        {
            "image_shape": SHAPE,
            "latent_dim": 2,
            "encoder": None,
            "decoder": None,
            "likelihood": "gaussian",
            "posterior": "planar",
            "flow_length": 2,
            "prior": "gaussian-mixture",
            "prior_components": 3,
            "importance_samples": 1,
            "free_bits": 0.0,
            "autoregressive": False,
            "beta": 1.0,
            "warm_up_steps": 0,
            "noise_scale": 1.0,
            "average_distortion": False,
            "shift": 0.0,
            "seed": 0,
            "name": "vae",
        },
    )
    yield Door("vae.compile", lambda: world.new_vae().compile, {"optimizer": "adam", "loss": None, "metrics": None})
    fitting = {"batch_size": 10, "verbose": 0, "callbacks": None}
    yield Door(
        "vae.fit",
        lambda: world.new_vae().fit,
        {
            **fitting,
            "x": images,
            "y": None,
            "epochs": 1,
            "initial_epoch": 0,
            "validation_data": images[:5],
            "validation_split": 0.0,
            "validation_freq": 1,
            "validation_batch_size": 5,
            "validation_steps": None,
            "steps_per_epoch": None,
            "shuffle": True,
            "sample_weight": None,
            "class_weight": None,
        },
    )
    evaluating = {**fitting, "x": images, "steps": None}
    yield Door("vae.evaluate", lambda: world.vae.evaluate, {**evaluating, "y": None, "return_dict": True})
    yield Door("vae.predict", lambda: world.vae.predict, evaluating)
    on_batch = {"x": images[:5], "y": None, "return_dict": True}
    yield Door("vae.train_on_batch", lambda: world.new_vae().train_on_batch, on_batch)
    yield Door("vae.test_on_batch", lambda: world.vae.test_on_batch, on_batch)
    yield Door("vae.predict_on_batch", lambda: world.vae.predict_on_batch, {"x": images[:5]})
    yield Door("vae", lambda: world.vae, {"images": images[:5], "training": False})
    yield Door("vae.beta = ", lambda: lambda beta: setattr(world.new_vae(), "beta", beta), {"beta": 1.0})
    yield Door("vae.encode", lambda: world.vae.encode, {"images": images})
    yield Door("vae.posterior_deviations", lambda: world.vae.posterior_deviations, {"images": images})
    yield Door("vae.decode", lambda: world.vae.decode, {"latents": np.zeros((3, 2))})
    yield Door("vae.prepare", lambda: world.vae.prepare, {"encode": (1,), "decode": (1,)})
    yield Door("vae.reconstruct", lambda: world.vae.reconstruct, {"images": images})
    yield Door("vae.sample_means", lambda: world.vae.sample_means, {"count": 3, "seed": 0})
    yield Door("vae.sample_latents", lambda: world.vae.sample_latents, {"count": 3, "seed": 0})
    yield Door("vae.sample", lambda: world.vae.sample, {"count_or_latents": 3, "seed": 0})
    yield Door("vae.free_energy", lambda: world.vae.free_energy, {"images": images, "samples": 1, "seed": 0})
    yield Door("vae.save", lambda: world.vae.save, {"filepath": "model.keras"})
    yield Door(
        "fit_many",
        lambda: freyvae.fit_many,
        {
            "models": [world.new_vae()],
            "x": images,
            "validation_data": images[:5],
            "epochs": 1,
            "batch_size": 10,
            "callbacks": None,
            "initial_epoch": 0,
        },
    )


def _of_data(world: World) -> Iterator[Door]:
    images = world.images
    reading = {"image_size": None, "grey": False, "strict": False, "levels": None, "progress": False}
    splitting = {"validation": 5, "test": 5, "seed": 0, "is_video": False}
    yield Door("as_images", lambda: freyvae.as_images, {"values": images, "name": "images", "levels": None})
    yield Door("load_images", lambda: freyvae.load_images, {**reading, "source": world.array_file, "seed": 0})
    yield Door("load_images", lambda: freyvae.load_images, {"source": "synthetic-faces", "seed": 0})
    yield Door("load_folder", lambda: data.load_folder, {**reading, "folder": world.picture_folder})
    yield Door("load_file", lambda: data.load_file, {**reading, "path": world.array_file})
    packing = {**reading, "source": world.array_file, "out": world.scratch / "a.pack", "labels": None, "append": False}
    yield Door("data.pack", lambda: data.pack, packing)
    yield Door("data.check_pack", lambda: data.check_pack, {"path": world.pack, "progress": False})
    yield Door("fit_images", lambda: data.fit_images, {"images": images, "size": (6, 5), "grey": False})
    yield Door("pixels_sha256", lambda: data.pixels_sha256, {"images": images})
    yield Door("fetch_frey_faces", lambda: data.fetch_frey_faces, {"source": world.array_file, "progress": False})
    yield Door("load_frey_faces", lambda: freyvae.load_frey_faces, {"progress": False})
    yield Door("synthetic_faces", lambda: freyvae.synthetic_faces, {"count": 3, "seed": 0})
    yield Door("split", lambda: freyvae.split, {**splitting, "images": images, "scheme": "random"})
    yield Door("split_indices", lambda: freyvae.split_indices, {**splitting, "count": 40, "scheme": "random"})


def _of_pictures(world: World) -> Iterator[Door]:
    images, vae = world.images, world.vae
    figure = pictures.examples(images[:2])
    history = {"loss": [1.0], "free_energy": [1.0], "rate": [1.0], "distortion": [1.0]}
    yield Door(
        "pictures.examples",
        lambda: pictures.examples,
        {"images": images, "count": 3, "columns": 3, "evenly": True, "thumbnail": None},
    )
    yield Door(
        "pictures.codes",
        lambda: pictures.codes,
        {
            "vae": vae,
            "images": images,
            "latents": (0, 1),
            "is_video": False,
            "frames": None,
            "latent_names": None,
            "most": 5,
        },
    )
    yield Door("pictures.convergence", lambda: pictures.convergence, {"history": history})
    yield Door(
        "pictures.draw_all",
        lambda: pictures.draw_all,
        {
            "vae": vae,
            "images": {"training": images},
            "history": history,
            "folder": world.scratch,
            "latent_names": None,
            "is_video": False,
            "frames": None,
            "note": lambda line: None,
        },
    )
    yield Door("pictures.first_layer_weights", lambda: pictures.first_layer_weights, {"vae": vae, "columns": 3})
    yield Door(
        "pictures.manifold",
        lambda: pictures.manifold,
        {
            "vae": vae,
            "columns": 3,
            "rows": 3,
            "latents": (0, 1),
            "quantiles": (0.1, 0.9),
            "span": None,
            "latent_names": None,
        },
    )
    yield Door("pictures.network", lambda: pictures.network, {"vae": vae, "path": "network.svg"})
    yield Door("pictures.reconstructions", lambda: pictures.reconstructions, {"vae": vae, "images": images, "count": 3})
    yield Door(
        "pictures.traversals",
        lambda: pictures.traversals,
        {"vae": vae, "images": images, "count": 2, "steps": 3, "latent_names": None, "widest": 500, "tallest": 500},
    )
    yield Door("pictures.sample_images", lambda: pictures.sample_images, {"vae": vae, "count": 3, "seed": 0})
    yield Door("pictures.samples", lambda: pictures.samples, {"vae": vae, "count": 3, "columns": 3, "seed": 0})
    yield Door("pictures.save_figure", lambda: pictures.save_figure, {"figure": figure, "path": "figure.png"})
    yield Door("pictures.save_images", lambda: pictures.save_images, {"images": images, "path": "a.npy", "columns": 3})


def _of_runs(world: World) -> Iterator[Door]:
    images, run = world.images, world.run
    yield Door("Recipe", lambda: Recipe, world.recipe.__dict__)
    yield Door("Recipe.replace", lambda: world.recipe.replace, world.choices)
    yield Door("load_recipe", lambda: freyvae.load_recipe, {"name_or_path": "images", "of_run": False})
    yield Door("train", lambda: lambda **changes: _train(world, **changes), world.choices)
    yield Door(
        "train",
        lambda: freyvae.train,
        {"recipe": world.recipe, "out": run.folder, "fresh": False, "quiet": True, "say": None},
    )
    yield Door("Run", lambda: Run, {"folder": run.folder})
    yield Door("Run.open", lambda: Run.open, {"folder": run.folder})
    yield Door("load", lambda: freyvae.load, {"path": run.folder})
    yield Door(
        "evaluation.measure",
        lambda: evaluation.measure,
        {"run": run, "samples": 2, "split": "test", "seed": 0, "progress": False, "say": None},
    )
    yield Door("evaluation.compare", lambda: evaluation.compare, {"runs": [run, run]})
    yield Door(
        "compression.compress",
        lambda: compression.compress,
        {"run": run, "data": images[:2], "out": "images.freyvae", "progress": False},
    )
    yield Door(
        "compression.decompress",
        lambda: compression.decompress,
        {"run": run, "file": _compressed(world), "out": "images.npy", "progress": False},
    )
    yield Door(
        "measure",
        lambda: freyvae.measure,
        {"run": run, "samples": 2, "split": "test", "seed": 0, "progress": False, "say": None},
    )
    yield Door("show", lambda: freyvae.show, {"run": run, "vae": None})
    yield Door("sample", lambda: freyvae.sample, {"run": run, "count": 3, "seed": 0, "out": "samples.npy"})
    yield Door(
        "encode",
        lambda: freyvae.encode,
        {"run": run, "data": world.recipe.data.source, "levels": None, "out": "codes.npy", "say": None},
    )
    yield Door(
        "decode",
        lambda: freyvae.decode,
        {"run": run, "latents": [0.0] * world.vae.latent_dim, "codes": None, "out": "decoded.npy"},
    )
    yield Door(
        "neighbours",
        lambda: freyvae.neighbours,
        {"run": run, "query": world.array_file, "among": None, "count": 2, "by": "angle", "out": "n.csv"},
    )
    yield Door(
        "cluster",
        lambda: freyvae.cluster,
        {"run": run, "data": None, "count": 2, "seed": 0, "out": "c.csv", "pictures": None},
    )
    yield Door("project", lambda: freyvae.project, {"run": run, "method": "pca", "seed": 0, "out": "p.csv"})
    yield Door("card", lambda: freyvae.card, {"run": run, "out": "card.md"})
    yield Door("export", lambda: freyvae.export, {"run": run, "format": "weights", "out": None})
    yield Door(
        "explore", lambda: freyvae.explore, {"vae": world.vae, "images": images, "names": ("a", "b"), "title": "VAE"}
    )


def _train(world: World, **choices: Any) -> Run:
    return freyvae.train(Recipe().replace(**choices), world.scratch / "trained", quiet=True, pictures=False)


def _compressed(world: World) -> Any:
    path = world.folder / "images.freyvae"
    if not path.is_file():
        compression.compress(world.run, world.images[:2], path, progress=False)
    return path
