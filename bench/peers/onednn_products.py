"""Matrix products by oneDNN: its matmul primitive, made once for each size, through the C interface."""

import ctypes
import sys
from pathlib import Path

import numpy
from products import linear, measure
from serve import serve

library = ctypes.CDLL(str(Path(sys.prefix, "lib", "libdnnl.so.3")))
CPU, IN_ORDER = 1, 1
TYPES = {"bf16": (2, numpy.uint16), "f32": (3, numpy.float32)}
SOURCE, WEIGHTS, DESTINATION = 1, 33, 17
generator = numpy.random.default_rng(0)


class Argument(ctypes.Structure):
    _fields_ = [("what", ctypes.c_int), ("memory", ctypes.c_void_p)]


def made(function, *arguments):
    """What one of the functions makes whose first argument is where it goes."""
    handle = ctypes.c_void_p()
    status = getattr(library, f"dnnl_{function}")(ctypes.byref(handle), *arguments)
    if status != 0:
        raise RuntimeError(f"dnnl_{function} gives the status {status}")
    return handle


engine = made("engine_create", CPU, ctypes.c_size_t(0))
stream = made("stream_create", engine, IN_ORDER)


def description(rows, columns, kind, transposed):
    """Of a matrix [rows, columns], which lies in memory as [columns, rows] where it is transposed."""
    pair = ctypes.c_int64 * 2
    strides = pair(1, rows) if transposed else pair(columns, 1)
    return made("memory_desc_create_with_strides", 2, pair(rows, columns), kind, strides)


def values(rows, columns, kind):
    """Random numbers; of bf16 the upper halves of f32's."""
    numbers = generator.standard_normal((rows, columns), dtype=numpy.float32)
    return numbers if kind is numpy.float32 else (numbers.view(numpy.uint32) >> 16).astype(numpy.uint16)


def answer(request):
    number, kind = TYPES[request["precision"]]

    def matrix(rows, columns):
        return values(rows, columns, kind)

    def product(c, a, b, a_transposed, b_transposed):
        (m, n), k = c.shape, a.shape[0 if a_transposed else 1]
        descriptions = [description(m, k, number, a_transposed), description(k, n, number, b_transposed),
                        description(m, n, number, False)]
        source, weights, destination = descriptions
        primitive = made(
            "primitive_create",
            made("matmul_primitive_desc_create", engine, source, weights, None, destination, None))
        memories = [made("memory_create", one, engine, ctypes.c_void_p(array.ctypes.data))
                    for one, array in zip(descriptions, (a, b, c))]
        arguments = (Argument * 3)(*(
            Argument(what, memory.value) for what, memory in zip((SOURCE, WEIGHTS, DESTINATION), memories)))

        def call(_keep=(a, b, c)):
            if library.dnnl_primitive_execute(primitive, stream, 3, arguments) or library.dnnl_stream_wait(stream):
                raise RuntimeError("oneDNN could not run a product")

        return call

    figures = measure(request, linear(matrix, product, numpy.copyto))
    version = library.dnnl_version
    version.restype = ctypes.POINTER(ctypes.c_int * 3)
    return figures | {"version": ".".join(map(str, version().contents))}


serve(answer)
