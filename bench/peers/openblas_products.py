"""Matrix products by OpenBLAS, of the wheel that scipy is built with: cblas_sgemm."""

import ctypes

import numpy
import scipy_openblas32
from products import linear, measure
from serve import THREADS, serve

library = ctypes.CDLL(f"{scipy_openblas32.get_lib_dir()}/libscipy_openblas.so")
library.scipy_openblas_set_num_threads(THREADS)
for text in (library.scipy_openblas_get_config, library.scipy_openblas_get_corename):
    text.restype = ctypes.c_char_p
ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
generator = numpy.random.default_rng(0)


def matrix(rows, columns):
    return generator.standard_normal((rows, columns), dtype=numpy.float32)


def product(c, a, b, a_transposed, b_transposed):
    (m, n), k = c.shape, a.shape[0 if a_transposed else 1]

    def call():
        library.scipy_cblas_sgemm(
            ROW_MAJOR, TRANSPOSED if a_transposed else PLAIN, TRANSPOSED if b_transposed else PLAIN, m, n, k,
            ctypes.c_float(1), ctypes.c_void_p(a.ctypes.data), a.shape[1], ctypes.c_void_p(b.ctypes.data), b.shape[1],
            ctypes.c_float(0), ctypes.c_void_p(c.ctypes.data), n)

    return call


def answer(request):
    version = library.scipy_openblas_get_config().decode().split()[1]
    core = library.scipy_openblas_get_corename().decode()
    return measure(request, linear(matrix, product, numpy.copyto)) | {"version": f"{version}, {core} kernels"}


serve(answer)
