"""The tiny models of make_family_fixtures.py: families of Hugging Face models, and what varies within them.

Heads and key/value heads differ, heads x head size is not the width where the family allows it, windows are shorter
than the text, layers are as many as it takes for their pattern to show.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Model:
    kind: str  # `model_type` of config.json
    options: dict
    prompt: int = 28  # tokens
    # Options laid over these: each must change the logits, so that no option of the model is idle.
    live: list = field(default_factory=list)
    prefix: str = ""  # taken off the names of the tensors
    # Whether keys keep the rotation that they got when they came, so that a cache changes what follows.
    remembers: bool = False


SIZES = dict(
    vocab_size=64, hidden_size=32, intermediate_size=44, num_hidden_layers=4, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
LLAMA = SIZES | dict(rms_norm_eps=1e-5)
WIDE = LLAMA | dict(hidden_size=64, num_hidden_layers=2)  # heads of 16, for scalings with room for a ramp


def rope(base: float, kind: str = "default", **options) -> dict:
    return dict(rope_parameters=dict(rope_theta=base, rope_type=kind, **options))


def yarn(**options) -> dict:
    return rope(100.0, "yarn", factor=4.0, original_max_position_embeddings=32, **options)


def llama3(factor: float) -> dict:
    return rope(
        500000.0, "llama3", factor=factor, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=48,
    )


def longrope(pairs: int, original: int, **options) -> dict:
    """Factors that differ from pair to pair, for a model of 4 times the original length or more."""
    short = [1.0 + 0.25 * pair for pair in range(pairs)]
    long = [1.5 + 1.75 * pair for pair in range(pairs)]
    return dict(
        rope(10000.0, "longrope", short_factor=short, long_factor=long, **options),
        original_max_position_embeddings=original,
    )


QWEN = SIZES | dict(intermediate_size=52, rms_norm_eps=1e-6)
WINDOWED = dict(use_sliding_window=True, sliding_window=10, max_window_layers=2)
GEMMA = SIZES | dict(head_dim=12, rms_norm_eps=1e-6)
GEMMA2 = GEMMA | dict(
    sliding_window=6, query_pre_attn_scalar=20, attn_logit_softcapping=2.0, final_logit_softcapping=5.0,
)
GEMMA3 = GEMMA | dict(num_hidden_layers=7, sliding_window=6, query_pre_attn_scalar=20)
GEMMA3_ROPE = dict(rope_parameters=dict(
    sliding_attention=dict(rope_type="default", rope_theta=100.0),
    full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1000000.0),
))
PHI3 = SIZES | dict(rms_norm_eps=1e-5, original_max_position_embeddings=128)
PHI4 = PHI3 | dict(
    hidden_size=48, num_attention_heads=3, num_key_value_heads=1, partial_rotary_factor=0.75, tie_word_embeddings=True,
)
GPT2 = dict(
    vocab_size=64, n_embd=32, n_layer=3, n_head=4, n_positions=96, bos_token_id=1, eos_token_id=2,
)
OLMO = SIZES | dict(intermediate_size=52)
NEOX = dict(
    vocab_size=64, hidden_size=48, intermediate_size=60, num_hidden_layers=3, num_attention_heads=3,
    max_position_embeddings=128, bos_token_id=0, eos_token_id=0,
)

MODELS = {
    "llama2": Model("llama", LLAMA | dict(num_key_value_heads=4)),
    "llama3": Model("llama", WIDE | llama3(8.0), live=[rope(500000.0), rope(10000.0)]),
    "llama3-tied": Model(
        "llama", LLAMA | llama3(32.0) | dict(head_dim=12, tie_word_embeddings=True), live=[rope(500000.0)],
    ),
    "llama-biases": Model(
        "llama", LLAMA | dict(num_key_value_heads=1, head_dim=12, attention_bias=True, mlp_bias=True),
        live=[dict(attention_bias=False), dict(mlp_bias=False)],
    ),
    "llama-linear": Model("llama", LLAMA | rope(10000.0, "linear", factor=4.0), live=[rope(10000.0)]),
    # No longer than `max_position_embeddings`, where nothing is scaled, and longer.
    "llama-dynamic": Model("llama", LLAMA | rope(10000.0, "dynamic", factor=3.0)),
    "llama-dynamic-long": Model(
        "llama", LLAMA | rope(10000.0, "dynamic", factor=3.0) | dict(max_position_embeddings=16),
        prompt=40, live=[rope(10000.0)], remembers=True,
    ),
    "llama-yarn": Model("llama", WIDE | yarn(), live=[rope(100.0)]),
    "llama-yarn-mscale": Model(
        "llama", WIDE | yarn(mscale=4.0, mscale_all_dim=0.5), live=[yarn(), yarn(mscale=4.0)],
    ),
    "llama-yarn-untruncated": Model(
        "llama", WIDE | yarn(truncate=False, beta_fast=4.0, beta_slow=0.5),
        live=[yarn(beta_fast=4.0, beta_slow=0.5), yarn(truncate=False)],
    ),
    "llama-yarn-factor": Model("llama", WIDE | yarn(attention_factor=1.4), live=[yarn()]),
    # With the keys that the published files have besides.
    "smollm2": Model("llama", LLAMA | rope(100000.0) | dict(
        hidden_size=36, num_attention_heads=3, num_key_value_heads=1, tie_word_embeddings=True,
        is_llama_config=True, rope_interleaved=False,
    )),
    "mistral": Model("mistral", LLAMA | dict(sliding_window=8), live=[dict(sliding_window=None)]),
    "mistral-full": Model("mistral", LLAMA | rope(1000000.0) | dict(head_dim=12, sliding_window=None)),
    "qwen2": Model("qwen2", QWEN | rope(1000000.0) | dict(tie_word_embeddings=True)),
    "qwen2-window": Model(
        "qwen2", QWEN | WINDOWED | rope(1000000.0),
        live=[dict(use_sliding_window=False), dict(max_window_layers=1)],
    ),
    "qwen3": Model("qwen3", QWEN | rope(1000000.0) | dict(head_dim=12, tie_word_embeddings=True)),
    # An epsilon large enough to be seen in the norms of queries and keys too, and a pattern of no rule.
    "qwen3-window": Model(
        "qwen3", QWEN | rope(1000000.0) | WINDOWED | dict(
            head_dim=12, attention_bias=True, rms_norm_eps=0.01,
            layer_types=["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
        ), live=[dict(attention_bias=False), dict(sliding_window=20)],
    ),
    "gemma": Model("gemma", GEMMA | dict(num_key_value_heads=1)),
    "gemma-untied": Model(
        "gemma", GEMMA | dict(tie_word_embeddings=False, attention_bias=True), live=[dict(attention_bias=False)],
    ),
    "gemma2": Model("gemma2", GEMMA2, live=[
        dict(sliding_window=64), dict(query_pre_attn_scalar=12), dict(attn_logit_softcapping=None),
        dict(final_logit_softcapping=None), dict(layer_types=["full_attention", "sliding_attention"] * 2),
    ]),
    "gemma3": Model("gemma3_text", GEMMA3 | GEMMA3_ROPE, live=[
        dict(sliding_window=64), dict(query_pre_attn_scalar=12), dict(rope_parameters=None),
        dict(layer_types=["sliding_attention"] * 6 + ["full_attention"]),
    ]),
    "gemma3-pattern": Model(
        "gemma3_text", GEMMA3 | dict(
            num_hidden_layers=5, sliding_window_pattern=3, tie_word_embeddings=False, final_logit_softcapping=5.0,
        ), live=[dict(sliding_window_pattern=2), dict(final_logit_softcapping=None)],
    ),
    "phi3": Model("phi3", PHI3 | dict(sliding_window=9), live=[dict(sliding_window=None)]),
    # Prompts that stay below the original length, pass it while generating, and begin above it.
    "phi3-longrope": Model("phi3", PHI3 | longrope(4, 64) | dict(max_position_embeddings=256), live=[rope(10000.0)]),
    "phi3-longrope-crossing": Model(
        "phi3", PHI3 | longrope(4, 40) | dict(max_position_embeddings=160), live=[rope(10000.0)],
    ),
    "phi3-longrope-long": Model(
        "phi3", PHI3 | longrope(4, 24) | dict(max_position_embeddings=96), prompt=36, live=[rope(10000.0)],
    ),
    "phi3-longrope-factor": Model(
        "phi3", PHI3 | longrope(4, 24, attention_factor=1.5), prompt=36,
        live=[longrope(4, 24)],
    ),
    "phi4-mini": Model(
        "phi3", PHI4 | longrope(6, 64) | dict(max_position_embeddings=256), live=[rope(10000.0)],
    ),
    "phi4-mini-long": Model("phi3", PHI4 | longrope(6, 24), prompt=36, live=[rope(10000.0)]),
    "gpt2": Model("gpt2", GPT2 | dict(n_inner=56)),
    "gpt2-bare": Model("gpt2", GPT2, prefix="transformer."),
    "gpt2-gelu": Model(
        "gpt2", GPT2 | dict(activation_function="gelu", layer_norm_epsilon=0.01, tie_word_embeddings=False),
        live=[dict(layer_norm_epsilon=1e-5)],
    ),
    "olmo": Model("olmo", OLMO),
    "olmo-tied": Model("olmo", OLMO | dict(tie_word_embeddings=True, attention_bias=True)),
    "olmo2": Model("olmo2", OLMO | rope(500000.0) | dict(rms_norm_eps=1e-6)),
    "olmo2-biases": Model(
        "olmo2", OLMO | dict(rms_norm_eps=0.01, attention_bias=True, tie_word_embeddings=True, num_key_value_heads=1),
        live=[dict(attention_bias=False), dict(rms_norm_eps=1e-5)],
    ),
    "pythia": Model(
        "gpt_neox", NEOX, live=[dict(use_parallel_residual=False), rope(100.0, partial_rotary_factor=0.25)],
    ),
    "pythia-sequential": Model(
        "gpt_neox", NEOX | rope(100.0, "linear", factor=2.0, partial_rotary_factor=0.5) | dict(
            use_parallel_residual=False, layer_norm_eps=0.01, tie_word_embeddings=True,
        ), live=[
            dict(use_parallel_residual=True), rope(100.0, partial_rotary_factor=0.5), dict(layer_norm_eps=1e-5),
            rope(100.0, "linear", factor=2.0, partial_rotary_factor=0.25),
        ],
    ),
    "smollm3": Model(
        "smollm3", SIZES | dict(num_hidden_layers=5, rms_norm_eps=1e-6), live=[dict(no_rope_layer_interval=3)],
    ),
    "smollm3-layers": Model(
        "smollm3", SIZES | rope(10000.0) | dict(
            no_rope_layers=[0, 1, 1, 0], tie_word_embeddings=False, attention_bias=True, mlp_bias=True,
        ), live=[dict(no_rope_layers=[1, 1, 1, 0])],
    ),
    "granite": Model(
        "granite", LLAMA | dict(
            embedding_multiplier=3.0, attention_multiplier=0.5, residual_multiplier=0.4, logits_scaling=1.5,
        ), live=[
            dict(embedding_multiplier=1.0), dict(attention_multiplier=0.25), dict(residual_multiplier=1.0),
            dict(logits_scaling=1.0),
        ],
    ),
}
