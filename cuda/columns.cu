// Sums over the rows of a matrix: first of parts of the rows, then of the parts.
#include "columns.cuh"

#include "elements.cuh"
#include "entries.cuh"

namespace plugin {

constexpr int column_lanes = 32; // threads beside each other, a run of columns each
constexpr int row_lanes = 8;     // above each other, each with every 8th row
constexpr int tile = column_lanes * run_length;

/// Rows of a part: few enough to give every multiprocessor work, with at most 1024 parts to sum.
static int64_t rows_of_part(int64_t m) {
  int64_t rows = ceil_div(m, 1024);
  return rows > 128 ? rows : 128;
}

/// out[part, n] = the sums of rows part * rows ..< (part + 1) * rows of x[m, n].
template <typename T>
__global__ void __launch_bounds__(column_lanes *row_lanes)
    sum_rows(target<float> out, const T *x, int64_t m, int64_t n, int64_t rows, bool aligned) {
  float *sums = reinterpret_cast<float *>(shared_memory()); // [row_lanes][tile]
  int lane = static_cast<int>(threadIdx.x), layer = static_cast<int>(threadIdx.y);
  int64_t column = static_cast<int64_t>(blockIdx.x) * tile + lane * run_length;
  int64_t first = blockIdx.y * rows, end = first + rows < m ? first + rows : m;
  run sum = {};
  if (column < n) {
    extent e(column, n, aligned);
#pragma unroll 4
    for (int64_t row = first + layer; row < end; row += row_lanes) {
      run values;
      load(values, x + row * n + column, e);
#pragma unroll
      for (int c = 0; c < run_length; c++) sum[c] += values[c];
    }
  }
  store_whole(sums + layer * tile + lane * run_length, sum);
  __syncthreads();
  int c = layer * column_lanes + lane;
  column = static_cast<int64_t>(blockIdx.x) * tile + c;
  float total = 0;
  for (int i = 0; i < row_lanes; i++) total += sums[i * tile + c];
  if (column < n) contribute(out, blockIdx.y * n + column, total);
}

static_assert(column_lanes * row_lanes == tile, "a thread for each column of the tile");

template <typename T>
static void sum_parts(kernel_context *context, const gradient &out, const T *x, int64_t m,
                      int64_t n, int64_t parts, int64_t rows) {
  dim3 grid(static_cast<unsigned>(ceil_div(n, tile)), static_cast<unsigned>(parts));
  launch(context, sum_rows<T>, grid, dim3(column_lanes, row_lanes),
         row_lanes * tile * sizeof(float), out, x, m, n, rows,
         are_aligned(x) && n % run_length == 0);
}

int64_t column_workspace(int64_t m, int64_t n) {
  int64_t parts = ceil_div(m, rows_of_part(m));
  return parts > 1 ? parts * n * static_cast<int64_t>(sizeof(float)) : 0;
}

void sum_columns(kernel_context *context, const gradient &out, const void *x, int64_t m, int64_t n,
                 element_type type, void *workspace) {
  if (!out.data) return;
  with_type(type, [&](auto zero) {
    const auto *values = static_cast<const decltype(zero) *>(x);
    int64_t rows = rows_of_part(m), parts = ceil_div(m, rows);
    if (parts <= 1 || !workspace) return sum_parts(context, out, values, m, n, 1, m);
    sum_parts(context, gradient{workspace, false}, values, m, n, parts, rows);
    sum_parts(context, out, static_cast<const float *>(workspace), parts, n, 1, parts);
  });
}

void column_sum(kernel_context *context, const struct column_sum *call) {
  sum_columns(context, call->dbias, call->dout, call->m, call->n, call->type, call->workspace);
}

int64_t column_sum_workspace(kernel_context *context, const struct column_sum *call) {
  return column_workspace(call->m, call->n);
}

} // namespace plugin
