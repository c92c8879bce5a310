// Capture and replay on the host: a graph is the list of the calls that were kept, each with its
// own copy of its struct.
#include "capture.h"

#include <stdlib.h>
#include <string.h>

struct captured_call {
  struct captured_call *next;
  void (*run)(struct kernel_context *, const void *call);
  _Alignas(16) char call[];
};

struct kernel_graph {
  struct captured_call *first, *last;
  bool is_incomplete; // there was no memory for a call
};

bool runexp_host_begin_capture(struct kernel_context *context) {
  struct kernel_graph **capture = runexp_host_capture(context);
  if (*capture) return false;
  *capture = calloc(1, sizeof **capture);
  return *capture != NULL;
}

bool runexp_host_captures(struct kernel_context *context,
                          void (*run)(struct kernel_context *, const void *), const void *call,
                          size_t bytes) {
  struct kernel_graph *graph = *runexp_host_capture(context);
  if (!graph) return false;
  struct captured_call *kept = aligned_alloc(16, (sizeof *kept + bytes + 15) / 16 * 16);
  if (!kept) {
    graph->is_incomplete = true;
    return true;
  }
  *kept = (struct captured_call){.run = run};
  memcpy(kept->call, call, bytes);
  *(graph->last ? &graph->last->next : &graph->first) = kept;
  graph->last = kept;
  return true;
}

struct kernel_graph *runexp_host_end_capture(struct kernel_context *context) {
  struct kernel_graph **capture = runexp_host_capture(context), *graph = *capture;
  *capture = NULL;
  if (!graph || !graph->is_incomplete) return graph;
  runexp_host_release_graph(context, graph);
  return NULL;
}

bool runexp_host_replay(struct kernel_context *context, struct kernel_graph *graph) {
  for (struct captured_call *kept = graph->first; kept; kept = kept->next)
    kept->run(context, kept->call);
  return true;
}

void runexp_host_release_graph(struct kernel_context *context, struct kernel_graph *graph) {
  for (struct captured_call *kept = graph->first, *next; kept; kept = next) {
    next = kept->next;
    free(kept);
  }
  free(graph);
}
