"""What normal distributions make of what networks say."""

import numpy as np
from keras import ops

from freyvae.model.distributions import without_overflow


def test_a_log_variance_cannot_overflow_and_stays_as_it_is_where_it_is_of_use():
    given = np.array([-90.0, 0.0, 7.5, 8.0, 9.0, 100.0, 1e6], "float32")
    found = np.array(ops.convert_to_numpy(without_overflow(ops.convert_to_tensor(given))))
    np.testing.assert_array_equal(found[:4], given[:4])
    np.testing.assert_allclose(found[4:], 8.0 + np.log1p(given[4:] - 8.0), rtol=1e-6)
    assert np.isfinite(np.exp(found)).all()
    assert (np.diff(found) > 0).all()
