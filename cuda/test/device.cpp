// A plugin's device, as the program uses it: the order of work, staging, events, capture, memory
// that runs out, and failure. Run over the emulation, whose streams are late.
//   device LIBRARY          RUNEXP_EMULATION_FAILURE=1 device LIBRARY   the same device, which
// fails
#include "plugin.h"

static float *floats(kernel_context *context, int64_t count) {
  return static_cast<float *>(table->allocate(context, count * 4));
}

static std::vector<float> values(kernel_context *context, const float *block, int64_t count) {
  std::vector<float> result(static_cast<size_t>(count));
  expect(table->download(context, result.data(), block, count * 4), "a download works");
  return result;
}

static void set(kernel_context *context, float *block, float value) {
  expect(table->upload(context, block, &value, 4), "an upload works");
}

/// Uploads larger than the staging memory, and many small ones, whose source is gone at once.
static void test_transfers() {
  kernel_context *context = open_context();
  int64_t large = (9 << 20) + 1, small = 1000;
  float *a = floats(context, large), *b = floats(context, large), *c = floats(context, small);
  std::vector<float> source(static_cast<size_t>(large));
  for (size_t i = 0; i < source.size(); i++) source[i] = static_cast<float>(i % 1000003);
  expect(table->upload(context, a, source.data(), large * 4), "a large upload works");
  memset(source.data(), 0, source.size() * 4);
  for (int i = 0; i < small; i++) set(context, c + i, static_cast<float>(i));
  expect(table->copy(context, b, a, large * 4), "a copy works");
  expect(table->zero(context, a, large * 4), "zeros work");
  std::vector<float> from_a = values(context, a, large), from_b = values(context, b, large);
  std::vector<float> from_c = values(context, c, small);
  bool holds = true;
  for (size_t i = 0; i < from_b.size(); i++)
    holds &= from_a[i] == 0 && from_b[i] == static_cast<float>(i % 1000003);
  for (size_t i = 0; i < from_c.size(); i++) holds &= from_c[i] == static_cast<float>(i);
  expect(holds, "transfers are done in their order, of what was there when they were given");
  for (float *block : {a, b}) table->release(context, block, large * 4);
  table->release(context, c, small * 4);
  table->destroy(context);
}

static void test_events() {
  kernel_context *context = open_context();
  float *block = floats(context, 1 << 16);
  kernel_event *from = table->create_event(context), *to = table->create_event(context);
  scale call = {{block, false}, block, 1 << 16, 2, ELEMENT_F32};
  table->record_event(context, from);
  table->scale(context, &call);
  table->record_event(context, to);
  double seconds = table->elapsed(context, from, to);
  expect(seconds > 0 && seconds < 60, "a kernel takes some time");
  table->destroy_event(context, from);
  table->destroy_event(context, to);
  table->release(context, block, 4 << 16);
  table->destroy(context);
}

static void test_capture() {
  kernel_context *context = open_context();
  float *x = floats(context, 1), *sum = floats(context, 1);
  set(context, x, 3);
  set(context, sum, 1);
  expect(table->begin_capture(context), "a capture begins");
  expect(!table->begin_capture(context), "but not within another");
  table->destroy(context);

  context = open_context();
  x = floats(context, 1), sum = floats(context, 1);
  set(context, x, 3);
  set(context, sum, 1);
  expect(table->begin_capture(context), "a capture begins");
  float *within = floats(context, 1);
  expect(within != nullptr, "memory can be had during a capture");
  scale twice = {{within, false}, x, 1, 2, ELEMENT_F32};
  accumulate to_sum = {{sum, true}, within, 1, ELEMENT_F32};
  table->scale(context, &twice);
  table->accumulate(context, &to_sum);
  twice.factor = 100; // the call was read
  kernel_graph *graph = table->end_capture(context);
  expect(graph != nullptr, "a capture gives a graph");
  expect(values(context, sum, 1)[0] == 1, "what is captured does not run");
  table->replay(context, graph);
  set(context, x, 10);
  table->replay(context, graph);
  table->release_graph(context, graph);
  expect(values(context, sum, 1)[0] == 1 + 6 + 20, "a replay reads what is in memory then");
  expect(table->error(context) == nullptr, "nothing has failed");
  table->destroy(context);
}

