"""Where the page says that the decoder was trained."""

import numpy as np
import pytest

from freyvae.explorer.density import measure_density


@pytest.mark.parametrize("latents", [2, 16, 64])
def test_draws_from_a_prior_that_the_posteriors_make_up_are_as_dense_as_those_from_the_posteriors(latents: int) -> None:
    generator = np.random.default_rng(1)
    codes = np.sqrt(0.5) * generator.standard_normal((1500, latents))
    deviations = np.full_like(codes, np.sqrt(0.5))
    found = measure_density(codes.astype("float32"), deviations)
    draws = generator.standard_normal((500, latents))
    apart = np.square((draws[:, None] - found["references"][None]) / found["widths"]).sum(axis=2)
    densities = np.log(np.mean(np.exp(-0.5 * (apart - apart.min())), axis=1)) - 0.5 * apart.min()
    assert np.mean(densities >= found["percentiles"][10]) == pytest.approx(0.9, abs=0.05)
