"""The three products of a linear layer, y = x W^T: forward NT; backward dx = dy W (NN) and dW = dy^T x (TN)."""

from serve import repeated


def linear(product):
    """Forward and backward of a layer as calls.

    - product: makes a call of (m, n, k, a_transposed, b_transposed): c [m, n] = op(a) op(b).
    """

    def layer(rows, inputs, outputs):
        forward = product(rows, outputs, inputs, False, True)
        to_input = product(rows, inputs, outputs, False, False)
        to_weight = product(outputs, inputs, rows, True, False)

        def backward():
            to_input()
            to_weight()

        return forward, backward

    return layer


def measure(request, layer):
    """The seconds of each layer of a request, by what the driver calls them."""
    figures = {}
    for inputs, outputs in request["layers"]:
        forward, backward = layer(request["rows"], inputs, outputs)
        figures[f"{inputs} to {outputs}, forward"] = repeated(forward, request["seconds"] / 3, warm=2)
        figures[f"{inputs} to {outputs}, backward"] = repeated(backward, request["seconds"] * 2 / 3, warm=2)
    return figures
