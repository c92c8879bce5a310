// The matrix product: how each is computed, and what it needs of the workspace.
#include "entries.cuh"
#include "gemm.cuh"
#include "q8.cuh"

#include <cstdio>

namespace plugin {

/// What an H200 did, of which each of its 132 multiprocessors has a share, in a microsecond: products
/// whose operands are converted on their way, and those that find them ready, in multiply-adds and
/// additions; the kernel that packs, in bytes that it reads and writes. And the microseconds that
/// one more kernel costs.
constexpr double converting_rate = 170e6 / 132, ready_rate = 360e6 / 132;
constexpr double ready_rate_of_hopper = 600e6 / 132;
constexpr double packing_rate = 3.5e6 / 132, launch_time = 2;
/// Of a tile by wgmma: the time of 64 steps of k, which the L2 cache bounds, as the lines of a wide
/// one and of another that they read; and the steps that storing it costs.
constexpr double wide_step = 3, narrow_step = 2, storing_steps = 2;
constexpr int64_t most_splits = 16;
constexpr int64_t shortest_split = 256, shortest_small_split = 128; // of large and of small tiles

static bool lines_are_aligned(const operand &x) {
  return are_aligned(x.data) && x.stride * (x.is_f32 ? 4 : 2) % 16 == 0;
}

static operand operand_of(const void *data, element_type type, int64_t extent, int64_t k,
                          bool along_k) {
  operand x = {data, along_k ? k : extent, type == ELEMENT_F32, along_k, false};
  x.is_aligned = lines_are_aligned(x);
  return x;
}

static product product_of(const struct gemm *call) {
  product p = {};
  p.a = operand_of(call->a, call->a_type, call->m, call->k, !call->a_transposed);
  p.b = operand_of(call->b, call->b_type, call->n, call->k, call->b_transposed);
  p.c = call->c;
  p.bias = call->bias;
  p.bias_step = 1;
  p.m = call->m, p.n = call->n, p.k = call->k;
  p.c_is_f32 = call->c_type == ELEMENT_F32;
  p.accumulate = call->accumulate;
  p.rounds = call->compute == ELEMENT_BF16;
  if (p.n == 1) { // the row that c is, c^T = op(b)^T op(a)^T
    operand a = p.a;
    p.a = p.b, p.b = a;
    p.n = p.m, p.m = 1;
    p.bias_step = 0;
  }
  if (p.m == 1 && !p.a.along_k) { // a column is as good as a row
    p.a.along_k = true;
    p.a.stride = p.k;
    p.a.is_aligned = lines_are_aligned(p.a);
  }
  p.c_is_aligned = are_aligned(p.c) && p.n * (p.c_is_f32 ? 4 : 2) % 16 == 0;
  p.splits = 1, p.split_k = p.k;
  return p;
}

/// Whether the library has a product with such a c and bias: its bias has the type of c, and ours
/// is f32; of f32 operands it makes no bf16.
static bool library_takes(const product &p) {
  bool plain = !p.bias && (p.c_is_f32 || p.rounds);
  bool biased = p.bias && p.c_is_f32 && are_aligned(p.bias);
  return p.c_is_aligned && (plain || biased);
}

/// Splits k until there are about `wanted` blocks, but not into parts of less than `shortest`
/// steps.
static void split(product *p, int64_t tiles, int64_t wanted, int64_t shortest) {
  int64_t splits = wanted / tiles, most = p->k / shortest;
  if (splits > most) splits = most;
  if (splits > most_splits) splits = most_splits;
  if (splits <= 1) return;
  p->split_k = ceil_div(ceil_div(p->k, splits), 64) * 64;
  p->splits = ceil_div(p->k, p->split_k);
}

/// Large tiles reuse more of what they read; small ones are more, where c is small.
static void choose_tiles(gemm_plan *plan, int multiprocessors) {
  product *p = &plan->p;
  int64_t large = ceil_div(p->m, large_tile) * ceil_div(p->n, large_tile);
  int64_t small = ceil_div(p->m, small_tile) * ceil_div(p->n, small_tile);
  int64_t splits = p->k / shortest_split;
  splits = splits < 1 ? 1 : splits < most_splits ? splits : most_splits;
  plan->large = p->m > small_tile && p->n > small_tile && large * splits >= multiprocessors;
  if (plan->large)
    split(p, large, 2 * int64_t(multiprocessors), shortest_split);
  else
    split(p, small, 3 * int64_t(multiprocessors), shortest_small_split);
}

/// Whether Hopper's warpgroups compute it: where operands are ready and tiles occupy at least half
/// of the GPU. Then the tiles, wide or not, are those that are done sooner.
static bool choose_wgmma(const kernel_context *context, gemm_plan *plan) {
  const product p = plan->p;
  int64_t multiprocessors = context->multiprocessors;
  if (context->capability != 90 || plan->converts || p.m <= small_tile || p.n <= small_tile)
    return false;
  double best = 0;
  bool fills = false;
  for (bool wide : {true, false}) {
    product split_one = p;
    int64_t tiles = ceil_div(p.m, large_tile) * ceil_div(p.n, wide ? wide_tile : large_tile);
    split(&split_one, tiles, multiprocessors, shortest_split);
    int64_t items = tiles * split_one.splits;
    double steps = double(ceil_div(split_one.split_k, 64)) + storing_steps;
    double time =
        double(ceil_div(items, multiprocessors)) * steps * (wide ? wide_step : narrow_step);
    fills = fills || 2 * items >= multiprocessors;
    if (!wide && time >= best) break;
    best = time;
    plan->wide = wide;
    plan->p = split_one;
  }
  if (fills)
    plan->way = gemm_plan::wgmma;
  else
    plan->p = p;
  return fills;
}

/// Room in the workspace; gives where it begins.
static int64_t take_room(gemm_plan *plan, int64_t bytes) {
  int64_t at = plan->bytes;
  plan->bytes += ceil_div(bytes, RUNEXP_ALIGNMENT) * RUNEXP_ALIGNMENT;
  return at;
}

static bool is_ready(const operand &x, bool f32) { return x.is_aligned && x.is_f32 == f32; }

/// Whether operands that are not ready shall be rounded once, into the workspace, before a product
/// that finds them ready: where that takes less time than the product saves. A product that does
/// not fill the GPU saves more than is counted here.
static bool packing_pays(const kernel_context *context, const product &p) {
  double after = context->capability == 90 ? ready_rate_of_hopper : ready_rate;
  int multiprocessors = context->multiprocessors;
  double operations = 2.0 * double(p.m) * double(p.n) * double(p.k);
  double saved = operations * (1 / converting_rate - 1 / after) / multiprocessors;
  double cost = 0;
  auto add = [&](const operand &x, int64_t extent) {
    if (is_ready(x, false)) return;
    double bytes = double(extent) * double(p.k) * (x.is_f32 ? 4 + 2 : 2 + 2);
    cost += launch_time + bytes / packing_rate / multiprocessors;
  };
  add(p.a, p.m);
  add(p.b, p.n);
  return cost < saved;
}

/// Packs an operand, unless it is ready.
static void plan_packing(gemm_plan *plan, packing *packed, operand *x, int64_t extent, int64_t k) {
  if (is_ready(*x, false)) return;
  *packed = {true, *x, x->along_k ? extent : k, x->along_k ? k : extent, 0};
  int64_t stride = ceil_div(packed->length, run_length) * run_length;
  packed->at = take_room(plan, packed->lines * stride * 2);
  *x = {nullptr, stride, false, x->along_k, true};
}

/// The product of tensor cores, ours or the library's.
static void plan_bf16(kernel_context *context, gemm_plan *plan) {
  product *p = &plan->p;
  if (packing_pays(context, *p)) {
    plan_packing(plan, &plan->a, &p->a, p->m, p->k);
    plan_packing(plan, &plan->b, &p->b, p->n, p->k);
  }
  plan->converts = !is_ready(p->a, false) || !is_ready(p->b, false);
  plan->way = gemm_plan::tensor;
  if (!plan->converts && library_takes(*p)) plan->found = find_library_product(context, *p);
}

static gemm_plan plan_of(kernel_context *context, const struct gemm *call) {
  gemm_plan plan = {};
  plan.p = product_of(call);
  product *p = &plan.p;
  if (p->m <= 0 || p->n <= 0) return plan;
  if (p->k <= 0) {
    plan.way = gemm_plan::bias_alone;
    p->splits = 0;
    return plan;
  }
  if (p->m <= thin_rows) {
    plan.way = gemm_plan::thin;
    if (!p->b.along_k)
      split(p, ceil_div(p->n, 256), 4 * int64_t(context->multiprocessors), shortest_split);
  } else if (p->rounds) {
    plan_bf16(context, &plan);
  } else {
    plan.way = gemm_plan::fma;
    if (is_ready(p->a, true) && is_ready(p->b, true) && library_takes(*p))
      plan.found = find_library_product(context, *p);
  }
  bool is_done = plan.way == gemm_plan::tensor && choose_wgmma(context, &plan);
  if (plan.way != gemm_plan::thin && !is_done) choose_tiles(&plan, context->multiprocessors);
  int64_t ours = 0, theirs = plan.found ? scratch_of(plan.found) : 0;
  if (p->splits > 1) ours = p->splits * partial_size(p->m, p->n) * int64_t(sizeof(float));
  plan.scratch = take_room(&plan, ours > theirs ? ours : theirs);
  return plan;
}

/// Whether a Q8 b is read as it is. A single column is no line of it that many threads could share.
static bool reads_q8(const struct gemm *call) {
  return call->b_type == ELEMENT_Q8 && call->m > 0 && call->m <= thin_rows && call->n > 1 &&
         call->k > 0;
}

/// The product of another Q8 b, as that of what b becomes at the beginning of the workspace.
struct widened_product {
  struct gemm call;
  int64_t bytes; // that b takes there

