"""Matrix products in PyTorch: torch.mm, which takes what library it was built with."""

import torch
from products import linear, measure
from serve import THREADS, serve

torch.set_num_threads(THREADS)


def answer(request):
    kind = torch.bfloat16 if request["precision"] == "bf16" else torch.float32

    def matrix(rows, columns):
        return torch.randn(rows, columns, dtype=kind)

    def product(c, a, b, a_transposed, b_transposed):
        a, b = a.t() if a_transposed else a, b.t() if b_transposed else b
        return lambda: torch.mm(a, b, out=c)

    return measure(request, linear(matrix, product, torch.Tensor.copy_)) | {"version": torch.__version__}


serve(answer)
