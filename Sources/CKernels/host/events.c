// Events on the host, where work is done as soon as it is given: times of its clock.
#include "host.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

struct kernel_event {
  double seconds; // NaN before it is recorded
};

struct kernel_event *runexp_host_create_event(struct kernel_context *context) {
  struct kernel_event *event = malloc(sizeof *event);
  if (event) event->seconds = NAN;
  return event;
}

void runexp_host_destroy_event(struct kernel_context *context, struct kernel_event *event) {
  free(event);
}

bool runexp_host_record_event(struct kernel_context *context, struct kernel_event *event) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  event->seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  return true;
}

double runexp_host_elapsed(struct kernel_context *context, struct kernel_event *from,
                           struct kernel_event *to) {
  return to->seconds - from->seconds;
}
