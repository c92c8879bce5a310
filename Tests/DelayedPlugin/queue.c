// The queue: what is given waits in it until somebody waits for it, or until it is full. Then a
// thread of its own runs all of it, and the caller waits: either of the two runs, never both.
#include "delayed.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// As many calls wait at most.
enum { CAPACITY = 1024 };

/// A call in the queue, with its own copy of what it was given.
struct item {
  struct item *next;
  const struct work *work;
  struct kernel_graph *replayed; // instead of a call of its own
  size_t bytes;
  _Alignas(16) char call[];
};

/// Calls in their order: what waits, or what was captured.
struct kernel_graph {
  struct item *first, *last;
};

struct queue {
  pthread_t worker;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct kernel_graph waiting;
  int64_t count;
  bool runs, stops;
};

bool delayed_fail(struct kernel_context *c, const char *format, ...) {
  if (c->error[0]) return false;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(c->error, sizeof c->error, format, arguments);
  va_end(arguments);
  return false;
}

static void append(struct kernel_graph *calls, struct item *item) {
  *(calls->last ? &calls->last->next : &calls->first) = item;
  calls->last = item;
}

static void free_calls(struct kernel_graph *calls) {
  for (struct item *item = calls->first, *next; item; item = next) {
    next = item->next;
    free(item);
  }
}

/// Runs one call, unless the device has failed or is to fail now.
static void run_one(struct kernel_context *c, const struct item *item) {
  if (c->faults.calls >= 0 && c->faults.calls-- == 0) delayed_fail(c, "%s", c->faults.sentence);
  if (c->error[0]) return;
  size_t call[CALL_WORDS]; // what is captured stays as it is
  memcpy(call, item->call, item->bytes);
  void *list = delayed_translate(item->work, call);
  item->work->run(c->cpu, call);
  free(list);
}

static void *work(void *argument) {
  struct kernel_context *c = argument;
  struct queue *queue = c->queue;
  pthread_mutex_lock(&queue->lock);
  for (;;) {
    while (!queue->runs && !queue->stops) pthread_cond_wait(&queue->changed, &queue->lock);
    if (queue->stops) break;
    for (struct item *item = queue->waiting.first; item; item = item->next)
      if (item->replayed)
        for (struct item *one = item->replayed->first; one; one = one->next) run_one(c, one);
      else
        run_one(c, item);
    free_calls(&queue->waiting);
    queue->waiting = (struct kernel_graph){0};
    queue->count = 0;
    queue->runs = false;
    pthread_cond_broadcast(&queue->changed);
  }
  pthread_mutex_unlock(&queue->lock);
  return NULL;
}

bool delayed_create_queue(struct kernel_context *c) {
  struct queue *queue = c->queue = calloc(1, sizeof *queue);
  if (!queue) return false;
  pthread_mutex_init(&queue->lock, NULL);
  pthread_cond_init(&queue->changed, NULL);
  return pthread_create(&queue->worker, NULL, work, c) == 0;
}

void delayed_destroy_queue(struct kernel_context *c) {
  struct queue *queue = c->queue;
  pthread_mutex_lock(&queue->lock);
  queue->stops = true;
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
  pthread_join(queue->worker, NULL);
  pthread_cond_destroy(&queue->changed);
  pthread_mutex_destroy(&queue->lock);
  free(queue);
}

// What the caller does.

/// Lets the queue run until it is empty. False where the device has failed.
static bool drain(struct kernel_context *c) {
  struct queue *queue = c->queue;
  pthread_mutex_lock(&queue->lock);
  queue->runs = true;
  pthread_cond_broadcast(&queue->changed);
  while (queue->runs) pthread_cond_wait(&queue->changed, &queue->lock);
  pthread_mutex_unlock(&queue->lock);
  return !c->error[0];
}

static struct item *new_item(size_t bytes) {
  struct item *item = aligned_alloc(16, (sizeof(struct item) + bytes + 15) / 16 * 16);
  if (!item) abort();
  *item = (struct item){.bytes = bytes};
  return item;
}

static bool enqueue(struct kernel_context *c, struct item *item) {
  append(&c->queue->waiting, item);
  return ++c->queue->count < CAPACITY ? !c->error[0] : drain(c);
}

bool delayed_give(struct kernel_context *c, const struct work *work, const void *call,
                  size_t bytes) {
  if (!delayed_check_call(c, work, call)) return false;
  struct item *item = new_item(bytes);
  item->work = work;
  memcpy(item->call, call, bytes);
  if (!c->capture) return enqueue(c, item);
  append(c->capture, item);
  return !c->error[0];
}

bool delayed_allows(struct kernel_context *c, const char *what) {
  return !c->capture || delayed_fail(c, "%s: while work is captured", what);
}

bool delayed_synchronise(struct kernel_context *c) {
  return delayed_allows(c, "synchronise") && drain(c);
}

bool delayed_begin_capture(struct kernel_context *c) {
  if (!delayed_allows(c, "begin_capture")) return false;
  if (c->error[0]) return false;
  c->capture = calloc(1, sizeof *c->capture);
  return c->capture != NULL;
}

struct kernel_graph *delayed_end_capture(struct kernel_context *c) {
  struct kernel_graph *graph = c->capture;
  c->capture = NULL;
  if (!c->error[0]) return graph;
  free_calls(graph);
  free(graph);
  return NULL;
}

bool delayed_replay(struct kernel_context *c, struct kernel_graph *graph) {
  if (!delayed_allows(c, "replay")) return false;
  // What they point to must still be there.
  for (struct item *item = graph->first; item; item = item->next)
    if (!delayed_check_call(c, item->work, item->call)) return false;
  struct item *item = new_item(0);
  item->replayed = graph;
  return enqueue(c, item);
}

static void run_release_graph(struct kernel_context *context, void *call) {
  struct kernel_graph *graph = *(struct kernel_graph **)call;
  free_calls(graph);
  free(graph);
}

void delayed_release_graph(struct kernel_context *c, struct kernel_graph *graph) {
  static const struct work work = {.name = "release_graph", .run = run_release_graph};
  if (delayed_allows(c, "release_graph")) delayed_give(c, &work, &graph, sizeof graph);
}
