// The one table of kernels. Each device fills this struct: the CPU, the naive reference that it is
// checked against, the meta device that only counts memory, and plugins such as CUDA's. What calls
// them cannot tell them apart. docs/kernels.md says more of what a plugin must do.
//
// Conventions
// - A kernel takes its context and one call: a struct of the kernel's name whose fields are its
//   outputs, its inputs, sizes, scalars, element types and workspace, in this order. Sizes are
//   64-bit. The call is read before the kernel returns; what its pointers lead to is read and
//   written when the kernel runs.
// - A gradient is named d + name and is a `struct gradient`: the first writer overwrites, later
//   ones add.
// - Activations (x, out, q, logits, ...) have the element type `type`; parameters, their gradients,
//   saved statistics and optimizer state are f32. Arithmetic and accumulation are f32 or better.
// - Tensors are contiguous; the shape of each is given in brackets, slowest dimension first. A size
//   may be 0: then there is nothing to do but what an empty sum or product leaves, such as zeros in
//   a gradient that is overwritten.
// - A pointer into a block may stand at any element of it, so it is aligned to its element alone.
//   Outputs overlap neither each other nor an input, but where a call says that they may.
// - A kernel never allocates and keeps no state between calls. What scratch memory it needs it says
//   in its ..._workspace function, in bytes, of the same call; the caller brings it, so that it is
//   accounted for.
// - Reductions have a fixed order that does not depend on the number of threads: same input, same
//   bits.
//
// Order
// - Work is done in the order in which it was given: kernels, uploads, copies and zeros of one
//   context form one stream, and each sees what those before it wrote. Nothing else is promised: a
//   call may return before its work is begun.
// - These wait until all work before them is done: `download`, `synchronise`, `elapsed`, `destroy`.
//   `upload` returns once the host's bytes have been read, whenever they arrive.
// - `release` takes its place in the stream: work that was given before still has the block.
// - A context is used by one thread at a time, and not always by the same. Contexts know nothing of
//   each other, and may be used by several threads at once.
//
// Capture
// - From `begin_capture` to `end_capture` only kernels, `copy`, `zero` and `allocate` are called,
//   and questions such as ..._workspace. What is given is not run but kept, each call as it is: a
//   graph.
// - `replay` runs a graph's calls in their order, as one piece of work at its place in the stream.
//   Whatever they point to must still be there, and what else has used it meanwhile is overwritten:
//   the caller sees to that. What another step has others of is not in the calls but in memory that
//   they point to, such as `struct step_scalars`, and is uploaded before the replay.
// - `release_graph` takes its place in the stream, as `release` does.
//
// Pointers
// - Every pointer in a call leads to memory of the device, from `allocate`; the call itself, and
//   `host` of uploads and downloads, to the host's. `allocate_host` is memory of the host that
//   transfers need not stage.
//
// Failure
// - What can fail at once says so: null or false. Work that fails later, on the device, makes every
//   call after it do nothing; those that give a bool give false, those that give memory, an event
//   or a graph null, and `error` says in a sentence what went wrong first, which stays there until
//   `destroy`. There is no way back but that. A null without an `error` is a lack of memory. A
//   sentence that begins with RUNEXP_OUT_OF_MEMORY says that what failed has found none: a kernel's
//   code or a graph, which the device could not do without.
#ifndef RUNEXP_KERNELS_H
#define RUNEXP_KERNELS_H

#include "calls.h"
#include "kernels.def"

#define RUNEXP_KERNELS_ABI 10
#define RUNEXP_ALIGNMENT 256
#define RUNEXP_OUT_OF_MEMORY "out of memory"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// A device's own state: a thread pool, a stream. Opaque to callers.
struct kernel_context;

/// One attention algorithm. A row that sees no key gives 0, and gradients of 0.
struct attention_kernel {
  /// Whether the device computes this attention, forward and, if asked for, backward. Where not,
  /// `reason` names what is in the way, such as "an explicit mask", as after `create`. The answer
  /// may depend on heads, kv_heads, head_dim, type, causal, how rows are held (tensor or cache, and
  /// their type), and on whether there are slopes, masks, a softcap and a window; not on batch,
  /// queries, keys, offset, slots or strides, for it is asked once and holds for other sizes. The
  /// shape's pointers tell what there is and are not followed.
  bool (*supports)(struct kernel_context *context, const struct attention *shape, bool backward,
                   char *reason, int64_t capacity);
  /// Floats that forward saves for backward, in whatever form backward of the same algorithm wants
  /// them. Here flash2 saves the log-sum-exp [batch, heads, queries] of what its tiles hold, -inf
  /// for a row that sees nothing; flash1 the running maximum and sum, two of these; naive the
  /// probabilities [batch, heads, queries, keys].
  int64_t (*saved_floats)(const struct attention *shape);
  int64_t (*workspace)(struct kernel_context *context, const struct attention *shape,
                       bool backward);
  void (*forward)(struct kernel_context *context, const struct attention_forward *call);
  void (*backward)(struct kernel_context *context, const struct attention_backward *call);
};

