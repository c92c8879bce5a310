// What the parts of the plugin share: a context, the work that it is given, and what is asked of
// its memory.
#ifndef RUNEXP_DELAYED_H
#define RUNEXP_DELAYED_H

#include "delayed_plugin.h"

/// A field of a call that is a pointer.
struct pointer_field {
  char name[32]; // as `mask.bias`
  size_t offset; // in the call, in bytes
  bool may_be_null;
  bool is_list; // of `count` parameters, which have pointers in turn
};

/// One kind of work: what runs it, and where its call has pointers.
struct work {
  const char *name;
  void (*run)(struct kernel_context *cpu, void *call); // with the host's addresses
  int pointer_count;
  struct pointer_field pointers[24];
  size_t count_offset; // of `count`
};

/// What can go wrong on a device, as the environment asks for it: see faults.c.
struct faults {
  int64_t calls;        // that run before one fails; negative: none does
  const char *sentence; // what is said of it
  int64_t memory;       // bytes that there are
  int64_t room;         // bytes that it gives at most
  const char *refusal;  // why no product can be done that has a bias; null: all can
};

struct block {
  uintptr_t address;
  int64_t bytes;
};

/// The blocks that are there, by their addresses.
struct block_list {
  struct block *blocks;
  int64_t count, capacity, bytes;
};

struct kernel_context {
  struct kernel_context *cpu;
  struct queue *queue;
  struct kernel_graph *capture; // what is given goes here; null: into the queue
  struct block_list device, host;
  struct faults faults;
  char error[256]; // what went wrong first; empty while nothing has
};

static inline const struct kernels *cpu(void) { return runexp_cpu_kernels(); }

// fields.c

typedef void field_listing(struct work *work, const char *format, ...);

/// Notes one field, as the compiler lists those of a struct.
field_listing delayed_note_field;

enum { CALL_WORDS = 64 };

/// Fills in where a call has pointers: each word of the call that is listed holds its offset.
#define FIND_POINTERS(work, type)                                                                  \
  do {                                                                                             \
    static_assert(sizeof(type) <= CALL_WORDS * sizeof(size_t), "a call of more words");            \
    union {                                                                                        \
      size_t words[CALL_WORDS];                                                                    \
      type call;                                                                                   \
    } listed;                                                                                      \
    for (size_t i = 0; i < CALL_WORDS; i++) listed.words[i] = i * sizeof(size_t);                  \
    (work)->pointer_count = 0;                                                                     \
    __builtin_dump_struct(&listed.call, delayed_note_field, work);                                 \
  } while (0)

/// Gives a call the addresses that the host has of what it points to.
///
/// Returns the list that it had to copy, to be freed; null where there is none.
void *delayed_translate(const struct work *work, void *call);
void delayed_find_parameters(void);

// memory.c

/// The host's address of what a pointer of the device leads to.
void *delayed_host_address(const void *pointer);
/// Whether `bytes` from a pointer on lie in one block of the device; where not, the device has
/// failed. `name` is the pointer's.
bool delayed_check_device(struct kernel_context *c, const char *work, const char *name,
                          const void *pointer, int64_t bytes);
/// Whether a pointer is one of the host's.
bool delayed_check_host(struct kernel_context *c, const char *work, const void *pointer);
/// Whether a call's pointers lead to blocks of the device that are there; where not, the device
/// has failed.
bool delayed_check_call(struct kernel_context *c, const struct work *work, const void *call);
void delayed_free_lists(struct kernel_context *c);

void *delayed_allocate(struct kernel_context *c, int64_t bytes);
void delayed_release(struct kernel_context *c, void *block, int64_t bytes);
void *delayed_allocate_host(struct kernel_context *c, int64_t bytes);
void delayed_release_host(struct kernel_context *c, void *block, int64_t bytes);
struct device_memory delayed_memory(struct kernel_context *c);

// transfers.c

bool delayed_upload(struct kernel_context *c, void *block, const void *host, int64_t bytes);
bool delayed_download(struct kernel_context *c, void *host, const void *block, int64_t bytes);
bool delayed_copy(struct kernel_context *c, void *to, const void *from, int64_t bytes);
bool delayed_zero(struct kernel_context *c, void *block, int64_t bytes);
void delayed_find_transfers(void);

// queue.c

/// Says what went wrong, unless something did before. Returns false.
bool delayed_fail(struct kernel_context *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/// Puts a copy of a call at the end of the queue, or among what is captured. False where the device
/// has failed.
bool delayed_give(struct kernel_context *c, const struct work *work, const void *call,
                  size_t bytes);
/// Whether this may be done now: not between the two ends of a capture.
bool delayed_allows(struct kernel_context *c, const char *what);
bool delayed_create_queue(struct kernel_context *c);
void delayed_destroy_queue(struct kernel_context *c);

bool delayed_synchronise(struct kernel_context *c);
bool delayed_begin_capture(struct kernel_context *c);
struct kernel_graph *delayed_end_capture(struct kernel_context *c);
bool delayed_replay(struct kernel_context *c, struct kernel_graph *graph);
void delayed_release_graph(struct kernel_context *c, struct kernel_graph *graph);

// events.c

struct kernel_event *delayed_create_event(struct kernel_context *c);
void delayed_destroy_event(struct kernel_context *c, struct kernel_event *event);
bool delayed_record_event(struct kernel_context *c, struct kernel_event *event);
double delayed_elapsed(struct kernel_context *c, struct kernel_event *from,
                       struct kernel_event *to);

// kernels.c

#define KERNEL(name) void delayed_##name(struct kernel_context *c, const struct name *call);
RUNEXP_KERNELS(KERNEL, KERNEL)
KERNEL(gemm_pack)
#undef KERNEL
extern const struct attention_kernel delayed_naive, delayed_flash1, delayed_flash2, delayed_flash3;
bool delayed_supports_gemm(struct kernel_context *c, const struct gemm *call, char *reason,
                           int64_t capacity);
void delayed_find_kernels(void);

// faults.c

struct faults delayed_read_faults(void);
/// The one ABI that the plugin knows.
int64_t delayed_abi(void);
/// Why there is no device; null: there is one.
const char *delayed_absence(void);
/// Why its flash3 refuses all attention; null: it has none.
const char *delayed_flash3_refusal(void);
/// What the device calls itself.
const char *delayed_name(void);

#endif
