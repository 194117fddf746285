"""The nearest posteriors: exact whatever the blocks, distances as closed forms have them."""

import numpy as np
import pytest
from scipy import integrate, stats

from freyvae.metrics.nearest import DISTANCES, Posteriors, aggregate_deviations, nearest


def drawn(count, latents, seed):
    random = np.random.default_rng(seed)
    means = random.normal(size=(count, latents)).astype("float32")
    return Posteriors(means, random.uniform(0.3, 1.5, means.shape).astype("float32"))


@pytest.mark.parametrize("by", DISTANCES)
@pytest.mark.parametrize("block", [1, 50, 1 << 22])
def test_blocks_change_nothing(by, block):
    queries, among = drawn(7, 5, 0), drawn(40, 5, 1)
    indices, distances = nearest(queries, among, 6, by=by, block=block)
    every, far = nearest(queries, among, 40, by=by)
    np.testing.assert_array_equal(indices, every[:, :6])
    np.testing.assert_allclose(distances, far[:, :6], rtol=1e-5)
    assert (np.sort(every, axis=1) == np.arange(40)).all()
    assert (np.diff(far, axis=1) >= 0).all()


@pytest.mark.parametrize("by", DISTANCES)
def test_a_picture_is_nearest_to_itself_unless_others_only_are_asked_for(by):
    among = drawn(30, 4, 2)
    indices, distances = nearest(among, among, 1, by=by)
    np.testing.assert_array_equal(indices[:, 0], np.arange(30))
    np.testing.assert_allclose(distances, 0, atol=1e-2)
    for block in (60, 1 << 22):
        others, _ = nearest(among, among, 29, by=by, others_only=True, block=block)
        assert (others != np.arange(30)[:, None]).all()


def test_of_those_as_near_the_first_comes_first():
    among = Posteriors(np.array([[3.0], [1.0], [1.0], [1.0], [0.0]], "float32"), np.ones((5, 1), "float32"))
    for block in (1, 3, 100):
        indices, _ = nearest(among[4:5], among, 3, by="means", block=block)
        assert indices.tolist() == [[4, 1, 2]]


def test_distances_are_their_closed_forms():
    one, other = drawn(1, 3, 3), drawn(1, 3, 4)
    (m1, s1), (m2, s2) = ((each.means[0].astype(float), each.deviations[0].astype(float)) for each in (one, other))
    found = {by: nearest(one, other, 1, by=by)[1][0, 0] for by in DISTANCES}
    assert found["means"] == pytest.approx(np.linalg.norm(m1 - m2), rel=1e-5)
    assert found["wasserstein"] == pytest.approx(np.sqrt(((m1 - m2) ** 2 + (s1 - s2) ** 2).sum()), rel=1e-5)

    def divergence(m1, s1, m2, s2):
        return (np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5).sum()

    there_and_back = divergence(m1, s1, m2, s2) + divergence(m2, s2, m1, s1)
    assert found["kullback-leibler"] == pytest.approx(there_and_back, rel=1e-5)
    overlap = 1.0
    for latent in range(3):
        p, q = stats.norm(m1[latent], s1[latent]), stats.norm(m2[latent], s2[latent])
        overlap *= integrate.quad(lambda z, p=p, q=q: np.sqrt(p.pdf(z) * q.pdf(z)), -20, 20)[0]
    assert found["bhattacharyya"] == pytest.approx(-np.log(overlap), rel=1e-4)


def test_the_angle_is_seen_from_one_aggregate_deviation_off():
    means = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]], "float32")
    among = Posteriors(means, np.full((4, 2), 0.5, "float32"))
    scales = np.sqrt(np.array([0.5, 2.0]) + 0.25)
    np.testing.assert_allclose(aggregate_deviations(among), scales, rtol=1e-6)
    seen = np.concatenate([means / scales, np.ones((4, 1))], axis=1)
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    _, degrees = nearest(among[:1], among, 4)
    np.testing.assert_allclose(degrees[0], np.sort(np.degrees(np.arccos(np.minimum(seen @ seen[0], 1)))), atol=0.05)


def test_a_latent_that_says_nothing_counts_for_nothing():
    random = np.random.default_rng(5)
    live, dead = random.normal(size=(200, 1)), 1e-3 * random.normal(size=(200, 1))
    means = np.concatenate([live, dead], axis=1).astype("float32")
    deviations = np.broadcast_to(np.array([0.1, 1.0], "float32"), means.shape)
    with_dead = nearest(Posteriors(means, deviations), Posteriors(means, deviations), 5)[0]
    without = nearest(*[Posteriors(means[:, :1], deviations[:, :1])] * 2, 5)[0]
    assert (with_dead == without).mean() > 0.95