/// What a device is created with.
struct device_options {
  int64_t threads; // of the host that may compute, at least 1
  int64_t ordinal; // which of the devices of this kind, from 0
};

/// Bytes.
struct device_memory {
  int64_t free, total;
};

/// A place in a context's stream of work. Opaque to callers.
struct kernel_event;

/// Work that was captured. Opaque to callers.
struct kernel_graph;

struct kernels {
  int64_t abi;  // RUNEXP_KERNELS_ABI
  int64_t size; // sizeof(struct kernels)
  const char *name;

  // The device.

  /// How many devices of this kind there are.
  int64_t (*count)(void);
  /// Null where the device cannot be used: `reason` then holds a sentence, at most `capacity` bytes
  /// with its end.
  struct kernel_context *RUNEXP_NULLABLE (*RUNEXP_NONNULL create)(
      const struct device_options *options, char *reason, int64_t capacity);
  void (*destroy)(struct kernel_context *context);
  /// One line such as "x86-64-v3 (AVX2, FMA), 2 threads": what computes, by which runs are held
  /// against each other, and after the first comma outside brackets all else that is to be known.
  void (*describe)(struct kernel_context *context, char *text, int64_t capacity);
  /// Threads of the host that compute; 1 where the device is none of the host's processors.
  int64_t (*threads)(struct kernel_context *context);
  /// The device's memory as it is now.
  struct device_memory (*memory)(struct kernel_context *context);
  /// Measured peak of multiply-adds on operands of a type with f32 accumulation, in FLOP/s (a
  /// multiply-add is two) over the whole device, and bandwidth of reading memory that no cache
  /// holds, in bytes/s. Each takes about a tenth of a second, after all work before it is done; 0
  /// where it failed, which `error` tells.
  double (*measure_peak)(struct kernel_context *context, element_type type);
  double (*measure_bandwidth)(struct kernel_context *context);
  /// What went wrong first, in a sentence; null while nothing has.
  const char *RUNEXP_NULLABLE (*RUNEXP_NONNULL error)(struct kernel_context *context);

  // Memory. Blocks are aligned to RUNEXP_ALIGNMENT bytes; null where there is no more.

  void *RUNEXP_NULLABLE (*RUNEXP_NONNULL allocate)(struct kernel_context *context, int64_t bytes);
  /// `bytes` are those that it was allocated with.
  void (*release)(struct kernel_context *context, void *block, int64_t bytes);
  void *RUNEXP_NULLABLE (*RUNEXP_NONNULL allocate_host)(struct kernel_context *context,
                                                        int64_t bytes);
  void (*release_host)(struct kernel_context *context, void *block, int64_t bytes);
  bool (*upload)(struct kernel_context *context, void *block, const void *host, int64_t bytes);
  bool (*download)(struct kernel_context *context, void *host, const void *block, int64_t bytes);
  /// Between two blocks that do not overlap.
  bool (*copy)(struct kernel_context *context, void *to, const void *from, int64_t bytes);
  bool (*zero)(struct kernel_context *context, void *block, int64_t bytes);
  bool (*synchronise)(struct kernel_context *context);

  // Time on the device: an event is a place in the stream.

  struct kernel_event *RUNEXP_NULLABLE (*RUNEXP_NONNULL create_event)(
      struct kernel_context *context);
  /// Takes its place in the stream, as `release` does.
  void (*destroy_event)(struct kernel_context *context, struct kernel_event *event);
  bool (*record_event)(struct kernel_context *context, struct kernel_event *event);
  /// Seconds between two recorded events; NaN where work between them failed.
  double (*elapsed)(struct kernel_context *context, struct kernel_event *from,
                    struct kernel_event *to);

  // Capture.

