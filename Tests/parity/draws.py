"""The random numbers of docs/random.md that a training step draws: which samples stochastic depth keeps."""

import math

MASK = (1 << 64) - 1
GAP = 0x9E3779B97F4A7C15


def mix(z: int) -> int:
    """SplitMix64's finalizer."""
    z &= MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def key(seed: int, purpose: str, name: str) -> int:
    """The key of a stream: FNV-1a over the words, mixed with the seed."""
    state = 0xCBF29CE484222325
    for byte in purpose.encode() + b"\xff" + name.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    return mix(state ^ mix(seed + GAP))


def kept_samples(count: int, rate: float, number: int, step: int, seed: int = 0) -> list[bool]:
    """Whether each sample of a batch keeps the output of a sublayer, the `number`-th that draws in this step."""
    own = mix(key(seed, "dropout", str(step)) + ((1 << 32) + number) * GAP)
    least = math.ceil(rate * 2**24)
    return [mix(own + sample * GAP) >> 40 >= least for sample in range(count)]
