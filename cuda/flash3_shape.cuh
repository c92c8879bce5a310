// FlashAttention-3: how its blocks share out an attention, and the parts of it that differ from
// what attention.cuh has for all.
#ifndef RUNEXP_FLASH3_SHAPE_CUH
#define RUNEXP_FLASH3_SHAPE_CUH

#include "attention.cuh"
#include "ptx_hopper.cuh"

namespace plugin::flash3 {

/// Whether some query may be kept from a key that there is.
inline bool is_masked(const attention &s) { return s.causal || s.window > 0; }

/// A capped logit of a product q . k, and the softcap's slope there.
__device__ __forceinline__ float capped_logit(const attention_view &a, float product,
                                              float &slope) {
  // tanh x = 1 - 2 / (e^2x + 1): right to a few units of f32's precision at 1, which is what
  // matters once it is multiplied by the cap.
  float power = ex2_approx_ftz(product * (2 * log2_e * a.factor));
  float capped = 1 - __fdividef(2.0f, power + 1);
  slope = 1 - capped * capped;
  return capped * a.cap;
}

/// Which part of an attention a block computes. Blocks of some heads whose keys and values fit in
/// the L2 cache together follow one another, and of a head those with the most keys under a causal
/// mask come first.
struct block_place {
  int tile, head, batch;

  __device__ __forceinline__ block_place(int block, int tiles, int heads, int batches,
                                         int heads_at_once) {
    int planes = heads * batches, section = block / (heads_at_once * tiles);
    int rest = block - section * heads_at_once * tiles, first = section * heads_at_once;
    int here = planes - first < heads_at_once ? planes - first : heads_at_once;
    int plane = first + rest % here;
    tile = tiles - 1 - rest / here;
    batch = plane / heads;
    head = plane % heads;
  }
};

/// How many heads that is, for so many bytes a head.
inline int heads_at_once(int64_t bytes) {
  constexpr int64_t cache = 32 << 20; // of an H100's 50 MiB
  int64_t heads = cache / (bytes > 0 ? bytes : 1);
  return static_cast<int>(heads < 1 ? 1 : heads > 4096 ? 4096 : heads);
}

/// The tiles that hold what is `seen`, in turn.
struct walk {
  int first_tile, size; // of a tile
  uint32_t count;

  __device__ __forceinline__ walk(range seen, int size)
      : first_tile(seen.begin / size), size(size) {
    int tiles = (seen.end + size - 1) / size - first_tile;
    count = static_cast<uint32_t>(seen.is_empty() ? 0 : tiles);
  }
  /// Where a turn's tile begins.
  __device__ __forceinline__ int first(uint32_t turn) const {
    return (first_tile + static_cast<int>(turn)) * size;
  }
};

/// Calls `work` with constants: the head_dim, and a flag.
template <typename Work> void with_head_dim(const attention &s, bool flag, const Work &work) {
  auto with = [&](auto head_dim) {
    if (flag)
      work(head_dim, std::true_type());
    else
      work(head_dim, std::false_type());
  };
  if (s.head_dim == 64)
    with(std::integral_constant<int, 64>());
  else if (s.head_dim == 128)
    with(std::integral_constant<int, 128>());
  else
    with(std::integral_constant<int, 256>());
}

} // namespace plugin::flash3

#endif
