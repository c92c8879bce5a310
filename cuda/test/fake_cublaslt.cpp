// A cuBLASLt for the emulated device: what the plugin would ask of the library is computed on the
// host, from its very descriptions: types, orders, leading dimensions, transpositions, bias,
// workspace. What the library's documentation does not allow is refused. RUNEXP_FAKE_CUBLASLT=fails
// refuses products.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <vector>

#include "../cublaslt.cuh"
#include "../ptx.cuh"

namespace lt = plugin::lt;

enum : int { invalid_value = 7, execution_failed = 13, not_supported = 15 };
static lt::status status_of(int number) { return static_cast<lt::status>(number); }

struct plugin::lt::opaque_handle {};
struct plugin::lt::opaque_layout {
  int type;
  uint64_t rows, columns;
  int64_t stride;
};
struct plugin::lt::opaque_description {
  int compute, scale, of_a, of_b;
  uint32_t epilogue;
  const float *bias;
};
struct plugin::lt::opaque_preference {
  uint64_t workspace;
  uint32_t reduction, alignments[4];
};

static int products = 0, refusals = 0, failures = 0;
static std::set<std::vector<int>> kinds; // of products: transpositions and types
static lt::status refuse(const char *why) {
  refusals++;
  fprintf(stderr, "the fake cuBLASLt refuses: %s\n", why);
  return status_of(invalid_value);
}

/// What an algorithm is for, so that it is used for nothing else.
static lt::algorithm algorithm_for(lt::description d, lt::layout a, lt::layout b, lt::layout c) {
  lt::algorithm found = {
      {0x1a7, a->rows << 32 | a->columns, b->rows << 32 | b->columns, c->rows << 32 | c->columns,
       uint64_t(a->stride) << 32 | uint64_t(b->stride), uint64_t(a->type) << 32 | uint64_t(c->type),
       uint64_t(d->of_a) << 32 | uint64_t(d->of_b), d->epilogue}};
  return found;
}

static size_t workspace_for(lt::layout c) { return 256 * (1 + c->rows % 7) + 4; }

static float element(const void *data, int type, int64_t i) {
  if (type == lt::r_32f) return static_cast<const float *>(data)[i];
  uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t *>(data)[i]) << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void set(void *data, int type, int64_t i, float value) {
  if (type == lt::r_32f)
    static_cast<float *>(data)[i] = value;
  else
    static_cast<uint16_t *>(data)[i] = cvt_rn_bf16(value);
}

/// d = alpha op(a) op(b) + beta c + bias, all column-major.
struct work {
  lt::opaque_description description;
  lt::opaque_layout a, b, c;
  const void *a_data, *b_data;
  void *c_data, *workspace;
  size_t workspace_bytes;
  float alpha, beta;
  void operator()() const {
    memset(workspace, 0xff, workspace_bytes); // whoever else has put something there, loses it
    bool a_turned = description.of_a == lt::op_t, b_turned = description.of_b == lt::op_t;
    uint64_t steps = a_turned ? a.rows : a.columns;
    for (uint64_t j = 0; j < c.columns; j++) {
      for (uint64_t i = 0; i < c.rows; i++) {
        double sum = 0;
        for (uint64_t k = 0; k < steps; k++) {
          int64_t in_a = int64_t(a_turned ? k : i) + int64_t(a_turned ? i : k) * a.stride;
          int64_t in_b = int64_t(b_turned ? j : k) + int64_t(b_turned ? k : j) * b.stride;
          sum += double(element(a_data, a.type, in_a)) * double(element(b_data, b.type, in_b));
        }
        int64_t at = int64_t(i) + int64_t(j) * c.stride;
        sum *= double(alpha);
        if (beta != 0) sum += double(beta) * double(element(c_data, c.type, at));
        if (description.epilogue == lt::epilogue_bias) sum += double(description.bias[i]);
        set(c_data, c.type, at, float(sum));
      }
    }
  }
};

