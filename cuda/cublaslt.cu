// Products by cuBLASLt, where the library can be opened; without it they are computed by our own
// kernels. It is opened at a context's first product. RUNEXP_CUBLASLT is the library's path, a
// folder that holds it, or `off`.
//
// cuBLASLt's matrices are column-major, so that c lies there as c^T [n, m], and what is computed is
// c^T = op(b)^T op(a)^T: its A is our b, its B our a.
//
// A library that fails in a product is done with, and our own kernels go on; one that was asked for
// by its path fails the context.
//
// The algorithm is chosen once for a shape and kept; it may split k, but then adds the parts in the
// workspace. So the same product has the same bits each time.
#include "cublaslt.cuh"
#include "entries.cuh"
#include "gemm.cuh"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <string>
#include <sys/stat.h>
#include <tuple>

#if defined(__CUDACC__) && __has_include(<cublasLt.h>)
#include <cublasLt.h>
namespace plugin::lt {
static_assert(int(success) == CUBLAS_STATUS_SUCCESS);
static_assert(int(r_32f) == CUDA_R_32F && int(r_16bf) == CUDA_R_16BF);
static_assert(int(compute_32f) == CUBLAS_COMPUTE_32F);
static_assert(int(op_n) == CUBLAS_OP_N && int(op_t) == CUBLAS_OP_T);
static_assert(int(epilogue_default) == CUBLASLT_EPILOGUE_DEFAULT);
static_assert(int(epilogue_bias) == CUBLASLT_EPILOGUE_BIAS);
static_assert(int(description_transa) == CUBLASLT_MATMUL_DESC_TRANSA);
static_assert(int(description_transb) == CUBLASLT_MATMUL_DESC_TRANSB);
static_assert(int(description_epilogue) == CUBLASLT_MATMUL_DESC_EPILOGUE);
static_assert(int(description_bias_pointer) == CUBLASLT_MATMUL_DESC_BIAS_POINTER);
static_assert(int(preference_max_workspace_bytes) == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
static_assert(int(preference_reduction_scheme_mask) == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
static_assert(int(preference_min_alignment_a_bytes) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
static_assert(int(preference_min_alignment_b_bytes) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
static_assert(int(preference_min_alignment_c_bytes) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
static_assert(int(preference_min_alignment_d_bytes) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
static_assert(int(reduction_scheme_compute_type) == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
static_assert(sizeof(algorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(heuristic_result) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(heuristic_result, workspace_size) ==
              offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(heuristic_result, state) ==
              offsetof(cublasLtMatmulHeuristicResult_t, state));
} // namespace plugin::lt
#endif

namespace plugin {

/// What the library calls a product: its matrices, and the algorithm that was chosen.
struct library_product {
  lt::description description;
  lt::layout a, b, c;
  lt::algorithm algorithm;
  size_t scratch;
  bool is_there; // whether there is an algorithm
};

/// All that an algorithm depends on.
typedef std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, bool, bool, bool, bool, bool>
    shape_key;

static shape_key key_of(const product &p) {
  return {p.m,         p.n,         p.k,        p.a.stride, p.b.stride,
          p.a.along_k, p.b.along_k, p.a.is_f32, p.c_is_f32, p.bias != nullptr};
}

} // namespace plugin

struct gemm_library {
  plugin::lt::functions call;
  plugin::lt::handle handle; // null: there is no library, or it is not wanted
  bool was_asked_for;        // by its path
  bool has_failed;           // in a product, and is asked for none any more
  std::map<plugin::shape_key, plugin::library_product> products;
};

namespace plugin {

/// The scratch memory that an algorithm may ask for: what NVIDIA advises, 32 MiB on Hopper.
static uint64_t most_scratch(const kernel_context *context) {
  return uint64_t(context->capability >= 90 ? 32 : 4) << 20;
}

static void fail_in_library(kernel_context *context, const char *what, const char *why) {
  if (context->has_failed) return;
  context->has_failed = true;
  snprintf(context->failure, sizeof context->failure, "%s: %s", what, why);
}

/// The library in a folder, whose name ends with a slash; where that is empty, in those that the
/// dynamic linker searches.
static void *open_in(const std::string &folder) {
  for (const char *name : {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"})
    if (void *file = dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL)) return file;
  return nullptr;
}

/// The library's file, and what is the matter where it is not as `path` says.
static void *open_file(const char *path, const char **why) {
  *why = nullptr;
  struct stat status;
  void *file = nullptr;
  if (path && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
    file = open_in(std::string(path) + "/");
    if (!file) *why = "there is no libcublasLt in the folder";
  } else if (path) {
    file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!file) *why = dlerror();
  } else {
    file = open_in("");
    const char *toolkits[] = {getenv("CUDA_HOME"), getenv("CUDA_PATH"), "/usr/local/cuda"};
    for (const char *toolkit : toolkits)
      if (!file && toolkit && *toolkit) file = open_in(std::string(toolkit) + "/lib64/");
  }
  return file;
}

static bool find_functions(void *file, lt::functions *call, const char **why) {
#define FIND(name, suffix, parameters)                                                             \
  if (void *found = dlsym(file, "cublasLt" #suffix)) {                                             \
    memcpy(&call->name, &found, sizeof found);                                                     \
  } else {                                                                                         \
    *why = "there is no cublasLt" #suffix " in it";                                                \
    return false;                                                                                  \
  }
  RUNEXP_CUBLASLT(FIND)
#undef FIND
  return true;
}

/// Opens the library, once. A path that was asked for must do; without one, a library that is
/// missing or does not start is as good as none. It is never closed again: others may use it too.
static gemm_library *library_of(kernel_context *context) {
  if (context->library) return context->library;
  gemm_library *library = context->library = new gemm_library();
  const char *path = getenv("RUNEXP_CUBLASLT"), *why = nullptr;
  if (path && strcmp(path, "off") == 0) return library;
  if (path && !*path) path = nullptr;
  library->was_asked_for = path != nullptr;
  void *file = open_file(path, &why);
  if (file && find_functions(file, &library->call, &why) &&
      library->call.create(&library->handle) != lt::success) {
    library->handle = nullptr;
    why = "cublasLtCreate failed";
  }
  if (path && why)
    fail_in_library(context, "RUNEXP_CUBLASLT names a library that does not work", why);
  return library;
}

void close_library(kernel_context *context) {
  gemm_library *library = context->library;
  if (!library) return;
  for (auto &[key, found] : library->products) {
    if (found.description) library->call.destroy_description(found.description);
    for (lt::layout layout : {found.a, found.b, found.c})
      if (layout) library->call.destroy_layout(layout);
  }
  if (library->handle) library->call.destroy(library->handle);
  delete library;
  context->library = nullptr;
}

/// Describes an operand, whose lines are the columns of a column-major matrix.
static lt::status create_layout(const lt::functions &call, lt::layout *layout, const operand &x,
                                int64_t extent, int64_t k) {
  int64_t lines = x.along_k ? extent : k, length = x.along_k ? k : extent;
  return call.create_layout(layout, x.is_f32 ? lt::r_32f : lt::r_16bf, uint64_t(length),
                            uint64_t(lines), x.stride);
}

static lt::status describe(const lt::functions &call, const product &p, library_product *found) {
  // Of b^T [n, k], lines along k are columns of its transpose; of a^T [k, m] they are its own.
  lt::operation of_a = p.b.along_k ? lt::op_t : lt::op_n, of_b = p.a.along_k ? lt::op_n : lt::op_t;
  lt::epilogue epilogue = p.bias ? lt::epilogue_bias : lt::epilogue_default;
  const void *bias = reinterpret_cast<const void *>(uintptr_t(16)); // for its alignment alone
  lt::status s = call.create_description(&found->description, lt::compute_32f, lt::r_32f);
  auto set = [&](lt::description_attribute attribute, const void *value, size_t size) {
    if (s == lt::success) s = call.describe(found->description, attribute, value, size);
  };
  set(lt::description_transa, &of_a, sizeof of_a);
  set(lt::description_transb, &of_b, sizeof of_b);
  set(lt::description_epilogue, &epilogue, sizeof epilogue);
  if (p.bias) set(lt::description_bias_pointer, &bias, sizeof bias);
  if (s == lt::success) s = create_layout(call, &found->a, p.b, p.n, p.k);
  if (s == lt::success) s = create_layout(call, &found->b, p.a, p.m, p.k);
  if (s == lt::success)
    s = call.create_layout(&found->c, p.c_is_f32 ? lt::r_32f : lt::r_16bf, uint64_t(p.n),
                           uint64_t(p.m), p.n);
  return s;
}

/// Asks for the algorithm that the library thinks the fastest.
static bool choose(gemm_library *library, uint64_t most_scratch, library_product *found) {
  const lt::functions &call = library->call;
  lt::preference preference = nullptr;
  lt::status s = call.create_preference(&preference);
  auto prefer = [&](lt::preference_attribute attribute, auto value) {
    if (s == lt::success) s = call.prefer(preference, attribute, &value, sizeof value);
  };
  prefer(lt::preference_max_workspace_bytes, most_scratch);
  prefer(lt::preference_reduction_scheme_mask, lt::reduction_scheme_compute_type);
  for (auto of : {lt::preference_min_alignment_a_bytes, lt::preference_min_alignment_b_bytes,
                  lt::preference_min_alignment_c_bytes, lt::preference_min_alignment_d_bytes})
    prefer(of, uint32_t(16));
  lt::heuristic_result result = {};
  int count = 0;
  if (s == lt::success)
    s = call.find_algorithms(library->handle, found->description, found->a, found->b, found->c,
                             found->c, preference, 1, &result, &count);
  if (preference) call.destroy_preference(preference);
  found->algorithm = result.algo;
  found->scratch = result.workspace_size;
  return s == lt::success && count > 0 && result.state == lt::success;
}

library_product *find_library_product(kernel_context *context, const product &p) {
  if (!enter(context)) return nullptr;
  gemm_library *library = library_of(context);
  if (!library->handle || library->has_failed) return nullptr;
  auto [place, is_new] = library->products.try_emplace(key_of(p));
  library_product *found = &place->second;
  if (is_new)
    found->is_there = describe(library->call, p, found) == lt::success &&
                      choose(library, most_scratch(context), found);
  return found->is_there ? found : nullptr;
}

int64_t scratch_of(const library_product *found) { return int64_t(found->scratch); }

bool multiply_library(kernel_context *context, const product &p, library_product *found,
                      void *scratch) {
  if (!enter(context)) return true;
  gemm_library *library = context->library;
  const lt::functions &call = library->call;
  float alpha = 1, beta = p.accumulate ? 1 : 0;
  lt::status s = lt::success;
  if (p.bias) {
    const void *bias = p.bias;
    s = call.describe(found->description, lt::description_bias_pointer, &bias, sizeof bias);
  }
  if (s == lt::success)
    s = call.multiply(library->handle, found->description, &alpha, p.b.data, found->a, p.a.data,
                      found->b, &beta, p.c, found->c, p.c, found->c, &found->algorithm,
                      found->scratch > 0 ? scratch : nullptr, found->scratch, context->stream);
  if (s == lt::success) return true;
  library->has_failed = true;
  if (!library->was_asked_for) return false;
  char why[64];
  snprintf(why, sizeof why, "cuBLAS status %d", int(s));
  fail_in_library(context, "cublasLtMatmul failed", why);
  return true;
}

} // namespace plugin
