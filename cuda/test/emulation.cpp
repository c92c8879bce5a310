// The emulation's own tests: what it must compute, and that it catches the mistakes which a GPU
// would punish. Every kernel here that is wrong is wrong on purpose.
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "../ptx.cuh"
#include "test.h"

int failures = 0;
cudaStream_t stream;
const char *order;

// Numbers.

__global__ void shuffles(int *out) {
  int lane = int(threadIdx.x);
  out[lane] = __shfl_xor_sync(~0u, lane, 5);
  out[32 + lane] = __shfl_down_sync(~0u, lane, 3);
  out[64 + lane] = __shfl_up_sync(~0u, lane, 3, 8);
  out[96 + lane] = __shfl_sync(~0u, lane * 2, 7);
  out[128 + lane] = int(__ballot_sync(~0u, lane % 3 == 0));
  if (lane < 16) out[160 + lane] = __shfl_xor_sync(0xffff, lane, 1);
}

static void test_shuffles() {
  Block<int> out(192);
  std::string text = run(shuffles, 1, 32, 0, out.data);
  expect(text.empty(), "shuffles run", text);
  uint32_t thirds = 0;
  for (int lane = 0; lane < 32; lane += 3) thirds |= 1u << lane;
  bool holds = true;
  for (int lane = 0; lane < 32; lane++) {
    holds &=
        out.data[lane] == (lane ^ 5) && out.data[32 + lane] == (lane + 3 < 32 ? lane + 3 : lane);
    holds &= out.data[64 + lane] == (lane % 8 >= 3 ? lane - 3 : lane) && out.data[96 + lane] == 14;
    holds &= out.data[128 + lane] == int(thirds);
    if (lane < 16) holds &= out.data[160 + lane] == (lane ^ 1);
  }
  expect(holds, "shuffles and votes give what CUDA's guide says");
}

/// c[16, 8] = a[16, 16] b[16, 8] by ldmatrix and mma, b loaded as it lies (rows of k) and turned.
__global__ void product(float *c, const uint16_t *a, const uint16_t *b) {
  uint16_t *shared_a = reinterpret_cast<uint16_t *>(shared_memory()),
           *shared_b = shared_a + 16 * 16;
  int lane = int(threadIdx.x);
  cp_async_cg_16(shared_address(shared_a + lane * 8), a + lane * 8);
  if (lane < 16) cp_async_cg_16(shared_address(shared_b + lane * 8), b + lane * 8);
  cp_async_commit_group();
  cp_async_wait_group<0>();
  __syncwarp();
  uint32_t fragment_a[4], fragment_b[2];
  ldmatrix_x4(fragment_a, shared_address(shared_a + lane % 16 * 16 + lane / 16 * 8));
  ldmatrix_x2_trans(fragment_b, shared_address(shared_b + lane % 16 * 8));
  float sum[4] = {1, 1, 1, 1};
  mma_m16n8k16_bf16(sum, fragment_a, fragment_b);
  for (int i = 0; i < 4; i++) c[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sum[i];
}

static void test_product() {
  Block<uint16_t> a(16 * 16), b(16 * 8);
  Block<float> c(16 * 8);
  for (int i = 0; i < 256; i++) a.data[i] = cvt_rn_bf16(float(i % 7 - 3));
  for (int i = 0; i < 128; i++) b.data[i] = cvt_rn_bf16(float(i % 5 - 2));
  std::string text = run(product, 1, 32, 16 * 16 * 2 + 16 * 8 * 2, c.data, a.data, b.data);
  expect(text.empty(), "the product runs", text);
  bool holds = true;
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 8; j++) {
      float sum = 1;
      for (int k = 0; k < 16; k++) sum += float((i * 16 + k) % 7 - 3) * float((k * 8 + j) % 5 - 2);
      holds &= c.data[i * 8 + j] == sum;
    }
  }
  expect(holds, "cp.async, ldmatrix and mma multiply matrices");
}

/// A tree in shared memory; without its barriers it is wrong in one order or another.
template <bool synchronised> __global__ void tree_sum(float *out) {
  float *sums = reinterpret_cast<float *>(shared_memory());
  int i = int(threadIdx.x);
  sums[i] = float(i);
  for (int half = int(blockDim.x) / 2; half > 0; half /= 2) {
    if (synchronised) __syncthreads();
    if (i < half) sums[i] += sums[i + half];
  }
  if (i == 0) out[blockIdx.x] = sums[0];
}

/// Two stages of a pipeline: each thread reads what its neighbour copied.
template <bool waits, bool synchronised> __global__ void pipeline(float *out, const float *in) {
  float *stages = reinterpret_cast<float *>(shared_memory());
  int i = int(threadIdx.x), n = int(blockDim.x);
  for (int stage = 0; stage < 2; stage++) {
    cp_async_ca<4>(shared_address(stages + stage * n + i), in + stage * n + i);
    cp_async_commit_group();
  }
  float sum = 0;
  for (int step = 0; step < 4; step++) {
    if (waits) cp_async_wait_group<1>();
    __syncthreads();
    sum += stages[step % 2 * n + (i + 32) % n];
    if (synchronised) __syncthreads(); // else the stage is overwritten while others read it
    cp_async_ca<4>(shared_address(stages + step % 2 * n + i), in + (step + 2) % 4 * n + i,
                   step < 2);
    cp_async_commit_group();
  }
  out[i] = sum;
}

static bool pipeline_is_right(void (*kernel)(float *, const float *)) {
  Block<float> out(128), in(512);
  for (int i = 0; i < 512; i++) in.data[i] = float(i);
  std::string text = run(kernel, 1, 128, 1024, out.data, in.data);
  expect(text.empty(), "the pipeline runs", text);
  bool holds = true;
  for (int i = 0; i < 128; i++) holds &= out.data[i] == float(4 * ((i + 32) % 128) + 6 * 128);
  return holds;
}