static void test_memory() {
  kernel_context *context = open_context();
  device_memory before = table->memory(context);
  void *block = table->allocate(context, 1 << 20);
  expect(table->memory(context).free == before.free - (1 << 20), "a block takes memory");
  expect(reinterpret_cast<uintptr_t>(block) % RUNEXP_ALIGNMENT == 0, "a block is aligned");
  expect(!table->allocate(context, before.total + 1), "there is no more than there is");
  expect(table->error(context) == nullptr, "which is no failure");
  table->release(context, block, 1 << 20);
  expect(table->memory(context).free == before.free, "a block is given back");
  void *pinned = table->allocate_host(context, 100);
  expect(pinned != nullptr, "there is memory of the host");
  table->release_host(context, pinned, 100);
  table->destroy(context);
}

/// Memory that is wanted for more than blocks: a kernel's code, a graph.
static void test_shortage() {
  for (bool of_graph : {false, true}) {
    kernel_context *context = open_context();
    float *block = floats(context, 2);
    set(context, block, 5);
    // No other test has launched either of these.
    activation_forward of_one = {block + 1, block, 1, ACTIVATION_RELU, ELEMENT_F32};
    softcap_forward of_other = {block + 1, block, 1, 30, ELEMENT_F32};
    if (of_graph) {
      table->softcap_forward(context, &of_other);
      expect(table->begin_capture(context), "a capture begins");
      table->softcap_forward(context, &of_other);
    }
    device_memory memory = table->memory(context);
    setenv("RUNEXP_EMULATION_MEMORY", std::to_string(memory.total - memory.free).c_str(), 1);
    expect(!table->allocate(context, 4) && !table->error(context), "a lack is no failure");
    if (of_graph)
      expect(!table->end_capture(context), "there is no graph");
    else
      table->activation_forward(context, &of_one);
    expect(!table->synchronise(context), "what could not be launched is missing");
    const char *sentence = table->error(context), *begin = RUNEXP_OUT_OF_MEMORY ": none was left";
    expect(sentence && strncmp(sentence, begin, strlen(begin)) == 0, "the sentence says why");
    unsetenv("RUNEXP_EMULATION_MEMORY");
    table->destroy(context);
  }
}

/// What fails at once, and then everything.
static void test_failure() {
  kernel_context *context = open_context();
  float host = 0, *block = floats(context, 1);
  kernel_event *event = table->create_event(context);
  table->record_event(context, event);
  set(context, block, 5);
  expect(!table->copy(context, &host, block, 4), "a copy to the host's memory fails");
  const char *sentence = table->error(context);
  expect(sentence && strstr(sentence, "a copy failed"), "the sentence says what failed");
  expect(!table->synchronise(context) && !table->upload(context, block, &host, 4) &&
             !table->download(context, &host, block, 4) && !table->zero(context, block, 4) &&
             !table->begin_capture(context) && !table->allocate(context, 4),
         "everything fails from then on");
  scale call = {{block, false}, block, 1, 2, ELEMENT_F32};
  table->scale(context, &call);
  expect(std::isnan(table->elapsed(context, event, event)), "a time is no number");
  expect(table->error(context) == sentence && strstr(sentence, "a copy failed"),
         "the first failure stays");
  table->destroy(context);
}

/// What fails when it runs, after its call has returned.
static void test_late_failure() {
  kernel_context *context = open_context();
  float *block = floats(context, 1);
  set(context, block, 1);
  scale call = {{block, false}, block, 1, 2, ELEMENT_F32};
  for (int i = 0; i < 3; i++) table->scale(context, &call);
  expect(table->error(context) == nullptr, "nothing has failed that has not run");
  expect(!table->synchronise(context), "who waits for it is told");
  const char *sentence = table->error(context);
  expect(sentence && strstr(sentence, "work on the GPU failed: the kernel '"), "in a sentence");
  table->release(context, block, 4);
  table->destroy(context);
}

static void test_rates() {
  kernel_context *context = open_context();
  expect(table->threads(context) == 1, "no thread of the host computes");
  expect(table->measure_peak(context, ELEMENT_F32) > 0, "a peak in f32");
  expect(table->measure_peak(context, ELEMENT_BF16) > 0, "a peak in bf16");
  expect(table->measure_bandwidth(context) > 0, "a bandwidth");
  table->destroy(context);
}

int main(int count, char **arguments) {
  open_table(count, arguments);
  if (getenv("RUNEXP_EMULATION_FAILURE")) {
    test_late_failure();
    return failures ? 1 : 0;
  }
  test_transfers();
  test_events();
  test_capture();
  test_memory();
  test_shortage();
  test_failure();
  test_rates();
  printf("the device: %s\n", failures ? "NOT RIGHT" : "right");
  return failures ? 1 : 0;
}
