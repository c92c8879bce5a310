// Attention of few queries over many keys, as in decoding a token: bound by the reading of keys and
// values, which are read once, in place and in their own type. The keys are split so that all
// multiprocessors read, whatever the number of heads ("Flash-Decoding", Dao et al. 2023): each
// split keeps a maximum, a sum and a mixture of values, which are combined at the end (decode.cu).
// All query heads of a key/value head pass over a split together: on tensor cores in
// decode_bf16.cu, by multiply-adds in decode_f32.cu. flash2's other way, where there are few
// queries.
#ifndef RUNEXP_DECODE_CUH
#define RUNEXP_DECODE_CUH

#include "attention_rows.cuh"
#include "reduce.cuh"

namespace plugin {

/// Whether this way suits a shape.
bool is_decode(const attention &shape);
int64_t decode_workspace(kernel_context *context, const attention &shape);
void decode_forward(kernel_context *context, const attention_forward *call);

/// The threads of a block in f32; they share a split's keys.
constexpr int decode_threads = 128;

/// What the kernels of one call share. A row is a query of a head of the key/value head: all heads
/// of a query, then the next query. A plane is a key/value head of a batch.
struct decode_parts {
  int rows, width;         // query rows of a plane; floats of one in memory
  int split_keys;          // of a split, but for the ends
  int first_split, splits; // those that some query sees
  float *maximum, *sum;    // [planes][splits][rows], in base 2
  float *mixed;            // [planes][splits][rows][width]: values weighted by exponentials
};

/// Which keys and rows a block has: `tile_rows` of them.
struct decode_place {
  int batch, kv_head, split, first_row;
  range keys, queries;
  int64_t plane;
  __device__ decode_place(const decode_parts &d, const attention_view &a, int tile_rows) {
    unsigned tiles = static_cast<unsigned>((d.rows + tile_rows - 1) / tile_rows);
    unsigned splits = static_cast<unsigned>(d.splits);
    unsigned heads = static_cast<unsigned>(a.kv_heads);
    unsigned tile = blockIdx.x / splits, of_plane = tile / tiles;
    split = static_cast<int>(blockIdx.x - tile * splits);
    first_row = static_cast<int>(tile - of_plane * tiles) * tile_rows;
    batch = static_cast<int>(of_plane / heads);
    kv_head = static_cast<int>(of_plane - of_plane / heads * heads);
    plane = of_plane;
    queries = {first_row / a.group, (min(first_row + tile_rows, d.rows) - 1) / a.group + 1};
    int first = (d.first_split + split) * d.split_keys;
    range seen = seen_keys(a, queries);
    keys = {max(first, seen.begin), min(first + d.split_keys, seen.end)};
  }
  __device__ __forceinline__ int head(const attention_view &a, int row) const {
    return kv_head * a.group + row % a.group;
  }
};

/// The parts of a split that the teams of a block have, in shared memory.
struct decode_merge {
  float *memory;
  int columns, rows;
  __device__ decode_merge(unsigned char *memory, int columns, int rows)
      : memory(reinterpret_cast<float *>(memory)), columns(columns), rows(rows) {}
  static size_t bytes(int columns, int rows, int parts) {
    return static_cast<size_t>(parts) * rows * (columns + 2) * sizeof(float);
  }
  __device__ __forceinline__ float *mixed(int part) const {
    return memory + part * rows * (columns + 2);
  }
  __device__ __forceinline__ float *maxima(int part) const { return mixed(part) + rows * columns; }
  __device__ __forceinline__ float *sums(int part) const { return maxima(part) + rows; }

  /// Brings all parts to their common maximum and writes their sums, in order, as the split's.
  __device__ __forceinline__ void write(const decode_parts &d, const decode_place &place,
                                        int parts) const {
    int64_t first = (place.plane * d.splits + place.split) * d.rows + place.first_row;
    int count = min(rows, d.rows - place.first_row), width = min(columns, d.width);
    for (int i = static_cast<int>(threadIdx.x); i < count * width;
         i += static_cast<int>(blockDim.x)) {
      int row = i / width, column = i % width;
      float largest = -INFINITY, total = 0, sum = 0;
      for (int part = 0; part < parts; part++) largest = larger()(largest, maxima(part)[row]);
      for (int part = 0; part < parts; part++) {
        float correction = correction_of(maxima(part)[row], largest);
        sum += correction * sums(part)[row];
        total += correction * mixed(part)[row * columns + column];
      }
      d.mixed[(first + row) * d.width + column] = total;
      if (column == 0) d.maximum[first + row] = largest, d.sum[first + row] = sum;
    }
  }
};

/// The two ways. Their grids are planes x tiles of rows x splits.
void decode_bf16(kernel_context *context, const attention_forward *call, const attention_view &a,
                 const decode_parts &d);
void decode_f32(kernel_context *context, const attention_forward *call, const attention_view &a,
                const decode_parts &d);

} // namespace plugin

#endif
