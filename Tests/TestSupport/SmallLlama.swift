// SmallLlama: a model of one layer as another program leaves it, in words that need no module: what
// its folder says of it, and which tensors it has.

/// A Llama of 8 features and 11 tokens, whose two heads share their keys.
package enum SmallLlama {
  /// Its `config.json`: keys of the architecture, and such as change nothing.
  package static let config = """
    {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 8,
     "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
     "intermediate_size": 12, "vocab_size": 11, "rms_norm_eps": 1e-05, "hidden_act": "silu",
     "max_position_embeddings": 64, "tie_word_embeddings": true, "attention_bias": false,
     "rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 4.0,
       "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16},
     "torch_dtype": "float32", "use_cache": true, "_name_or_path": "somewhere"}
    """

  /// Its tensors, in the order of the file.
  package static let tensors: [(name: String, shape: [Int])] = [
    ("model.embed_tokens.weight", [11, 8]), ("model.layers.0.input_layernorm.weight", [8]),
    ("model.layers.0.self_attn.q_proj.weight", [8, 8]),
    ("model.layers.0.self_attn.k_proj.weight", [4, 8]),
    ("model.layers.0.self_attn.v_proj.weight", [4, 8]),
    ("model.layers.0.self_attn.o_proj.weight", [8, 8]),
    ("model.layers.0.post_attention_layernorm.weight", [8]),
    ("model.layers.0.mlp.gate_proj.weight", [12, 8]),
    ("model.layers.0.mlp.up_proj.weight", [12, 8]),
    ("model.layers.0.mlp.down_proj.weight", [8, 12]), ("model.norm.weight", [8]),
  ]
}
