"""The plugin's table of kernels, called from Python: structs as in kernels.h and attention_calls.h of ABI version 10.

A sized mirror, not a binding: what is not timed here is not in it. `Plugin` refuses a library whose table has another
size, so a change of the header shows.
"""
import ctypes as c
import math

ABI = 10
TABLE_BYTES = 592
F32, BF16 = 0, 1
Q8_BLOCK = 32


class Gradient(c.Structure):
    _fields_ = [("data", c.c_void_p), ("accumulate", c.c_bool)]


class RowLayout(c.Structure):
    _fields_ = [(name, c.c_int64) for name in ("batch_rows", "head_rows", "slot_rows", "slots", "first_slot")]
    _fields_ += [("type", c.c_int32)]


class Mask(c.Structure):
    _fields_ = [("keep", c.c_void_p), ("bias", c.c_void_p)]
    _fields_ += [(kind + name, c.c_int64) for kind in ("keep_", "bias_") for name in ("batch", "head", "query")]


class Attention(c.Structure):
    _fields_ = [("slopes", c.c_void_p), ("mask", Mask), ("k_scales", c.c_void_p), ("v_scales", c.c_void_p)]
    _fields_ += [(name, c.c_int64) for name in (
        "batch", "queries", "keys", "heads", "kv_heads", "head_dim", "offset", "window")]
    _fields_ += [
        ("rows", RowLayout), ("scale", c.c_float), ("softcap", c.c_float), ("causal", c.c_bool), ("type", c.c_int32),
    ]


class Forward(c.Structure):
    _fields_ = [(name, c.c_void_p) for name in ("out", "saved", "max_logit", "q", "k", "v")]
    _fields_ += [("shape", Attention), ("workspace", c.c_void_p)]


class Backward(c.Structure):
    _fields_ = [(name, Gradient) for name in ("dq", "dk", "dv")]
    _fields_ += [(name, c.c_void_p) for name in ("dout", "q", "k", "v", "out", "saved")]
    _fields_ += [("shape", Attention), ("workspace", c.c_void_p)]


class Epilogue(c.Structure):
    _fields_ = [("kept", c.c_void_p), ("dup", Gradient)]
    _fields_ += [(name, c.c_void_p) for name in ("gate", "up", "residual")]
    _fields_ += [("kind", c.c_int32), ("activation", c.c_int32)]


class Gemm(c.Structure):
    _fields_ = [(name, c.c_void_p) for name in ("c", "a", "b", "packed_b", "bias")]
    _fields_ += [(name, c.c_int64) for name in ("m", "n", "k")]
    _fields_ += [(name, c.c_bool) for name in ("a_transposed", "b_transposed", "accumulate")]
    _fields_ += [(name, c.c_int32) for name in ("c_type", "a_type", "b_type", "compute")]
    _fields_ += [("epilogue", Epilogue), ("workspace", c.c_void_p)]


class Options(c.Structure):
    _fields_ = [("threads", c.c_int64), ("ordinal", c.c_int64)]


class Memory(c.Structure):
    _fields_ = [("free", c.c_int64), ("total", c.c_int64)]


def function(result, *arguments):
    return c.CFUNCTYPE(result, *arguments)


P, N = c.c_void_p, c.c_int64


class AttentionKernel(c.Structure):
    _fields_ = [
        ("supports", function(c.c_bool, P, c.POINTER(Attention), c.c_bool, c.c_char_p, N)),
        ("saved_floats", function(N, c.POINTER(Attention))),
        ("workspace", function(N, P, c.POINTER(Attention), c.c_bool)),
        ("forward", function(None, P, c.POINTER(Forward))),
        ("backward", function(None, P, c.POINTER(Backward))),
    ]


class Kernels(c.Structure):
    """As far as it is used: the rest of the table follows."""

    _fields_ = [
        ("abi", N), ("size", N), ("name", c.c_char_p), ("count", function(N)),
        ("create", function(P, c.POINTER(Options), c.c_char_p, N)), ("destroy", function(None, P)),
        ("describe", function(None, P, c.c_char_p, N)), ("threads", function(N, P)),
        ("memory", function(Memory, P)), ("measure_peak", function(c.c_double, P, c.c_int32)),
        ("measure_bandwidth", function(c.c_double, P)), ("error", function(c.c_char_p, P)),
        ("allocate", function(P, P, N)), ("release", function(None, P, P, N)),
        ("allocate_host", function(P, P, N)), ("release_host", function(None, P, P, N)),
        ("upload", function(c.c_bool, P, P, P, N)), ("download", function(c.c_bool, P, P, P, N)),
        ("copy", function(c.c_bool, P, P, P, N)), ("zero", function(c.c_bool, P, P, N)),
        ("synchronise", function(c.c_bool, P)),
        ("create_event", function(P, P)), ("destroy_event", function(None, P, P)),
        ("record_event", function(c.c_bool, P, P)), ("elapsed", function(c.c_double, P, P, P)),
        ("begin_capture", P), ("end_capture", P), ("replay", P), ("release_graph", P),
        ("naive", c.POINTER(AttentionKernel)), ("flash1", c.POINTER(AttentionKernel)),
        ("flash2", c.POINTER(AttentionKernel)), ("flash3", c.POINTER(AttentionKernel)),
        ("flash3_fp8", c.POINTER(AttentionKernel)),
        ("supports_gemm", function(c.c_bool, P, c.POINTER(Gemm), c.c_char_p, N)),
        ("gemm_packed_bytes", P), ("gemm_pack", P), ("gemm_group", P), ("gemm_group_workspace", P),
        ("gemm", function(None, P, c.POINTER(Gemm))),
        ("gemm_workspace", function(N, P, c.POINTER(Gemm))),
    ]


class Plugin:
    """A context of the plugin on one device."""

    def __init__(self, path, ordinal=0):
        entry = c.CDLL(path).runexp_kernels
        entry.restype, entry.argtypes = c.POINTER(Kernels), [N]
        found = entry(ABI)
        if not found:
            raise RuntimeError(f"'{path}' has no kernels of ABI version {ABI}")
        self.table = found.contents
        if self.table.size != TABLE_BYTES:
            raise RuntimeError(f"'{path}' has a table of {self.table.size} bytes, not {TABLE_BYTES}")
        reason = c.create_string_buffer(256)
        self.context = self.table.create(c.byref(Options(1, ordinal)), reason, len(reason))
        if not self.context:
            raise RuntimeError(f"{reason.value.decode()}")

    def describe(self):
        text = c.create_string_buffer(256)
        self.table.describe(self.context, text, len(text))
        return text.value.decode()

    def check(self):
        """Waits, and raises the device's own sentence where something failed."""
        if not self.table.synchronise(self.context):
            raise RuntimeError(f"{self.table.error(self.context).decode()}")

    def time(self, run, before=None):
        """Seconds of what `run` enqueues behind `before`, by the device's events."""
        table, context = self.table, self.context
        events = [table.create_event(context) for _ in range(2)]
        if before:
            before()
        table.record_event(context, events[0])
        run()
        table.record_event(context, events[1])
        seconds = table.elapsed(context, *events)
        for event in events:
            table.destroy_event(context, event)
        if math.isnan(seconds):
            self.check()
        return seconds
