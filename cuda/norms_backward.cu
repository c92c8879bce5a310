// The gradients of RMSNorm and LayerNorm. With x' = (x - mean) * rstd and g = dout * weight, per
// row:
//
//   dx = rstd * (g - mean(g) - x' * mean(g * x')), for RMSNorm without mean(g)
//   dweight = sum over rows of dout * x'        dbias = sum over rows of dout
//
// Each block sums its rows' part of dweight and dbias while it has them; then the parts are summed.
#include "norms.cuh"

#include "columns.cuh"

namespace plugin {

/// More shared memory than this a block does not take for its sums; longer rows have them in the
/// workspace from the start.
constexpr size_t most_shared_sums = 96 << 10;

/// What a block sums. A team's part is its own; its threads own their columns.
struct parts {
  float *dweight, *dbias; // [parts, d] in the workspace, a part for each block; null: not wanted
  bool in_shared;
};

/// Adds the teams of a block, in turn, and puts the sum where the block's part is.
template <int size> __device__ static void store_part(float *part, const float *sums, int64_t d) {
  for (int64_t c = threadIdx.x; c < d; c += team_block) {
    float total = 0;
    for (int i = 0; i < team<size>::per_block; i++) total += sums[i * d + c];
    part[c] = total;
  }
}

/// sums[c ...] += values.
__device__ static void add_run(float *sums, const run &values, const extent &e) {
  run before;
  load(before, sums, e);
#pragma unroll
  for (int i = 0; i < run_length; i++) before[i] += values[i];
  store(sums, before, e);
}

template <typename T, int size, bool centred>
__global__ void __launch_bounds__(team_block, 3)
    normalise_rows_backward(target<T> dx, parts out, const T *dout, const T *x, const float *weight,
                            const float *mean, const float *rstd, int64_t n, int64_t d,
                            bool aligned) {
  constexpr int teams = team<size>::per_block;
  float *scratch = reinterpret_cast<float *>(shared_memory());
  float *shared_sums = scratch + team_block / warp_size;
  team<size> us;
  float *dweight = nullptr, *dbias = nullptr;
  if (out.dweight)
    dweight = out.in_shared ? shared_sums + us.number * d : out.dweight + blockIdx.x * d;
  if (out.dbias)
    dbias = out.in_shared ? shared_sums + (teams + us.number) * d : out.dbias + blockIdx.x * d;
  us.for_runs(d, false, [&](int64_t c, const extent &e) {
    for (int i = 0; i < e.count; i++) {
      if (dweight) dweight[c + i] = 0;
      if (dbias) dbias[c + i] = 0;
    }
  });
  for (int64_t row = us.first_row(); row < n; row += us.row_stride()) {
    float centre = centred ? mean[row] : 0, factor = rstd[row], average = 0, projection = 0;
    us.for_runs(d, aligned, [&](int64_t c, const extent &e) {
      run slopes, values, weights; // 0 beyond the row's end
      load(slopes, dout + row * d + c, e);
      load(values, x + row * d + c, e);
      load(weights, weight + c, e);
#pragma unroll
      for (int i = 0; i < run_length; i++) {
        float g = slopes[i] * weights[i];
        average += g;
        projection += g * (values[i] - centre);
      }
    });
    average = centred ? us.reduce(average, scratch, plus()) / static_cast<float>(d) : 0;
    projection = us.reduce(projection, scratch, plus()) * factor / static_cast<float>(d);
    us.for_runs(d, aligned, [&](int64_t c, const extent &e) {
      run slopes, values, weights, shares;
      load(slopes, dout + row * d + c, e);
      load(values, x + row * d + c, e);
      load(weights, weight + c, e);
#pragma unroll
      for (int i = 0; i < run_length; i++) {
        float normed = (values[i] - centre) * factor;
        shares[i] = slopes[i] * normed;
        values[i] = factor * (slopes[i] * weights[i] - average - normed * projection);
      }
      if (dweight) add_run(dweight + c, shares, e);
      if (dbias) add_run(dbias + c, slopes, e);
      contribute(dx, row * d + c, values, e);
    });
  }
  if (!out.in_shared) return;
  __syncthreads();
  if (dweight) store_part<size>(out.dweight + blockIdx.x * d, shared_sums, d);
  if (dbias) store_part<size>(out.dbias + blockIdx.x * d, shared_sums + teams * d, d);
}

/// Blocks, and so parts: at least 4 rows for each team, and enough to fill a GPU.
static int64_t part_count(int64_t n, int64_t d) {
  int64_t teams = d <= longest_of_warp ? team<warp_size>::per_block : 1;
  int64_t count = ceil_div(n, 4 * teams);
  return count < 512 ? count : 512;
}

int64_t norm_workspace(int64_t n, int64_t d) {
  return part_count(n, d) * d * static_cast<int64_t>(sizeof(float));
}

void normalise_backward(kernel_context *context, const norm_backward &call) {
  int64_t n = call.n, d = call.d, count = part_count(n, d);
  float *sums = static_cast<float *>(call.workspace);
  parts out = {call.dweight.data ? sums : nullptr, call.dbias.data ? sums + count * d : nullptr,
               false};
  bool aligned = are_aligned(call.dx.data, call.dout, call.x, call.weight) && d % run_length == 0;
  with_type(call.type, [&](auto zero) {
    with_team(d, [&](auto size) {
      using T = decltype(zero);
      size_t shared =
          static_cast<size_t>((out.dbias ? 2 : 1) * team<size>::per_block * d) * sizeof(float);
      out.in_shared = shared <= most_shared_sums;
      launch(context,
             call.mean ? normalise_rows_backward<T, size, true>
                       : normalise_rows_backward<T, size, false>,
             static_cast<unsigned>(count), team_block, team_scratch + (out.in_shared ? shared : 0),
             call.dx, out, static_cast<const T *>(call.dout), static_cast<const T *>(call.x),
             call.weight, call.mean, call.rstd, n, d, aligned);
    });
  });
  sum_columns(context, call.dweight, out.dweight, count, d, ELEMENT_F32, nullptr);
  sum_columns(context, call.dbias, out.dbias, count, d, ELEMENT_F32, nullptr);
}

} // namespace plugin
