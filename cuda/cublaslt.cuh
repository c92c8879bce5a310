// What is used of cuBLASLt, declared by hand, so that the plugin builds without its header and runs
// without the library. Names and numbers are those of cublasLt.h (12 and 13); cublaslt.cu holds
// them to it where it is there.
#ifndef RUNEXP_CUBLASLT_CUH
#define RUNEXP_CUBLASLT_CUH

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

namespace plugin::lt {

typedef struct opaque_handle *handle;
typedef struct opaque_description *description; // of a product
typedef struct opaque_layout *layout;           // of a matrix: column-major
typedef struct opaque_preference *preference;

enum status : int { success = 0 };
enum data_type : int { r_32f = 0, r_16bf = 14 };
enum compute_type : int { compute_32f = 68 }; // f32 products are f32, not TF32
enum operation : int32_t { op_n = 0, op_t = 1 };
enum epilogue : uint32_t { epilogue_default = 1, epilogue_bias = 4 };
enum description_attribute : int {
  description_transa = 3,
  description_transb = 4,
  description_epilogue = 7,
  description_bias_pointer = 8
};
enum preference_attribute : int {
  preference_max_workspace_bytes = 1,
  preference_reduction_scheme_mask = 3,
  preference_min_alignment_a_bytes = 5,
  preference_min_alignment_b_bytes = 6,
  preference_min_alignment_c_bytes = 7,
  preference_min_alignment_d_bytes = 8
};
/// How the parts are added where k is split: in the workspace, in f32. Not in place, in c.
enum reduction_scheme : uint32_t { reduction_scheme_compute_type = 2 };

struct algorithm {
  uint64_t data[8];
};

struct heuristic_result {
  algorithm algo;
  size_t workspace_size;
  status state;
  float waves_count;
  int reserved[4];
};

/// The functions, by their names in the library: X(member, suffix of cublasLt, parameters).
#define RUNEXP_CUBLASLT(X)                                                                         \
  X(create, Create, (handle *))                                                                    \
  X(destroy, Destroy, (handle))                                                                    \
  X(create_description, MatmulDescCreate, (description *, compute_type, data_type))                \
  X(destroy_description, MatmulDescDestroy, (description))                                         \
  X(describe, MatmulDescSetAttribute, (description, description_attribute, const void *, size_t))  \
  X(create_layout, MatrixLayoutCreate, (layout *, data_type, uint64_t, uint64_t, int64_t))         \
  X(destroy_layout, MatrixLayoutDestroy, (layout))                                                 \
  X(create_preference, MatmulPreferenceCreate, (preference *))                                     \
  X(destroy_preference, MatmulPreferenceDestroy, (preference))                                     \
  X(prefer, MatmulPreferenceSetAttribute,                                                          \
    (preference, preference_attribute, const void *, size_t))                                      \
  X(find_algorithms, MatmulAlgoGetHeuristic,                                                       \
    (handle, description, layout, layout, layout, layout, preference, int, heuristic_result *,     \
     int *))                                                                                       \
  X(multiply, Matmul,                                                                              \
    (handle, description, const void *, const void *, layout, const void *, layout, const void *,  \
     const void *, layout, void *, layout, const algorithm *, void *, size_t, cudaStream_t))

struct functions {
#define MEMBER(name, suffix, parameters) status(*name) parameters;
  RUNEXP_CUBLASLT(MEMBER)
#undef MEMBER
};

} // namespace plugin::lt

#endif
