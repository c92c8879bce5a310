"""A Llama in transformers, as it is called there: the prompt beyond a depth, then token by token."""

import os
import random
import time

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from serve import THREADS, serve

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
CHUNK = 512
torch.set_num_threads(THREADS)
transformers.utils.logging.set_verbosity_error()
kept = {}  # the last model, with its cache


def load(request):
    kind = TYPES[request["weights"]]
    if file := request.get("file"):
        folder, name = os.path.split(file)
        return transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=kind)
    shape = request["shape"]
    torch.manual_seed(0)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=shape["vocabulary"], hidden_size=shape["width"], intermediate_size=shape["hidden"],
        num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"],
        num_key_value_heads=shape["kv_heads"], max_position_embeddings=request["tokens"])).to(kind)


@torch.inference_mode()
def read(model, cache, count, chunk):
    draw = random.Random(0)
    for start in range(0, count, chunk):
        some = min(chunk, count - start)
        tokens = torch.tensor([[draw.randrange(model.config.vocab_size) for _ in range(some)]])
        model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)


def answer(request):
    name = str([request.get(key) for key in ("file", "shape", "weights")])
    if name not in kept:
        kept.clear()
        kept[name] = (load(request).eval(), transformers.DynamicCache())
    model, cache = kept[name]
    # What an earlier round has read stays, but for what comes after the depth.
    length, depth = cache.get_seq_length(), request["depth"]
    if length > depth:
        cache.crop(depth - length)
    else:
        read(model, cache, depth - length, CHUNK)

    def seconds(count, chunk):
        start = time.perf_counter()
        read(model, cache, count, chunk)
        return time.perf_counter() - start

    prefill = seconds(request["prompt"], CHUNK)
    steps = sorted(seconds(1, 1) for _ in range(request["decode"]))
    return {"prefill": prefill, "decode": steps[len(steps) // 2], "version": transformers.__version__}


serve(answer)
