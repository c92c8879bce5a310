// Capture and replay: a step's calls become a CUDA graph, which is launched as one.
#include "entries.cuh"

namespace plugin {

static cudaGraphExec_t cuda_graph(kernel_graph *graph) {
  return reinterpret_cast<cudaGraphExec_t>(graph);
}

// Relaxed: an allocation in between is allowed, and is not part of the graph.
bool begin_capture(kernel_context *context) {
  return enter(context) &&
         check(context, cudaStreamBeginCapture(context->stream, cudaStreamCaptureModeRelaxed),
               "beginning a capture");
}

kernel_graph *end_capture(kernel_context *context) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t instance = nullptr;
  cudaError_t error = cudaStreamEndCapture(context->stream, &graph);
  if (check(context, error, "a capture"))
    check(context, cudaGraphInstantiate(&instance, graph, 0), "making a graph of a capture");
  if (graph) cudaGraphDestroy(graph);
  return context->has_failed ? nullptr : reinterpret_cast<kernel_graph *>(instance);
}

bool replay(kernel_context *context, kernel_graph *graph) {
  return enter(context) &&
         check(context, cudaGraphLaunch(cuda_graph(graph), context->stream), "a replay");
}

// CUDA keeps what it needs of a graph that is still running until it has run.
void release_graph(kernel_context *context, kernel_graph *graph) {
  if (enter(context)) check(context, cudaGraphExecDestroy(cuda_graph(graph)), "ending a graph");
}

} // namespace plugin
