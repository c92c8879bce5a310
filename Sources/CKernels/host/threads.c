// The thread pool: regions of independent tasks, handed out one at a time by an atomic counter.
// Not a scheduler: no queues, no nesting, no priorities.
//
// The caller opens a region, works in it like any worker, and closes it when the tasks have run
// out. A worker joins through the gate, one atomic word; one that wakes too late finds the gate
// closed and is not waited for. So a region never waits for a thread that the operating system has
// put aside, only for those at work in it.
//
// Who waits spins for about as long as sleeping and waking take, and then sleeps on the word itself
// (a futex): so what waiting costs, the processors or the one who waits, is at most twice the least
// possible.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "host.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pool_times.h"

// The gate: bit 0 open, bits 1-11 the number of workers that joined, the rest the region's number,
// which begins again after a million.
enum { GATE_OPEN = 1, GATE_JOIN = 2, GATE_JOINED_MASK = 0xffe, GATE_REGION = 0x1000 };
_Static_assert(RUNEXP_MAX_THREADS *GATE_JOIN <= GATE_JOINED_MASK, "the gate counts all workers");

struct kernel_context {
  int64_t threads;
  pthread_t *workers;
  int64_t started;

  pthread_mutex_t region; // held by the caller of a region: one at a time
  void (*run)(void *, int64_t, int64_t);
  void *argument;
  int64_t tasks;

  _Alignas(64) _Atomic int64_t next;
  _Alignas(64) _Atomic uint32_t gate; // waiting workers look at this line
  _Atomic bool stop;

  _Alignas(64) _Atomic uint32_t finished; // workers that joined this region and have left it
  _Atomic uint32_t awaited;               // how many the caller sleeps for; 0 while it does not
  _Atomic uint32_t sleepers;              // workers that sleep or are about to

  bool keeps_time; // changes between regions
  int64_t regions; // nanoseconds, of the caller
  _Atomic int64_t working;

  struct kernel_graph *capture;
  struct original original;
};

struct worker_start {
  struct kernel_context *context;
  int64_t worker;
};

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

// About what it takes to wake a thread. A bound in turns would be another time on each processor: a
// pause takes from one cycle to 140.
enum { SPIN_NANOSECONDS = 50000 };
enum { TURNS_PER_LOOK = 32 }; // at the clock

struct spin {
  int turns;
  int64_t end;
};

/// Pauses for a moment; false once it is time to sleep.
static bool keeps_spinning(struct spin *spin) {
  relax();
  if (++spin->turns % TURNS_PER_LOOK != 0) return true;
  int64_t now = nanoseconds();
  if (spin->end == 0) spin->end = now + SPIN_NANOSECONDS;
  return now < spin->end;
}

/// Sleeps while a word has a value, until it is woken, or for no reason.
static void sleep_on(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int sleepers) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, sleepers, NULL, NULL, 0);
}

static void work(struct kernel_context *c, int64_t worker) {
  int64_t start = c->keeps_time ? nanoseconds() : 0;
  for (;;) {
    int64_t task = atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed);
    if (task >= c->tasks) break;
    c->run(c->argument, task, worker);
  }
  if (start) atomic_fetch_add(&c->working, nanoseconds() - start);
}

static bool is_new(uint32_t gate, uint32_t seen) {
  return (gate & GATE_OPEN) && gate / GATE_REGION != seen;
}

/// Waits until another region than `seen` is open or the pool stops.
static void await_region(struct kernel_context *c, uint32_t seen) {
  struct spin spin = {0};
  do {
    if (is_new(atomic_load(&c->gate), seen) || atomic_load(&c->stop)) return;
  } while (keeps_spinning(&spin));
  // Announced before the gate is looked at once more: the opener either is seen here or sees a
  // sleeper.
  atomic_fetch_add(&c->sleepers, 1);
  for (;;) {
    uint32_t gate = atomic_load(&c->gate);
    if (is_new(gate, seen) || atomic_load(&c->stop)) break;
    sleep_on(&c->gate, gate);
  }
  atomic_fetch_sub(&c->sleepers, 1);
}

static void *worker_main(void *argument) {
  struct worker_start start = *(struct worker_start *)argument;
  free(argument);
  struct kernel_context *c = start.context;
  uint32_t seen = 0;
  for (;;) {
    await_region(c, seen);
    if (atomic_load(&c->stop)) return NULL;
    uint32_t gate = atomic_load(&c->gate);
    if (!is_new(gate, seen) || !atomic_compare_exchange_strong(&c->gate, &gate, gate + GATE_JOIN))
      continue;
    seen = gate / GATE_REGION;
    work(c, start.worker);
    if (atomic_fetch_add(&c->finished, 1) + 1 == atomic_load(&c->awaited)) wake(&c->finished, 1);
  }
}

/// Waits until as many workers have left as joined.
static void await_workers(struct kernel_context *c, uint32_t joined) {
  struct spin spin = {0};
  do {
    if (atomic_load(&c->finished) == joined) return;
  } while (keeps_spinning(&spin));
  atomic_store(&c->awaited, joined);
  for (;;) {
    uint32_t finished = atomic_load(&c->finished);
    if (finished == joined) break;
    sleep_on(&c->finished, finished);
  }
  atomic_store(&c->awaited, 0);
}

