// Tiles of bf16 operands in shared memory: where their elements are, how they come from global
// memory, and how the fragments of tensor cores are read from them.
#ifndef RUNEXP_GEMM_TILE_CUH
#define RUNEXP_GEMM_TILE_CUH

#include "gemm_store.cuh"

namespace plugin {

constexpr int tile_depth = 32; // steps of k in a tile

/// `size` rows of op(a) or columns of op(b), by tile_depth. Lines lie as in global memory, in
/// chunks of 8 elements, 16 bytes.
template <int size, bool along_k> struct tile {
  static constexpr bool lies_along_k = along_k;
  static constexpr int lines = along_k ? size : tile_depth;
  static constexpr int chunks = (along_k ? tile_depth : size) / 8; // of a line
  static constexpr int bytes = size * tile_depth * 2;

  /// Where a chunk is. ldmatrix reads 8 lines' chunks of the same number at a time; they are turned
  /// about so that those are in 8 different groups of banks: a line is 4 groups, or 8 or 16.
  static __device__ __forceinline__ uint32_t at(int line, int chunk) {
    int turned = chunk ^ (chunks == 4 ? line / 2 % 4 : line % 8);
    return static_cast<uint32_t>((line * chunks + turned) * 16);
  }

  /// The address that this lane gives to ldmatrix for 16 x 16 elements: rows from `first` on
  /// (columns of b), steps from k on. The four matrices are those at (0, 0), (8, 0), (0, 8), (8, 8)
  /// as (row, k) of a, which is the order of the registers of mma's a; of b the middle two are
  /// exchanged, so that its registers are those of one column group, then of the next.
  template <bool is_b> static __device__ __forceinline__ uint32_t fragment(int first, int k) {
    int lane = static_cast<int>(threadIdx.x) % 32, matrix = lane / 8;
    int right = is_b ? matrix % 2 : matrix / 2, down = is_b ? matrix / 2 : matrix % 2;
    if (along_k) return at(first + down * 8 + lane % 8, k / 8 + right);
    return at(k + right * 8 + lane % 8, first / 8 + down);
  }
};

/// Four fragments from a tile. Lines across k hold them transposed.
template <typename Tile, bool is_b>
__device__ __forceinline__ void load_fragments(uint32_t (&r)[4], uint32_t tile, int first, int k) {
  uint32_t row = tile + Tile::template fragment<is_b>(first, k);
  if (Tile::lies_along_k)
    ldmatrix_x4(r, row);
  else
    ldmatrix_x4_trans(r, row);
}

/// Where a thread reads its part of one tile after another: items of a few neighbours, of which
/// `per_line` make a line of the tile; from one item to the next it is a fixed number of lines.
template <typename Tile, int threads> struct tile_reader {
  const unsigned char *at; // the first item
  int64_t apart, advance;  // from there to the next item, and to the next tile, in bytes
  int lines_left;          // of the operand, from the first item's line on
  int columns_left;        // of those lines, from the item on

  __device__ __forceinline__ tile_reader(const operand &x, int64_t begin, int64_t extent,
                                         const k_range &range, int per_line) {
    constexpr bool along_k = Tile::lies_along_k;
    int line = static_cast<int>(threadIdx.x) / per_line;
    int column = static_cast<int>(threadIdx.x) % per_line * (Tile::chunks * 8 / per_line);
    int64_t first_line = (along_k ? begin : range.begin) + line;
    int64_t first_column = (along_k ? range.begin : begin) + column;
    int bytes = x.is_f32 ? 4 : 2;
    at =
        static_cast<const unsigned char *>(x.data) + (first_line * x.stride + first_column) * bytes;
    apart = threads / per_line * x.stride * bytes;
    advance = (along_k ? 1 : x.stride) * tile_depth * bytes;
    lines_left = static_cast<int>((along_k ? extent : range.end) - first_line);
    columns_left = static_cast<int>((along_k ? range.end : extent) - first_column);
  }

  /// How many elements there are of item i, or more; none if not positive.
  __device__ __forceinline__ int count(int i, int per_line) const {
    return i * (threads / per_line) < lines_left ? columns_left : 0;
  }
  __device__ __forceinline__ void go_on() {
    at += advance;
    (Tile::lies_along_k ? columns_left : lines_left) -= tile_depth;
  }
};

/// Begins to copy a tile from an operand that is bf16 with aligned lines. Beyond its end it is 0;
/// what lies between the end of a line and the next multiple of 8 is taken for 0.
template <typename Tile, int threads>
__device__ __forceinline__ void copy_tile(uint32_t to, const tile_reader<Tile, threads> &from) {
  constexpr int per_line = Tile::chunks;
  int line = static_cast<int>(threadIdx.x) / per_line,
      chunk = static_cast<int>(threadIdx.x) % per_line;
#pragma unroll
  for (int i = 0; i < Tile::lines * per_line / threads; i++)
    cp_async_cg_16(to + Tile::at(line + i * (threads / per_line), chunk), from.at + i * from.apart,
                   from.count(i, per_line) > 0);
}

/// A thread's part of a tile on its way through registers, from an operand that cannot be copied as
/// it is: `fetch` reads it, `put` rounds it and writes it to shared memory, some time later.
template <typename Tile, int threads> struct converter {
  static constexpr int per_thread = Tile::lines * Tile::chunks * 8 / threads;
  static constexpr int pairs = Tile::chunks * 4; // of a line
  uint32_t raw[per_thread];                      // f32, or bf16 in the lower half

  static __device__ __forceinline__ bool copies(const operand &x) {
    return !x.is_f32 && x.is_aligned;
  }
  static __device__ __forceinline__ int per_line(const operand &x) {
    return x.is_aligned ? Tile::chunks : pairs;
  }

  /// Aligned f32: a chunk is two loads of 16 bytes. A line's length is then a multiple of 4.
  __device__ __forceinline__ void fetch_chunks(const tile_reader<Tile, threads> &from) {
#pragma unroll
    for (int i = 0; i < per_thread / 8; i++) {
      const uint4 *at = reinterpret_cast<const uint4 *>(from.at + i * from.apart);
#pragma unroll
      for (int half = 0; half < 2; half++) {
        uint4 four = make_uint4(0, 0, 0, 0);
        if (from.count(i, Tile::chunks) > half * 4) four = at[half];
        uint32_t *to = raw + i * 8 + half * 4;
        to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
      }
    }
  }

  /// Anything else, two elements at a time: neighbouring threads read neighbouring pairs.
  template <typename Bits>
  __device__ __forceinline__ void fetch_pairs(const tile_reader<Tile, threads> &from) {
#pragma unroll
    for (int i = 0; i < per_thread / 2; i++) {
      const Bits *at = reinterpret_cast<const Bits *>(from.at + i * from.apart);
#pragma unroll
      for (int j = 0; j < 2; j++) raw[i * 2 + j] = from.count(i, pairs) > j ? at[j] : 0;
    }
  }

  __device__ __forceinline__ void fetch(const operand &x, const tile_reader<Tile, threads> &from) {
    if (!x.is_f32)
      fetch_pairs<uint16_t>(from);
    else if (x.is_aligned)
      fetch_chunks(from);
    else
      fetch_pairs<uint32_t>(from);
  }

  /// Elements 2 i and 2 i + 1 as bf16.
  __device__ __forceinline__ uint32_t rounded(int i, bool is_f32) const {
    uint32_t low = raw[2 * i], high = raw[2 * i + 1];
    return is_f32 ? cvt_rn_bf16x2(__uint_as_float(low), __uint_as_float(high)) : low | high << 16;
  }

  __device__ __forceinline__ void put(unsigned char *to, const operand &x) const {
    if (x.is_f32 && x.is_aligned) {
      int chunk = static_cast<int>(threadIdx.x) % Tile::chunks;
#pragma unroll
      for (int i = 0; i < per_thread / 8; i++) {
        int in_tile = static_cast<int>(threadIdx.x) / Tile::chunks + i * (threads / Tile::chunks);
        *reinterpret_cast<uint4 *>(to + Tile::at(in_tile, chunk)) =
            make_uint4(rounded(i * 4, true), rounded(i * 4 + 1, true), rounded(i * 4 + 2, true),
                       rounded(i * 4 + 3, true));
      }
      return;
    }
    int pair = static_cast<int>(threadIdx.x) % pairs;
#pragma unroll
    for (int i = 0; i < per_thread / 2; i++) {
      int in_tile = static_cast<int>(threadIdx.x) / pairs + i * (threads / pairs);
      *reinterpret_cast<uint32_t *>(to + Tile::at(in_tile, pair / 4) + pair % 4 * 4) =
          rounded(i, x.is_f32);
    }
  }
};

} // namespace plugin

#endif
