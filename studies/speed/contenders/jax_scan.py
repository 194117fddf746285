"""The same training in plain JAX, without Keras: a jitted epoch, `lax.scan` over its steps, Adam from optax."""

import sys

import jax
import jax.numpy as jnp
import optax
from studies.speed.workload import (
    ADAM_EPSILON,
    BATCH,
    EPOCHS,
    HIDDEN,
    LATENTS,
    LEARNING_RATE,
    NOISE,
    PIXELS,
    load,
    report,
)

train, held_out = (jnp.asarray(pixels) for pixels in load(sys.argv[1]))
glorot = jax.nn.initializers.glorot_uniform()
shapes = {
    "encoder": (PIXELS, HIDDEN),
    "mean": (HIDDEN, LATENTS),
    "log_variance": (HIDDEN, LATENTS),
    "decoder": (LATENTS, HIDDEN),
    "pixels": (HIDDEN, PIXELS),
}
keys = jax.random.split(jax.random.key(int(sys.argv[2])), len(shapes))
weights = {
    name: (glorot(key, shape), jnp.zeros(shape[1])) for key, (name, shape) in zip(keys, shapes.items(), strict=True)
}
optimizer = optax.adam(LEARNING_RATE, eps=ADAM_EPSILON)


def loss_of(weights, images, key):
    def dense(name, values):
        kernel, bias = weights[name]
        return values @ kernel + bias

    images = images.astype("float32") / 255.0
    hidden = jax.nn.relu(dense("encoder", images))
    mean, log_variance = dense("mean", hidden), dense("log_variance", hidden)
    latents = mean + jnp.exp(0.5 * log_variance) * NOISE * jax.random.normal(key, mean.shape)
    logits = dense("pixels", jax.nn.relu(dense("decoder", latents)))
    kl = -0.5 * (1.0 + log_variance - mean**2 - jnp.exp(log_variance)).sum(-1).mean()
    return optax.sigmoid_binary_cross_entropy(logits, images).mean() + kl


@jax.jit
def epoch(state, key):
    shuffle, noise, validation = jax.random.split(key, 3)

    def step(state, batch):
        weights, moments = state
        chosen, key = batch
        loss, gradients = jax.value_and_grad(loss_of)(weights, train[chosen], key)
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(weights, updates), moments), loss

    order = jax.random.permutation(shuffle, len(train)).reshape(-1, BATCH)
    state, losses = jax.lax.scan(step, state, (order, jax.random.split(noise, len(order))))
    return state, losses.mean(), loss_of(state[0], held_out, validation)


result = [(weights, optimizer.init(weights)), 0.0, 0.0]


def epochs(first: int, last: int) -> None:
    for number in range(first, last):
        state, loss, val_loss = epoch(result[0], jax.random.fold_in(jax.random.key(0), number))
        result[:] = state, float(loss), float(val_loss)


report(lambda: epochs(0, 1), lambda: epochs(1, EPOCHS), lambda: (result[1], result[2]))