  explicit widened_product(const struct gemm *of) : call(*of) {
    call.b_type = of->compute;
    int64_t size = call.n * call.k * (of->compute == ELEMENT_F32 ? 4 : 2);
    bytes = ceil_div(size, RUNEXP_ALIGNMENT) * RUNEXP_ALIGNMENT;
    call.b = of->workspace;
    call.workspace = static_cast<unsigned char *>(of->workspace) + bytes;
  }
};

int64_t gemm_workspace(kernel_context *context, const struct gemm *call) {
  if (call->b_type != ELEMENT_Q8) return plan_of(context, call).bytes;
  if (reads_q8(call)) return 0;
  widened_product widened(call);
  return widened.bytes + plan_of(context, &widened.call).bytes;
}

/// Packs an operand into the workspace, where that is wanted.
static void pack(kernel_context *context, const packing &what, operand *x, void *workspace) {
  if (!what.wanted) return;
  unsigned char *to = static_cast<unsigned char *>(workspace) + what.at;
  x->data = to;
  pack_operand(context, what, reinterpret_cast<bf16 *>(to), x->stride);
}

void gemm(kernel_context *context, const struct gemm *call) {
  if (reads_q8(call)) return multiply_thin_q8(context, product_of(call), call->b);
  if (call->b_type == ELEMENT_Q8) {
    widened_product widened(call);
    widen_q8(context, call->workspace, widened.call.b_type, call->b, call->n, call->k);
    return gemm(context, &widened.call);
  }
  gemm_plan plan = plan_of(context, call);
  product &p = plan.p;
  pack(context, plan.a, &p.a, call->workspace);
  pack(context, plan.b, &p.b, call->workspace);
  void *scratch = static_cast<unsigned char *>(call->workspace) + plan.scratch;
  if (plan.found && multiply_library(context, p, plan.found, scratch)) return;
  p.partials = static_cast<float *>(scratch);
  switch (plan.way) {
    case gemm_plan::nothing: return;
    case gemm_plan::bias_alone: break;
    case gemm_plan::thin: multiply_thin(context, p); break;
    case gemm_plan::fma: multiply_fma(context, p, plan.large); break;
    case gemm_plan::wgmma: multiply_wgmma(context, p, plan.wide); break;
    case gemm_plan::tensor:
      if (plan.large && !plan.converts)
        multiply_tensor(context, p);
      else
        multiply_tensor_converting(context, p, plan.large);
      break;
  }
  if (p.splits != 1) add_partials(context, p);
}

bool supports_gemm(kernel_context *context, const struct gemm *call, char *reason,
                   int64_t capacity) {
  const char *obstacle = nullptr;
  if (call->a_type == ELEMENT_Q8 || call->c_type == ELEMENT_Q8 ||
      (call->b_type == ELEMENT_Q8 && !call->b_transposed))
    obstacle = "a Q8 matrix that is no transposed b";
  if (call->bias && call->accumulate) obstacle = "a bias on what is added to a matrix";
  if (call->epilogue.kind != EPILOGUE_NONE) obstacle = "an activation within a product";
  if (obstacle && capacity > 0) snprintf(reason, static_cast<size_t>(capacity), "%s", obstacle);
  return !obstacle;
}

} // namespace plugin