/// Halves of a block hand over by numbered barriers.
__global__ void hand_over(int *out) {
  int *box = reinterpret_cast<int *>(shared_memory());
  int i = int(threadIdx.x);
  for (int turn = 0; turn < 3; turn++) {
    if (i < 32) {
      if (turn > 0) bar_sync(2, 64);
      box[i] = turn * 100 + i;
      bar_arrive(1, 64);
    } else {
      bar_sync(1, 64);
      out[turn * 32 + i - 32] = box[63 - i];
      bar_arrive(2, 64);
    }
  }
}

static void test_hand_over() {
  Block<int> out(96);
  std::string text = run(hand_over, 1, 64, 128, out.data);
  expect(text.empty(), "numbered barriers run", text);
  bool holds = true;
  for (int i = 0; i < 96; i++) holds &= out.data[i] == i / 32 * 100 + 31 - i % 32;
  expect(holds, "bar.sync and bar.arrive hand over");
}

/// Something lands on behalf of no thread, as a bulk copy does.
__global__ void waits_for_later(int *out) {
  bool *has_landed = reinterpret_cast<bool *>(shared_memory());
  if (threadIdx.x == 0) *has_landed = false;
  __syncthreads();
  if (threadIdx.x == 0) emulation::later([=] { *has_landed = true; });
  emulation::wait_until([=] { return *has_landed; }, {"the test's wait", nullptr, 0});
  out[threadIdx.x] = *has_landed;
}

// Mistakes.

__global__ void leaves_a_barrier() {
  if (threadIdx.x != 31) __syncthreads();
}

__global__ void shuffles_apart(int *out) {
  if (threadIdx.x < 16)
    out[threadIdx.x] = __shfl_xor_sync(~0u, 1, 1);
  else
    out[threadIdx.x] = __shfl_down_sync(~0u, 1, 1);
}

__global__ void asks_a_lane_beyond_its_mask(int *out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0xffff, 1, 16);
}

__global__ void loads_beyond_its_memory() {
  uint32_t r[4];
  ldmatrix_x4(r, 16 * threadIdx.x);
}

__global__ void loads_askew() {
  uint32_t r[4];
  ldmatrix_x4(r, 8);
}

__global__ void writes_beyond_a_block(float *out, int n) { out[n + int(threadIdx.x)] = 1; }

static void test_mistakes() {
  Block<int> out(64);
  std::string text = run(leaves_a_barrier, dim3(2, 2), 64, 0);
  expect(has(text, "the kernel 'leaves_a_barrier' hangs in block (") &&
             has(text, "threads 0 to 30 at __syncthreads (emulation.cpp:") &&
             has(text, "), 31 ended"),
         "a barrier that a thread never reaches is reported", text);
  text = run(shuffles_apart, 1, 32, 0, out.data);
  expect(has(text, "__shfl_xor_sync") && has(text, "__shfl_down_sync"),
         "lanes at different instructions are reported", text);
  text = run(asks_a_lane_beyond_its_mask, 1, 32, 0, out.data);
  expect(has(text, "a lane reads that of lane"), "a lane outside the mask is reported", text);
  text = run(loads_beyond_its_memory, 1, 32, 256);
  expect(has(text, "ldmatrix: 16 bytes at 256 of 256"), "shared memory's end is held to", text);
  text = run(loads_askew, 1, 32, 256);
  expect(has(text, "no multiple of 16"), "alignment is held to", text);
  expect(!run(leaves_a_barrier, 1, 1056, 0).empty(), "a block has at most 1024 threads");
  expect(!run(leaves_a_barrier, 1, 32, 64 << 10).empty(), "more than 48 KiB must be asked for");
  // And the next kernel runs as if nothing had been.
  test_shuffles();
}

/// In a process of its own, which AddressSanitizer is to end.
static void test_out_of_bounds() {
#if defined(__SANITIZE_ADDRESS__)
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stderr)) _exit(2);
    Block<float> out(100);
    run(writes_beyond_a_block, 1, 32, 0, out.data, 100);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  expect(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "a write beyond a block is caught");
#endif
}

int main() {
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  bool tree_caught = false, wait_caught = false, stage_caught = false;
  const char *orders[] = {"forward", "reversed", "random:1", "random:2", "random:3"};
  for (const char *name : orders) {
    order = name;
    emulation::set_order(order);
    test_shuffles();
    test_product();
    test_hand_over();
    Block<float> sums(3);
    Block<int> landed(64);
    std::string text = run(waits_for_later, 1, 64, 16, landed.data);
    expect(text.empty() && landed.data[0] == 1 && landed.data[63] == 1, "late work lands", text);
    run(tree_sum<true>, 3, 256, 1024, sums.data);
    expect(sums.data[0] == 32640 && sums.data[2] == 32640, "a tree of sums is right");
    run(tree_sum<false>, 3, 256, 1024, sums.data);
    tree_caught |= sums.data[0] != 32640;
    expect(pipeline_is_right(pipeline<true, true>), "a pipeline is right");
    wait_caught |= !pipeline_is_right(pipeline<false, true>);
    stage_caught |= !pipeline_is_right(pipeline<true, false>);
    test_mistakes();
    test_hopper();
  }
  order = "any";
  expect(tree_caught, "a missing __syncthreads shows");
  expect(wait_caught, "a missing wait for cp.async shows");
  expect_hopper_mistakes_caught();
  expect(stage_caught, "a stage that is overwritten too early shows");
  test_out_of_bounds();
  printf("the emulation: %s\n", failures ? "NOT RIGHT" : "right");
  return failures ? 1 : 0;
}
