"""Matrix products in PyTorch: torch.mm, which takes what library it was built with."""

import torch
from products import linear, measure
from serve import THREADS, serve

torch.set_num_threads(THREADS)


def answer(request):
    kind = torch.bfloat16 if request["precision"] == "bf16" else torch.float32

    def product(m, n, k, a_transposed, b_transposed):
        a = torch.randn(k, m, dtype=kind).t() if a_transposed else torch.randn(m, k, dtype=kind)
        b = torch.randn(n, k, dtype=kind).t() if b_transposed else torch.randn(k, n, dtype=kind)
        c = torch.empty(m, n, dtype=kind)
        return lambda: torch.mm(a, b, out=c)

    return measure(request, linear(product)) | {"version": torch.__version__}


serve(answer)
