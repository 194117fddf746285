"""Records have units, and are written to `metrics.json` exactly."""

import dataclasses
import json
import re
from pathlib import Path
from typing import get_type_hints

import pytest
from msgspec import Meta

from freyvae import records
from freyvae.errors import BadInput
from freyvae.records import Measurement, TrainingRecord, from_json, to_json

# as versions without records wrote it
FORMAT_1 = json.loads((Path(__file__).parent / "format_1" / "plain" / "metrics.json").read_text())
UNITS = {"_nats": "nats per image", "_bits_per_dim": "bits per dimension", "_grey_levels": "grey levels of 255"}


def test_the_records_of_a_file_are_the_file():
    training, measured = (from_json(kind, FORMAT_1) for kind in (TrainingRecord, Measurement))
    written = to_json(training) | to_json(measured)
    assert written == {key: value for key, value in FORMAT_1.items() if key != "format"}
    assert list(written) == [key for key in FORMAT_1 if key != "format"]
    assert json.loads(json.dumps(written)) == written
    assert measured.latents["z1"].kl_nats == FORMAT_1["latents"]["z1"]["kl_nats"]
    assert measured.baselines["png_files"].any_bits_per_dim == FORMAT_1["baselines"]["png_files"]["bits_per_dim"]


def test_what_a_record_has_no_value_for_is_left_out():
    measured = from_json(Measurement, FORMAT_1)
    bare = dataclasses.replace(
        measured, nll_nats_se=None, nll_bits_per_dim=None, nll_bits_per_dim_se=None, free_energy_bits_per_dim=None
    )
    assert to_json(bare)["nll_nats_se"] is None
    assert not [key for key in to_json(bare) if "bits_per_dim" in key]
    assert bare.bits_per_nat is None
    # a single image has no standard error, and null is written for it in both units
    single = to_json(dataclasses.replace(measured, nll_nats_se=None, nll_bits_per_dim_se=None))
    assert (single["nll_nats_se"], single["nll_bits_per_dim_se"]) == (None, None)
    assert "best_epoch" not in to_json(from_json(TrainingRecord, FORMAT_1))


@pytest.mark.parametrize("kind", [TrainingRecord, Measurement, records.Latent, records.Baseline])
def test_a_field_has_the_unit_that_its_name_says(kind):
    for name, hint in get_type_hints(kind, include_extras=True).items():
        for suffix, unit in UNITS.items():
            if re.search(f"{suffix}(_se)?$", name):
                assert repr(Meta(description=unit)) in repr(hint), name


def test_a_quantity_is_a_field_that_has_a_title_and_a_value():
    training = from_json(TrainingRecord, FORMAT_1)
    found = records.quantities(training)
    assert found["seconds"] == records.Quantity("Training", FORMAT_1["seconds"], "seconds")
    assert found["epochs"] == records.Quantity("Epochs", 3, "")
    # there was no patience, and the seed and what is no number stand elsewhere
    assert not {"best_epoch", "seed", "data", "versions"} & set(found)
    assert list(found) == [key for key in FORMAT_1 if key in found]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"epochs": ...}, "lacks epochs"),
        ({"epochs": ..., "seed": ...}, "lacks epochs, seed"),
        ({"epochs": "x"}, "has no epochs that could be one"),
        ({"seconds": True}, "has no seconds that could be one"),
        ({"versions": {"keras": 3}}, "has no versions that could be one"),
    ],
)
def test_what_could_not_be_a_record_is_refused_by_its_field(change, line):
    found = {key: value for key, value in (FORMAT_1 | change).items() if value is not ...}
    with pytest.raises(BadInput, match=f"^{line}$"):
        from_json(TrainingRecord, found)
