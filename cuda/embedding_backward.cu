// The gradient of an embedding: each row of the table receives the sum of the rows of dout whose
// ids name it. No atomic additions, whose order is the clock's: chunks of the ids are sorted, the
// sums of equal ids within a chunk are taken, and then each row of the table looks for its id in
// the chunks.
#include "elements.cuh"
#include "entries.cuh"
#include "reduce.cuh"

namespace plugin {

constexpr int chunk_ids = 128; // of a chunk; its block has a thread for each

/// Where the scratch memory has what.
struct id_sums {
  int32_t *ids; // [n], sorted within each chunk
  float *sums;  // [n, d]: at the first of equal ids of a chunk, the sum of their rows
};

static int64_t bytes_of_ids(int64_t n) {
  return ceil_div(n * static_cast<int64_t>(sizeof(int32_t)), RUNEXP_ALIGNMENT) * RUNEXP_ALIGNMENT;
}

/// A block takes a chunk and up to 128 runs of columns.
template <typename T>
__global__ void __launch_bounds__(chunk_ids)
    sum_chunks(id_sums out, const T *__restrict__ dout, const int32_t *__restrict__ ids, int64_t n,
               int64_t d, bool aligned) {
  int32_t *unsorted = reinterpret_cast<int32_t *>(shared_memory());
  int32_t *sorted = unsorted + chunk_ids, *places = sorted + chunk_ids;
  int64_t first = static_cast<int64_t>(blockIdx.x) * chunk_ids;
  int count = n - first < chunk_ids ? static_cast<int>(n - first) : chunk_ids;
  int i = static_cast<int>(threadIdx.x);
  if (i < count) unsorted[i] = ids[first + i];
  __syncthreads();
  if (i < count) {
    int rank = 0; // equal ids stay in their order
    for (int j = 0; j < count; j++)
      rank += unsorted[j] < unsorted[i] || (unsorted[j] == unsorted[i] && j < i);
    sorted[rank] = unsorted[i];
    places[rank] = i;
  }
  __syncthreads();
  if (i < count && blockIdx.y == 0) out.ids[first + i] = sorted[i];
  int64_t column = (static_cast<int64_t>(blockIdx.y) * chunk_ids + i) * run_length;
  if (column >= d) return;
  extent e(column, d, aligned);
  float *__restrict__ sums = out.sums + first * d + column;
  run sum = {};
  int start = 0;
#pragma unroll 4
  for (int k = 0; k < count; k++) {
    run values;
    load(values, dout + (first + places[k]) * d + column, e);
#pragma unroll
    for (int c = 0; c < run_length; c++) sum[c] += values[c];
    if (k + 1 < count && sorted[k + 1] == sorted[k]) continue;
    store(sums + start * d, sum, e);
    start = k + 1;
#pragma unroll
    for (int c = 0; c < run_length; c++) sum[c] = 0;
  }
}

constexpr int gather_warps = 4;

/// A warp takes a row of the table and 32 runs of columns; each lane looks for the row's id in a
/// chunk of its own, and what they find is added in the chunks' order.
__global__ void __launch_bounds__(gather_warps *warp_size)
    gather_sums(target<float> dtable, id_sums in, int64_t n, int64_t d, int64_t vocabulary,
                bool aligned) {
  int lane = static_cast<int>(threadIdx.x) % warp_size;
  int64_t chunks = (n + chunk_ids - 1) / chunk_ids;
  int64_t column = (static_cast<int64_t>(blockIdx.y) * warp_size + lane) * run_length;
  int64_t stride = static_cast<int64_t>(gridDim.x) * gather_warps;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * gather_warps + threadIdx.x / warp_size;
       row < vocabulary; row += stride) {
    extent e(column, d, aligned);
    run sum = {};
    bool is_named = false;
    for (int64_t base = 0; base < chunks; base += warp_size) {
      int64_t low = (base + lane) * chunk_ids;
      int64_t end = low + chunk_ids < n ? low + chunk_ids : n, high = end;
      while (low < high) { // the first id that is not below the row's
        int64_t middle = (low + high) / 2;
        if (in.ids[middle] < row)
          low = middle + 1;
        else
          high = middle;
      }
      uint32_t found = __ballot_sync(~0u, low < end && in.ids[low] == row);
      is_named |= found != 0;
      for (; found != 0; found &= found - 1) {
        int64_t at =
            __shfl_sync(~0u, static_cast<long long>(low), __ffs(static_cast<int>(found)) - 1);
        if (column >= d) continue;
        run values;
        load(values, in.sums + at * d + column, e);
#pragma unroll
        for (int c = 0; c < run_length; c++) sum[c] += values[c];
      }
    }
    if (column < d && (is_named || !dtable.accumulate))
      contribute(dtable, row * d + column, sum, e);
  }
}

int64_t embedding_backward_workspace(kernel_context *context,
                                     const struct embedding_backward *call) {
  return bytes_of_ids(call->n) + call->n * call->d * static_cast<int64_t>(sizeof(float));
}

void embedding_backward(kernel_context *context, const struct embedding_backward *call) {
  if (!call->dtable.data) return;
  int64_t n = call->n, d = call->d;
  char *memory = static_cast<char *>(call->workspace);
  id_sums parts = {reinterpret_cast<int32_t *>(memory),
                   reinterpret_cast<float *>(memory + bytes_of_ids(n))};
  bool rows_align = d % run_length == 0;
  with_type(call->type, [&](auto zero) {
    using T = decltype(zero);
    dim3 grid(static_cast<unsigned>(ceil_div(n, chunk_ids)),
              static_cast<unsigned>(ceil_div(d, chunk_ids * run_length)));
    launch(context, sum_chunks<T>, grid, chunk_ids, 3 * chunk_ids * sizeof(int32_t), parts,
           static_cast<const T *>(call->dout), call->ids, n, d,
           rows_align && are_aligned(call->dout));
  });
  dim3 grid(blocks_for(call->vocabulary, gather_warps),
            static_cast<unsigned>(ceil_div(d, warp_size * run_length)));
  launch(context, gather_sums, grid, gather_warps * warp_size, 0, call->dtable, parts, n, d,
         call->vocabulary, rows_align && are_aligned(call->dtable.data));
}

} // namespace plugin