/// Puts another state into the gate, and wakes so many of those who sleep before it, at most.
static void change_gate(struct kernel_context *c, uint32_t gate, int64_t most) {
  atomic_store(&c->gate, gate);
  if (atomic_load(&c->sleepers) > 0) wake(&c->gate, (int)most);
}

static uint32_t next_region(struct kernel_context *c) {
  return (atomic_load(&c->gate) / GATE_REGION + 1) * GATE_REGION;
}

void parallel_for(struct kernel_context *c, int64_t tasks, void (*run)(void *, int64_t, int64_t),
                  void *argument) {
  // The caller's own work is no region.
  if (c->started == 0 || tasks <= 1) {
    for (int64_t task = 0; task < tasks; task++) run(argument, task, 0);
    return;
  }
  pthread_mutex_lock(&c->region);
  int64_t start = c->keeps_time ? nanoseconds() : 0;
  c->run = run;
  c->argument = argument;
  c->tasks = tasks;
  atomic_store(&c->next, 0);
  atomic_store(&c->finished, 0);
  int64_t helpers = tasks - 1 < c->started ? tasks - 1 : c->started; // the caller takes a task too
  change_gate(c, next_region(c) | GATE_OPEN, helpers);
  work(c, 0);
  uint32_t closed = atomic_fetch_and(&c->gate, ~(uint32_t)GATE_OPEN);
  await_workers(c, (closed & GATE_JOINED_MASK) / GATE_JOIN);
  if (start) c->regions += nanoseconds() - start;
  pthread_mutex_unlock(&c->region);
}

struct ranges {
  int64_t n, grain;
  void (*run)(void *, int64_t, int64_t);
  void *argument;
};

static void run_range(void *argument, int64_t task, int64_t worker) {
  const struct ranges *r = argument;
  int64_t begin = task * r->grain, end = begin + r->grain;
  r->run(r->argument, begin, end < r->n ? end : r->n);
}

void parallel_ranges(struct kernel_context *context, int64_t n, int64_t grain,
                     void (*run)(void *, int64_t, int64_t), const void *argument) {
  if (grain < 1) grain = 1;
  struct ranges ranges = {n, grain, run, (void *)argument};
  parallel_for(context, (n + grain - 1) / grain, run_range, &ranges);
}

struct kernel_context *runexp_host_create_idle(const struct device_options *options, char *reason,
                                               int64_t capacity) {
  if (options->ordinal != 0) {
    snprintf(reason, (size_t)capacity, "there is one CPU, number 0, and no number %lld",
             (long long)options->ordinal);
    return NULL;
  }
  int64_t threads = options->threads < 1 ? 1 : options->threads;
  if (threads > RUNEXP_MAX_THREADS) threads = RUNEXP_MAX_THREADS;
  struct kernel_context *c = aligned_alloc(64, (sizeof *c + 63) / 64 * 64);
  if (!c) {
    snprintf(reason, (size_t)capacity, "there is no memory for a pool of threads");
    return NULL;
  }
  *c = (struct kernel_context){.threads = threads};
  pthread_mutex_init(&c->region, NULL);
  return c;
}

struct kernel_context *runexp_host_create(const struct device_options *options, char *reason,
                                          int64_t capacity) {
  struct kernel_context *c = runexp_host_create_idle(options, reason, capacity);
  if (!c) return NULL;
  c->workers = calloc((size_t)c->threads, sizeof *c->workers);
  if (!c->workers) {
    snprintf(reason, (size_t)capacity, "there is no memory for a pool of threads");
    runexp_host_destroy(c);
    return NULL;
  }
  for (int64_t worker = 1; worker < c->threads; worker++) {
    struct worker_start *start = malloc(sizeof *start);
    if (!start) break;
    *start = (struct worker_start){c, worker};
    if (pthread_create(&c->workers[c->started], NULL, worker_main, start) != 0) {
      free(start);
      break; // Fewer threads than asked for: the same results, later.
    }
    c->started++;
  }
  c->threads = c->started + 1;
  return c;
}

void runexp_host_destroy(struct kernel_context *c) {
  atomic_store(&c->stop, true);
  change_gate(c, next_region(c), c->started); // Whoever looked before does not fall asleep.
  for (int64_t i = 0; i < c->started; i++) pthread_join(c->workers[i], NULL);
  pthread_mutex_destroy(&c->region);
  free(c->workers);
  free(c);
}

int64_t runexp_host_threads(struct kernel_context *c) { return c->threads; }

struct kernel_graph **runexp_host_capture(struct kernel_context *c) { return &c->capture; }

struct original *runexp_host_original(struct kernel_context *c) { return &c->original; }

bool runexp_keep_pool_times(const struct kernels *table, struct kernel_context *c, bool keeps) {
  if (table->destroy != runexp_host_destroy) return false;
  c->keeps_time = keeps;
  c->regions = 0;
  atomic_store(&c->working, 0);
  return true;
}

struct pool_times runexp_pool_times(struct kernel_context *c) {
  return (struct pool_times){1e-9 * (double)c->regions, 1e-9 * (double)atomic_load(&c->working)};
}
