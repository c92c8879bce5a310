"""The three products of a linear layer, y = x W^T: forward NT; backward dx = dy W (NN) and dW = dy^T x (TN)."""

from serve import in_turn


def linear(matrix, product, copy):
    """Forward and backward of a layer as calls, on matrices that they share as a training step's do.

    - matrix: makes one of random numbers, of so many rows and columns.
    - product: makes the call c = op(a) op(b) of (c, a, b, a_transposed, b_transposed).
    - copy: writes a matrix's numbers over another's.
    """

    def layer(rows, inputs, outputs):
        x, weight, y = matrix(rows, inputs), matrix(outputs, inputs), matrix(rows, outputs)
        dx, dweight, dy, numbers = (matrix(*size) for size in (
            (rows, inputs), (outputs, inputs), (rows, outputs), (rows, outputs)))
        forward = product(y, x, weight, False, True)
        to_input = product(dx, dy, weight, False, False)
        to_weight = product(dweight, dy, x, True, False)

        def backward():
            to_weight()
            to_input()

        # As `runexp kernels --bench` does it, and in its order: the gradient that comes in was written just before.
        return forward, lambda: copy(dy, numbers), backward

    return layer


def measure(request, layer):
    """The seconds of the layers of a request, by what the driver calls them."""
    figures = {}
    for name, sizes in request["layers"].items():
        forward, _, backward = in_turn(layer(*sizes), request["seconds"], warm=2)
        figures |= {f"{name}, forward": forward, f"{name}, backward": backward}
    return figures
