"""A Llama in llama.cpp, of a file or with random weights: the prompt beyond a depth, then token by token."""

import ctypes
import os
import random
import tempfile
import time

import gguf
import llama_cpp
import numpy
from serve import THREADS, serve

CACHES = {"f16": llama_cpp.GGML_TYPE_F16, "q8": llama_cpp.GGML_TYPE_Q8_0, "f32": llama_cpp.GGML_TYPE_F32}
WEIGHTS = {"f32": llama_cpp.LLAMA_FTYPE_ALL_F32, "f16": llama_cpp.LLAMA_FTYPE_MOSTLY_F16,
           "q8": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0}
CHUNK = 512
generator = numpy.random.default_rng(0)
models = {}  # the last one, by what was asked for
contexts = {}  # of it, by the type of the cache


def write(path, shape, tokens):
    """The model as a GGUF file with f32 weights and no vocabulary but its size."""
    writer = gguf.GGUFWriter(path, "llama")
    width, heads, kv_heads, hidden = (shape[key] for key in ("width", "heads", "kv_heads", "hidden"))
    writer.add_block_count(shape["layers"])
    writer.add_context_length(tokens)
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


def load(request):
    """A model in memory with weights of a type; files that were written for it are gone again."""
    with tempfile.TemporaryDirectory() as folder:
        source, path = request.get("file"), os.path.join(folder, "model.gguf")
        if not source:
            source = os.path.join(folder, "f32.gguf")
            write(source, request["shape"], request["tokens"])
        how = llama_cpp.llama_model_quantize_default_params()
        how.ftype, how.nthread, how.allow_requantize = WEIGHTS[request["weights"]], THREADS, True
        if llama_cpp.llama_model_quantize(source.encode(), path.encode(), ctypes.byref(how)) != 0:
            raise RuntimeError(f"llama.cpp makes no weights in {request['weights']}")
        parameters = llama_cpp.llama_model_default_params()
        parameters.use_mmap = False
        model = llama_cpp.llama_model_load_from_file(path.encode(), parameters)
    if not model:
        raise RuntimeError("llama.cpp cannot load the model")
    return model


def forget():
    """Frees the model and its contexts."""
    for context in contexts.values():
        llama_cpp.llama_free(context)
    for model in models.values():
        llama_cpp.llama_model_free(model)
    contexts.clear()
    models.clear()


def context_of(model, cache, tokens):
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = tokens
    parameters.n_batch = parameters.n_ubatch = CHUNK
    parameters.n_threads = parameters.n_threads_batch = THREADS
    parameters.type_k = parameters.type_v = CACHES[cache]
    parameters.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
    context = llama_cpp.llama_init_from_model(model, parameters)
    if not context:
        raise RuntimeError("llama.cpp gives no context")
    return context


def answer(request):
    name = str([request.get(key) for key in ("file", "shape", "weights")])
    if name not in models:
        forget()
        models[name] = load(request)
    model, cache, depth = models[name], request["cache"], request["depth"]
    if cache not in contexts:
        contexts[cache] = context_of(model, cache, request["tokens"])
    context = contexts[cache]
    memory = llama_cpp.llama_get_memory(context)
    vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    draw = random.Random(0)

    def read(count, chunk):
        for start in range(0, count, chunk):
            some = min(chunk, count - start)
            tokens = (llama_cpp.llama_token * some)(*(draw.randrange(vocabulary) for _ in range(some)))
            if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, some)) != 0:
                raise RuntimeError("llama.cpp cannot decode")
            llama_cpp.llama_synchronize(context)

    def seconds(count, chunk):
        start = time.perf_counter()
        read(count, chunk)
        return time.perf_counter() - start

    # What an earlier round has read stays, but for what comes after the depth.
    if not llama_cpp.llama_memory_seq_rm(memory, 0, depth, -1):
        raise RuntimeError("llama.cpp does not forget")
    read(depth - 1 - llama_cpp.llama_memory_seq_pos_max(memory, 0), CHUNK)
    prefill = seconds(request["prompt"], CHUNK)
    steps = sorted(seconds(1, 1) for _ in range(request["decode"]))
    return {"prefill": prefill, "decode": steps[len(steps) // 2], "version": llama_cpp.__version__}


llama_cpp.llama_backend_init()
serve(answer)
