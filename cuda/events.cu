// Places in the stream, and the seconds between two. An event of the table is CUDA's own.
#include "entries.cuh"

#include <cmath>

namespace plugin {

static cudaEvent_t cuda_event(kernel_event *event) { return reinterpret_cast<cudaEvent_t>(event); }

kernel_event *create_event(kernel_context *context) {
  cudaEvent_t event = nullptr;
  if (!enter(context) ||
      !check(context, cudaEventCreateWithFlags(&event, cudaEventDefault), "making an event"))
    return nullptr;
  return reinterpret_cast<kernel_event *>(event);
}

void destroy_event(kernel_context *context, kernel_event *event) {
  if (enter(context)) check(context, cudaEventDestroy(cuda_event(event)), "ending an event");
}

bool record_event(kernel_context *context, kernel_event *event) {
  return enter(context) &&
         check(context, cudaEventRecord(cuda_event(event), context->stream), "recording an event");
}

double elapsed(kernel_context *context, kernel_event *from, kernel_event *to) {
  float milliseconds = 0;
  if (!synchronise(context) ||
      !check(context, cudaEventElapsedTime(&milliseconds, cuda_event(from), cuda_event(to)),
             "asking for a time"))
    return NAN;
  return milliseconds * 1e-3;
}

} // namespace plugin
