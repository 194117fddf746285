"""The adapter's assumptions about Keras, which Keras does not promise, hold for the installed version."""

import keras
import numpy as np
import pytest

from freyvae.engine import keras_internals

pytestmark = pytest.mark.backend


def model(**choices):
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5, seed=1)])
    network.compile(optimizer=keras.optimizers.SGD(0.1, **choices), loss="mse")
    return network


def train(network, steps):
    network.fit(np.ones((steps, 3)), np.zeros((steps, 2)), batch_size=1, verbose=0)


def test_an_optimizer_counts_its_steps_and_with_accumulated_gradients_every_batch():
    for network in (model(), model(gradient_accumulation_steps=3)):
        train(network, 5)
        assert int(keras_internals.steps_variable(network.optimizer).value) == 5


def test_an_optimizer_knows_what_it_was_built_for():
    network = model()
    assert keras_internals.trained_by(network.optimizer) is None
    train(network, 1)
    trained = keras_internals.trained_by(network.optimizer)
    assert [*map(id, trained)] == [*map(id, network.trainable_variables)]


def test_an_optimizer_keeps_an_average_of_each_weight():
    network = model(use_ema=True, ema_momentum=0.5)
    train(network, 3)
    averages = keras_internals.averages_of_weights(network.optimizer)
    assert [tuple(average.shape) for average in averages] == [tuple(w.shape) for w in network.trainable_variables]
    assert not np.allclose(keras.ops.convert_to_numpy(averages[0]), np.zeros((3, 2)))


def test_the_states_of_noise_are_no_weights_and_move_in_training():
    network = model()
    (state,) = keras_internals.states_of_noise(network)
    before = np.array(keras.ops.convert_to_numpy(state.value))
    train(network, 2)
    assert (keras.ops.convert_to_numpy(state.value) != before).any()
    assert all(state is not weight for weight in network.weights)


def test_the_epoch_to_begin_with_is_the_argument_or_what_a_callback_says_and_is_forgotten():
    network = model()
    assert keras_internals.epoch_to_begin_with(network, 2) == 2
    network._initial_epoch = 5  # as BackupAndRestore does
    assert keras_internals.epoch_to_begin_with(network, 2) == 5
    keras_internals.forget_epoch_to_begin_with(network)
    assert keras_internals.epoch_to_begin_with(network, 2) == 2


@pytest.mark.parametrize(("every", "epochs"), [(1, [0, 1, 2, 3]), (2, [1, 3]), ([1, 3], [0, 2])])
def test_the_epochs_with_a_validation_are_keras_own(every, epochs):
    network = model()
    assert [epoch for epoch in range(4) if keras_internals.should_evaluate(network, epoch, every)] == epochs


def test_all_layers_are_found_within_others():
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="within")])
    outer = keras.Sequential([keras.Input((3,)), inner])
    assert "within" in [layer.name for layer in keras_internals.all_layers(outer)]


def test_a_call_that_fails_leaves_the_values_of_all_variables():
    network = model()
    train(network, 1)
    before = [keras.ops.convert_to_numpy(variable.value) for variable in network.variables]
    with pytest.raises(ZeroDivisionError), keras_internals.keeping_state(network):
        network.fit(np.ones((1, 3)), np.zeros((1, 2)), verbose=0, callbacks=[Failing()])
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable.value), value)


class Failing(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        raise ZeroDivisionError


def test_the_largest_output_is_of_the_layers_within_the_networks():
    images = keras.Input((4, 6, 1))
    encoder = keras.Model(images, keras.layers.Conv2D(3, 3, padding="same")(images))

    class Both(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = encoder

    assert keras_internals.largest_output(Both()) == 4 * 6 * 3
    assert keras_internals.largest_output(keras.Sequential([keras.layers.Dense(2)])) == 1


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the stateless step is JAX's")
def test_the_halves_of_a_step_are_the_step_and_metrics_add_up():
    import jax.numpy as jnp

    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, kernel_initializer="ones")])

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.network = network

        def call(self, values):
            return self.network(values)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return keras.ops.mean(keras.ops.square(y_pred))

    model = Own()
    model.compile(optimizer=keras.optimizers.Adam(0.1))
    rows = jnp.arange(12.0).reshape(4, 3)
    model(rows)
    model.optimizer.build(model.trainable_variables)
    variables = [
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    ]
    state = tuple([variable.value for variable in group] for group in variables)
    parts = [keras_internals.gradients_of_step(model, state, rows[part]) for part in (slice(0, 2), slice(2, 4))]
    mean = [sum(gradients) / 2 for gradients in zip(*(part[0] for part in parts), strict=True)]
    trainable, optimizer = keras_internals.apply_gradients(model, state, mean)
    added = [sum(values) for values in zip(*(part[1] for part in parts), strict=True)]
    metrics = keras_internals.add_to_metrics(state[3], added)
    _, whole = model.train_step(state, (rows,))
    for ours, theirs in zip(
        (*trainable, *optimizer, *metrics, *parts[0][2]), (*whole[0], *whole[2], *whole[3], *whole[1]), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
