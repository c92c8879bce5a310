"""A Llama-shaped model with random weights in llama.cpp: the prompt beyond a depth, then token by token."""

import os
import random
import tempfile
import time

import gguf
import llama_cpp
import numpy
from serve import THREADS, serve

CACHES = {"f16": llama_cpp.GGML_TYPE_F16, "q8": llama_cpp.GGML_TYPE_Q8_0, "f32": llama_cpp.GGML_TYPE_F32}
CHUNK = 512
generator = numpy.random.default_rng(0)
models = {}  # the last one, by its shape


def write(path, shape):
    """The model as a GGUF file with f32 weights and no vocabulary but its size."""
    writer = gguf.GGUFWriter(path, "llama")
    width, heads, kv_heads, hidden = (shape[key] for key in ("width", "heads", "kv_heads", "hidden"))
    writer.add_block_count(shape["layers"])
    writer.add_context_length(shape["tokens"])
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(shape["vocabulary"])
    writer.add_tokenizer_model("no_vocab")

    def matrix(name, outputs, inputs):
        writer.add_tensor(name, 0.02 * generator.standard_normal((outputs, inputs), dtype=numpy.float32))

    def norm(name):
        writer.add_tensor(name, numpy.ones(width, dtype=numpy.float32))

    matrix("token_embd.weight", shape["vocabulary"], width)
    matrix("output.weight", shape["vocabulary"], width)
    norm("output_norm.weight")
    keys = kv_heads * width // heads
    for layer in range(shape["layers"]):
        for name, outputs, inputs in (
                ("attn_q", width, width), ("attn_k", keys, width), ("attn_v", keys, width),
                ("attn_output", width, width),
                ("ffn_gate", hidden, width), ("ffn_up", hidden, width), ("ffn_down", width, hidden)):
            matrix(f"blk.{layer}.{name}.weight", outputs, inputs)
        norm(f"blk.{layer}.attn_norm.weight")
        norm(f"blk.{layer}.ffn_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def load(shape):
    """A model in memory; its file is gone again."""
    file, path = tempfile.mkstemp(suffix=".gguf")
    os.close(file)
    try:
        write(path, shape)
        parameters = llama_cpp.llama_model_default_params()
        parameters.use_mmap = False
        model = llama_cpp.llama_model_load_from_file(path.encode(), parameters)
    finally:
        os.unlink(path)
    if not model:
        raise RuntimeError("llama.cpp cannot load the model")
    return model


def answer(request):
    shape = request["shape"]
    if str(shape) not in models:
        for model in models.values():
            llama_cpp.llama_model_free(model)
        models.clear()
        models[str(shape)] = load(shape)
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = shape["tokens"]
    parameters.n_batch = parameters.n_ubatch = CHUNK
    parameters.n_threads = parameters.n_threads_batch = THREADS
    parameters.type_k = parameters.type_v = CACHES[request["cache"]]
    parameters.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
    context = llama_cpp.llama_init_from_model(models[str(shape)], parameters)
    if not context:
        raise RuntimeError("llama.cpp gives no context")
    draw = random.Random(0)

    def read(count, chunk):
        for start in range(0, count, chunk):
            some = min(chunk, count - start)
            tokens = (llama_cpp.llama_token * some)(*(draw.randrange(shape["vocabulary"]) for _ in range(some)))
            if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, some)) != 0:
                raise RuntimeError("llama.cpp cannot decode")
            llama_cpp.llama_synchronize(context)

    def seconds(count, chunk):
        start = time.perf_counter()
        read(count, chunk)
        return time.perf_counter() - start

    try:
        read(request["depth"], CHUNK)
        prefill = seconds(request["prompt"], CHUNK)
        steps = sorted(seconds(1, 1) for _ in range(request["decode"]))
    finally:
        llama_cpp.llama_free(context)
    return {"prefill": prefill, "decode": steps[len(steps) // 2], "version": llama_cpp.__version__}


llama_cpp.llama_backend_init()
serve(answer)
