// Threads that share a row: a warp for a short one, a block for a long one. A thread's part are
// runs of 8 columns, the same in each row.
#ifndef RUNEXP_TEAMS_CUH
#define RUNEXP_TEAMS_CUH

#include "elements.cuh"
#include "reduce.cuh"

namespace plugin {

constexpr int team_block = 256; // threads of a block, of one team or of several

/// Rows of up to so many elements are a warp's: 4 runs for each lane.
constexpr int64_t longest_of_warp = 4 * warp_size * run_length;

/// Calls `work` with a team's size as a constant.
template <typename Work> void with_team(int64_t row_length, const Work &work) {
  if (row_length <= longest_of_warp)
    work(std::integral_constant<int, warp_size>());
  else
    work(std::integral_constant<int, team_block>());
}

template <int size> struct team {
  static constexpr int per_block = team_block / size;
  int number, member; // of the team in its block, of the thread in its team

  __device__ team()
      : number(static_cast<int>(threadIdx.x) / size), member(static_cast<int>(threadIdx.x) % size) {
  }

  __device__ int64_t first_row() const {
    return static_cast<int64_t>(blockIdx.x) * per_block + number;
  }
  /// From a row of the team to its next.
  __device__ int64_t row_stride() const { return static_cast<int64_t>(gridDim.x) * per_block; }

  /// Over the team. `scratch` is shared memory for a float of each warp.
  template <typename Join>
  __device__ float reduce(float x, float *scratch, const Join &join) const {
    if constexpr (size == warp_size)
      return reduce_warp(x, join);
    else
      return reduce_block(x, scratch, join);
  }

  /// Calls work(column, extent) for this thread's runs of a row of d columns.
  template <typename Work>
  __device__ void for_runs(int64_t d, bool aligned, const Work &work) const {
    for (int64_t c = static_cast<int64_t>(member) * run_length; c < d; c += size * run_length)
      work(c, extent(c, d, aligned));
  }
};

/// Shared memory that a team's `reduce` wants.
constexpr size_t team_scratch = team_block / warp_size * sizeof(float);

} // namespace plugin

#endif