extern "C" {

int fake_cublaslt_products() { return products; }
int fake_cublaslt_kinds() { return static_cast<int>(kinds.size()); }
int fake_cublaslt_refusals() { return refusals; }
int fake_cublaslt_failures() { return failures; }

lt::status cublasLtCreate(lt::handle *handle) {
  *handle = new lt::opaque_handle;
  return lt::success;
}
lt::status cublasLtDestroy(lt::handle handle) {
  delete handle;
  return lt::success;
}

lt::status cublasLtMatmulDescCreate(lt::description *description, int compute, int scale) {
  *description =
      new lt::opaque_description{compute, scale, lt::op_n, lt::op_n, lt::epilogue_default, nullptr};
  return lt::success;
}
lt::status cublasLtMatmulDescDestroy(lt::description description) {
  delete description;
  return lt::success;
}
lt::status cublasLtMatmulDescSetAttribute(lt::description d, int attribute, const void *value,
                                          size_t size) {
  void *to = attribute == 3   ? static_cast<void *>(&d->of_a)
             : attribute == 4 ? static_cast<void *>(&d->of_b)
             : attribute == 7 ? static_cast<void *>(&d->epilogue)
             : attribute == 8 ? static_cast<void *>(&d->bias)
                              : nullptr;
  if (!to || size != (attribute == 8 ? sizeof(void *) : 4))
    return refuse("an attribute of a product");
  memcpy(to, value, size);
  return lt::success;
}

lt::status cublasLtMatrixLayoutCreate(lt::layout *layout, int type, uint64_t rows, uint64_t columns,
                                      int64_t stride) {
  *layout = new lt::opaque_layout{type, rows, columns, stride};
  return lt::success;
}
lt::status cublasLtMatrixLayoutDestroy(lt::layout layout) {
  delete layout;
  return lt::success;
}

lt::status cublasLtMatmulPreferenceCreate(lt::preference *preference) {
  *preference = new lt::opaque_preference{0, 7, {256, 256, 256, 256}};
  return lt::success;
}
lt::status cublasLtMatmulPreferenceDestroy(lt::preference preference) {
  delete preference;
  return lt::success;
}
lt::status cublasLtMatmulPreferenceSetAttribute(lt::preference p, int attribute, const void *value,
                                                size_t size) {
  void *to = attribute == 1                     ? static_cast<void *>(&p->workspace)
             : attribute == 3                   ? static_cast<void *>(&p->reduction)
             : attribute >= 5 && attribute <= 8 ? static_cast<void *>(&p->alignments[attribute - 5])
                                                : nullptr;
  if (!to || size != (attribute == 1 ? 8 : 4)) return refuse("an attribute of a preference");
  memcpy(to, value, size);
  return lt::success;
}

lt::status cublasLtMatmulAlgoGetHeuristic(lt::handle, lt::description d, lt::layout a, lt::layout b,
                                          lt::layout c, lt::layout result,
                                          lt::preference preference, int wanted,
                                          lt::heuristic_result *results, int *count) {
  *count = 0;
  if (d->compute != 68 || d->scale != lt::r_32f) return refuse("what it computes with");
  bool f32 = a->type == lt::r_32f;
  if (a->type != b->type || c != result || (f32 && c->type != lt::r_32f) ||
      (c->type != lt::r_32f && c->type != lt::r_16bf))
    return refuse("types that do not go together");
  if (d->epilogue == lt::epilogue_bias && c->type != lt::r_32f)
    return refuse("a bias of another type than the result's");
  bool a_turned = d->of_a == lt::op_t, b_turned = d->of_b == lt::op_t;
  if ((a_turned ? a->columns : a->rows) != c->rows ||
      (b_turned ? b->rows : b->columns) != c->columns ||
      (a_turned ? a->rows : a->columns) != (b_turned ? b->columns : b->rows))
    return refuse("sizes that do not go together");
  for (lt::layout x : {a, b, c}) {
    if (x->stride < int64_t(x->rows)) return refuse("a leading dimension below the number of rows");
    if (x->stride * (x->type == lt::r_32f ? 4 : 2) % 16 != 0)
      return refuse("lines that are not aligned");
  }
  if (preference->reduction != 2) return refuse("an order of sums that is not fixed");
  for (uint32_t alignment : preference->alignments)
    if (alignment != 16) return refuse("another alignment than there is");
  if (preference->workspace < workspace_for(c) || wanted < 1)
    return refuse("no room for an algorithm");
  results[0] = {};
  results[0].algo = algorithm_for(d, a, b, c);
  results[0].workspace_size = workspace_for(c);
  *count = 1;
  return lt::success;
}

lt::status cublasLtMatmul(lt::handle, lt::description d, const void *alpha, const void *a_data,
                          lt::layout a, const void *b_data, lt::layout b, const void *beta,
                          const void *c_data, lt::layout c, void *result, lt::layout result_layout,
                          const lt::algorithm *algorithm, void *workspace, size_t workspace_bytes,
                          cudaStream_t stream) {
  const char *mode = getenv("RUNEXP_FAKE_CUBLASLT");
  if (mode && strcmp(mode, "fails") == 0) return failures++, status_of(execution_failed);
  lt::algorithm expected = algorithm_for(d, a, b, c);
  if (memcmp(&expected, algorithm, sizeof expected) != 0)
    return refuse("an algorithm for another product");
  if (c_data != result || c != result_layout) return refuse("a result elsewhere");
  for (const void *x : {a_data, b_data, c_data, static_cast<const void *>(d->bias)})
    if (reinterpret_cast<uintptr_t>(x) % 16 != 0) return refuse("an address that is not aligned");
  if (!workspace || reinterpret_cast<uintptr_t>(workspace) % 256 != 0 ||
      workspace_bytes < workspace_for(c))
    return refuse("the workspace");
  products++;
  kinds.insert({d->of_a, d->of_b, a->type, c->type});
  emulation::give(stream,
                  work{*d, *a, *b, *c, a_data, b_data, result, workspace, workspace_bytes,
                       *static_cast<const float *>(alpha), *static_cast<const float *>(beta)});
  return lt::success;
}
}