  bool (*begin_capture)(struct kernel_context *context);
  /// Null where the device could not keep all of it: `error` then says why.
  struct kernel_graph *RUNEXP_NULLABLE (*RUNEXP_NONNULL end_capture)(
      struct kernel_context *context);
  bool (*replay)(struct kernel_context *context, struct kernel_graph *graph);
  void (*release_graph)(struct kernel_context *context, struct kernel_graph *graph);

  // Attention: the algorithms. A device that lacks one leaves it null.

#define ATTENTION(name) const struct attention_kernel *RUNEXP_NULLABLE name;
  RUNEXP_ATTENTIONS(ATTENTION)
#undef ATTENTION

  /// Whether the device computes this product, as `attention_kernel.supports`. The answer may
  /// depend on all but m, n, k and the workspace.
  bool (*supports_gemm)(struct kernel_context *context, const struct gemm *call, char *reason,
                        int64_t capacity);

  // Operands that are packed once for many products. A device that packs none leaves both null.

  /// The bytes that b of this product has, packed; 0 where the product reads it as it is.
  int64_t (*RUNEXP_NULLABLE gemm_packed_bytes)(struct kernel_context *context,
                                               const struct gemm *call);
  /// A kernel, in the stream as all others: what it gives is `packed_b` of the products that come
  /// after it. Their results are the same bits with it as without.
  void (*RUNEXP_NULLABLE gemm_pack)(struct kernel_context *context, const struct gemm_pack *call);

  /// Several products at once, where the device gains by that; null where it does not, and the
  /// caller asks for one after another. Of products that `supports_gemm` allows.
  void (*RUNEXP_NULLABLE gemm_group)(struct kernel_context *context, const struct gemm_group *call);
  int64_t (*RUNEXP_NULLABLE gemm_group_workspace)(struct kernel_context *context,
                                                  const struct gemm_group *call);

  // The kernels.

#define KERNEL(name) void (*name)(struct kernel_context * context, const struct name *call);
#define WITH_WORKSPACE(name)                                                                       \
  KERNEL(name)                                                                                     \
  int64_t (*name##_workspace)(struct kernel_context * context, const struct name *call);
  RUNEXP_KERNELS(KERNEL, WITH_WORKSPACE)
#undef KERNEL
#undef WITH_WORKSPACE
};

/// What a plugin exports, under this name: its table, which is never freed; null where it has none
/// of this ABI version. A plugin in C++ sees here that the name is C's.
const struct kernels *RUNEXP_NULLABLE runexp_kernels(int64_t abi);

/// The name of a kernel, by its place in the list; null after the last.
static inline const char *RUNEXP_NULLABLE runexp_kernel_name(int64_t index) {
#define NAME(name) #name,
  static const char *const names[] = {RUNEXP_KERNELS(NAME, NAME)};
#undef NAME
  const int64_t count = sizeof names / sizeof *names;
  return index >= 0 && index < count ? names[index] : NULL;
}

/// The name of the first entry that a table leaves null and may not; null where it is whole.
const char *RUNEXP_NULLABLE runexp_missing_entry(const struct kernels *table);

/// The fast CPU kernels, for the best instruction set that this processor has or, if it has that,
/// for the one that the environment names as RUNEXP_ISA.
const struct kernels *runexp_cpu_kernels(void);
/// The same for a named instruction set, "generic", "v2", "v3" or "v4"; null where the processor
/// lacks it.
const struct kernels *RUNEXP_NULLABLE runexp_cpu_kernels_for(const char *instruction_set);
/// Single-threaded loops that follow the formulas and accumulate in double: what the others are
/// checked against.
const struct kernels *runexp_reference_kernels(void);
/// The reference with a naive attention whose every intermediate is really rounded to the element
/// type: the yardstick of what a faultless kernel of that precision may be off by.
const struct kernels *runexp_rounded_kernels(void);
/// A new table of kernels that compute nothing on memory that is only counted, with the name and
/// the attention algorithms of another table; downloads give zeros. `free` releases it, after its
/// contexts. Null where there is no memory for it.
struct kernels *RUNEXP_NULLABLE runexp_create_meta_kernels(const struct kernels *of);
/// Lets a context of such a table answer what it is asked, such as how much scratch memory a call
/// needs, as `original` does, which is a context of the table that it was made of. Before this it
/// may be asked nothing.
void runexp_meta_stand_for(struct kernel_context *context, const struct kernels *of,
                           struct kernel_context *original);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
