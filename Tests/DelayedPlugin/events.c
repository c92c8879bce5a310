// Places in the queue, and the time between two: when they are reached, not when they are given.
#include "delayed.h"

#include <math.h>

static void run_record(struct kernel_context *context, void *call) {
  cpu()->record_event(context, *(struct kernel_event **)call);
}

static void run_destroy(struct kernel_context *context, void *call) {
  cpu()->destroy_event(context, *(struct kernel_event **)call);
}

struct kernel_event *delayed_create_event(struct kernel_context *c) {
  return c->error[0] ? NULL : cpu()->create_event(c->cpu);
}

// In its place in the stream: what was given before may still record it.
void delayed_destroy_event(struct kernel_context *c, struct kernel_event *event) {
  static const struct work work = {.name = "destroy_event", .run = run_destroy};
  if (delayed_allows(c, "destroy_event")) delayed_give(c, &work, &event, sizeof event);
}

bool delayed_record_event(struct kernel_context *c, struct kernel_event *event) {
  static const struct work work = {.name = "record_event", .run = run_record};
  return delayed_allows(c, "record_event") && delayed_give(c, &work, &event, sizeof event);
}

double delayed_elapsed(struct kernel_context *c, struct kernel_event *from,
                       struct kernel_event *to) {
  return delayed_synchronise(c) ? cpu()->elapsed(c->cpu, from, to) : NAN;
}
