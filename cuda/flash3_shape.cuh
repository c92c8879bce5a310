// FlashAttention-3: what its kernels know of an attention, and which keys a query sees.
#ifndef RUNEXP_FLASH3_SHAPE_CUH
#define RUNEXP_FLASH3_SHAPE_CUH

#include "context.cuh"
#include "ptx_hopper.cuh"

namespace plugin {

constexpr float log2_e = 1.4426950408889634f, ln_2 = 0.6931471805599453f;

/// Neighbours of a run: [begin, end).
struct flash3_range {
  int begin, end;
};

struct flash3_shape {
  int batch, queries, keys, heads, kv_heads;
  float scale, softcap;
  float to_exponent; // from a product to twice the tanh's argument, in base 2
  bool causal;
  int64_t offset, window;

  flash3_shape(const attention &s)
      : batch(static_cast<int>(s.batch)), queries(static_cast<int>(s.queries)),
        keys(static_cast<int>(s.keys)), heads(static_cast<int>(s.heads)),
        kv_heads(static_cast<int>(s.kv_heads)), scale(s.scale), softcap(s.softcap),
        to_exponent(s.softcap > 0 ? 2 * log2_e * s.scale / s.softcap : 0), causal(s.causal),
        offset(s.offset), window(s.window) {}

  __host__ __device__ __forceinline__ int group() const { return heads / kv_heads; }

  /// Whether a query may be kept from some key. Else a mask is needed for the end alone.
  bool is_masked() const { return causal || window > 0; }

  /// Whether logits are anything but a positive multiple of the product.
  bool is_general() const { return softcap > 0 || !(scale > 0); }

  /// The keys that query i sees. Neither end falls from one query to the next.
  __host__ __device__ __forceinline__ flash3_range seen_keys(int i) const {
    int64_t position = i + offset, begin = 0, end = keys;
    if (window > 0) begin = position - window + 1;
    if (causal && position + 1 < end) end = position + 1;
    if (window > 0 && position + window < end) end = position + window;
    return {within(begin, keys), within(end, keys)};
  }

  /// The queries that see key j. Neither end falls from one key to the next.
  __host__ __device__ __forceinline__ flash3_range seeing_queries(int j) const {
    int64_t position = j - offset, begin = 0, end = queries;
    if (window > 0) begin = position - window + 1;
    if (causal && position > begin) begin = position;
    if (window > 0 && position + window < end) end = position + window;
    return {within(begin, queries), within(end, queries)};
  }

private:
  __host__ __device__ __forceinline__ static int within(int64_t place, int count) {
    return static_cast<int>(place < 0 ? 0 : place > count ? count : place);
  }
};

/// A capped logit in base 2 of a product q . k, and the softcap's slope there.
__device__ __forceinline__ float flash3_capped(const flash3_shape &s, float product, float &slope) {
  // tanh x = 1 - 2 / (e^2x + 1): right to a few units of f32's precision at 1, which is what
  // matters once it is multiplied by the cap.
  float power = ex2_approx_ftz(product * s.to_exponent);
  float capped = 1 - __fdividef(2.0f, power + 1);
  slope = 1 - capped * capped;
  return capped * (s.softcap * log2_e);
}

/// Any logit in base 2.
__device__ __forceinline__ float flash3_logit(const flash3_shape &s, float product, float &slope) {
  slope = 1;
  return s.softcap > 0 ? flash3_capped(s, product, slope) : product * (s.scale * log2_e);
}

/// Which part of an attention a block computes. Blocks of some heads whose keys and values fit in
/// the L2 cache together follow one another, and of a head those with the most keys under a causal
/// mask come first.
struct flash3_place {
  int tile, head, batch;

  __device__ __forceinline__ flash3_place(int block, int tiles, int heads, int batches,
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

/// The tiles of columns that some row of a block is seen with, and the block's first row.
struct flash3_walk {
  int first_row, first_tile, columns; // of a tile
  uint32_t count;

  /// A block has `rows` of `row_count` rows; `seen_of` gives the columns of one.
  template <typename Seen>
  __device__ __forceinline__ flash3_walk(int first_row, int rows, int row_count, int columns,
                                         const Seen &seen_of)
      : first_row(first_row), first_tile(seen_of(first_row).begin / columns), columns(columns) {
    int last = first_row + rows < row_count ? first_row + rows - 1 : row_count - 1;
    int end = seen_of(last).end, tiles = (end + columns - 1) / columns - first_tile;
    count = static_cast<uint32_t>(end == 0 || tiles < 0 ? 0 : tiles);
  }
  __device__ __forceinline__ int first_column(uint32_t turn) const {
    return (first_tile + static_cast<int>(turn)) * columns;
  }
};

/// How many heads that is, for so many bytes a head.
inline int flash3_heads_at_once(int64_t bytes) {
  constexpr int64_t cache = 32 << 20; // of an H100's 50 MiB
  int64_t heads = cache / (bytes > 0 ? bytes : 1);
  return static_cast<int>(heads < 1 ? 1 : heads > 4096 ? 4096 : heads);
}

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

} // namespace plugin

#endif
