"""The sections of a recipe that are no choices of the model: data, split, optimizer and training."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from freyvae.choice import Choice, Kinds, NotNegative, Record, Seed

_Count = Annotated[int, Meta(ge=0)]
_Share = Annotated[float, Meta(ge=0, lt=1)]
_Part = Annotated[int, Meta(gt=0)] | Annotated[float, Meta(gt=0)]
_PartOrNone = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)]
_Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, kw_only=True)
class Data(Record):
    """Which images, and how they are made uint8."""

    source: Annotated[
        str,
        Meta(
            description="frey-faces, synthetic-faces, a benchmark set such as static-mnist, or the path of a folder, "
            "file or archive of images"
        ),
    ] = "frey-faces"
    image_size: Annotated[
        str | None, Meta(description="resize images to HEIGHTxWIDTH pixels; by default they keep their size")
    ] = None
    grey: Annotated[bool, Meta(description="turn images to grey")] = False
    levels: Annotated[
        str | None,
        Meta(
            description="stored values that become black and white, LOW:HIGH, such as 0:4095 for 12 bits, or auto for "
            "the lowest and highest of all images; by default 8 and 16 bits, and floats from 0 to 1"
        ),
    ] = None
    labels: Annotated[
        str | None,
        Meta(
            description="a .csv file with a label for each image, its column after a colon; by default the sub-folders "
            "of a folder or an archive, or what the file of images says"
        ),
    ] = None
    strict: Annotated[bool, Meta(description="an unreadable file is an error; otherwise it is listed and left out")] = (
        False
    )


@dataclass(frozen=True)
class Split(Choice):
    """Which images are held out."""


@dataclass(frozen=True)
class BlogSplit(Split):
    """The post's: the first 1800 train, the next 100 validate, the rest test."""

    name = "blog"


@dataclass(frozen=True, kw_only=True)
class BlockedSplit(Split):
    """Contiguous runs of images."""

    name = "blocked"
    validation: Annotated[_Part, Meta(description="validation images, a count or a fraction")] = 0.1
    test: Annotated[_PartOrNone, Meta(description="test images, a count or a fraction")] = 0.1


@dataclass(frozen=True, kw_only=True)
class RandomSplit(BlockedSplit):
    """A random permutation."""

    name = "random"
    seed: Annotated[Seed, Meta(description="seed of the random split")] = 0


@dataclass(frozen=True)
class GivenSplit(Split):
    """The one that the set was published with, such as MNIST's."""

    name = "given"


SPLITS = Kinds("split", Split, [BlogSplit, RandomSplit, BlockedSplit, GivenSplit])


@dataclass(frozen=True, kw_only=True)
class Optimizer(Record):
    """How a step changes the weights."""

    kind: Annotated[
        Literal["adam", "adamw", "adamax", "nadam", "rmsprop", "sgd", "lion"],
        Meta(description="optimizer: adam, adamw, adamax, nadam, rmsprop, sgd or lion"),
    ] = "adam"
    learning_rate: Annotated[float, Meta(gt=0, description="learning rate of the optimizer")] = 0.001
    schedule: Annotated[
        Literal["constant", "cosine"],
        Meta(description="course of the learning rate: constant, or cosine (down to 2 % of it when the training ends)"),
    ] = "constant"
    weight_decay: Annotated[
        NotNegative,
        Meta(
            description="weight decay as in adamw, but of the layers' kernels alone; 0 is none, or with adamw Keras's "
            "0.004 of all"
        ),
    ] = 0.0
    gradient_clip: Annotated[
        NotNegative,
        Meta(description="largest norm of the whole gradient, which is scaled down to it; 0 is no limit"),
    ] = 0.0
    ema_momentum: Annotated[
        _Share,
        Meta(
            description="momentum of the weights' exponential moving average, which is then the model; 0 is no average"
        ),
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class Training(Record):
    """How long, in which steps, and on what images of them."""

    epochs: Annotated[_Positive, Meta(description="number of epochs")] = 100
    minutes: Annotated[
        NotNegative,
        Meta(description="stop when another epoch would take longer than so many minutes in all; 0 is no limit"),
    ] = 0.0
    patience: Annotated[
        _Count,
        Meta(
            description="stop after so many epochs without a lower validation free energy, all after the warm-up, and "
            "keep the best epoch's weights; 0 trains all epochs and keeps the last's"
        ),
    ] = 0
    batch_size: Annotated[
        int, Meta(ge=0, description="images in a training step; 0: 32, or fewer where memory holds no more")
    ] = 100
    warm_up_epochs: Annotated[
        _Count, Meta(description="epochs in which the weight of the rate grows from 0 to beta")
    ] = 0
    shift: Annotated[
        float,
        Meta(ge=0, le=1, description="probability that an epoch shows a training image moved by one pixel"),
    ] = 0.0
    flip: Annotated[
        float,
        Meta(ge=0, le=1, description="probability that an epoch shows a training image mirrored, left to right"),
    ] = 0.0
    binarize: Annotated[
        bool,
        Meta(
            description="draw black or white for each pixel at every training step, the grey level being the "
            "probability of white (dynamic binarization)"
        ),
    ] = False
    start_from: Annotated[
        str | None, Meta(description="folder of a run whose weights the training begins with, as fine-tuning does")
    ] = None
    freeze: Annotated[
        tuple[str, ...],
        Meta(description="layers whose weights rest: encoder, decoder, or names of their layers, * for any text"),
    ] = ()
    precision: Annotated[
        Literal["float32", "bfloat16"],
        Meta(
            description="numbers that the networks compute in: float32, or bfloat16, faster where the processor has it"
        ),
    ] = "float32"
    seed: Annotated[Seed, Meta(description="seed of every random draw of the training")] = 0
