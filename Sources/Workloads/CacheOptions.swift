// The options that every workload with a KV cache has.

import Config
import Tensors

extension Section {
  /// The `cache` option of workloads with a KV cache.
  func cacheType() -> CacheType {
    let word = read(
      "cache",
      .choice(of: [
        Choice("f32", "32-bit floats, exact"),
        Choice("bf16", "bfloat16: half the bytes"),
        Choice("q8", "blocks of 32 int8 numbers with one fp16 scale: 8.5 bits a number"),
      ]), default: "f32", "how keys and values are kept")
    return CacheType(rawValue: word) ?? .f32
  }
  /// The `buffer` option: whether layers with a window forget what lies before it.
  func rollingBuffer() -> Bool {
    read(
      "buffer",
      .choice(of: [
        Choice("full", "room for every token"),
        Choice("rolling", "layers with a window keep window + chunk - 1 tokens, as a ring"),
      ]), default: "full", "how much of the past is kept") == "rolling"
  }
}
