// Who runs next: the threads of a block, on fibers. A fiber runs one thread after another until one
// of them waits; that thread keeps the fiber, and another fiber goes on.
#include "block.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>

#include "fiber.h"

namespace emulation {

Thread *self;
uint3 block_index;
dim3 block_size, grid_size;
unsigned char *shared_memory;
size_t shared_bytes;
uint64_t blocks_so_far = 0;

namespace {

enum class Order { forward, reversed, random };

struct Barrier {
  unsigned expected = 0, arrived = 0;
  std::vector<Thread *> waiting;
};

/// Threads that do something together.
struct Meeting {
  unsigned first, count, missing;
  uint32_t mask;
  const char *instruction;
  std::vector<void *> operands;
  std::vector<Thread *> waiting;
};

struct Poll {
  Thread *thread;
  const std::function<bool()> *is_ready;
};

constexpr int barriers_per_block = 16;

Order order = Order::forward;
bool is_order_set = false;
std::mt19937_64 dice;

const Launch *launch;
Fiber host;
std::vector<std::unique_ptr<Fiber>> fibers;
std::vector<Fiber *> idle; // wait for threads to run
Fiber *current;

std::vector<Thread> threads;
size_t begun, left;           // threads of the block
std::vector<unsigned> starts; // in which order they begin
std::vector<Thread *> ready;
std::vector<Poll> polls;
std::vector<std::function<void()>> deferred;
std::vector<Meeting> meetings;
Barrier barriers[barriers_per_block];

uint64_t blocks_begun, blocks;
std::vector<uint64_t> block_starts; // a random order of them; empty: as they are
std::string failure;

void arrange(std::vector<unsigned> &list, size_t count) {
  list.resize(count);
  for (size_t i = 0; i < count; i++)
    list[i] = unsigned(order == Order::reversed ? count - 1 - i : i);
  if (order == Order::random) std::shuffle(list.begin(), list.end(), dice);
}

void begin_block() {
  uint64_t number = blocks_begun++;
  blocks_so_far++;
  if (order == Order::reversed) number = blocks - 1 - number;
  if (order == Order::random) number = block_starts[number];
  block_index = {unsigned(number % grid_size.x), unsigned(number / grid_size.x % grid_size.y),
                 unsigned(number / grid_size.x / grid_size.y)};
  if (shared_bytes > 0) memset(shared_memory, 0xff, shared_bytes);
  for (Thread &thread : threads) {
    thread.has_ended = false;
    thread.place = {};
    thread.copies.clear();
    thread.copy_group = 0;
  }
  for (Barrier &barrier : barriers) barrier = Barrier();
  if (order == Order::random) std::shuffle(starts.begin(), starts.end(), dice);
  begun = 0;
  left = threads.size();
}

/// Whether a random choice falls on `a` things rather than on `b` others.
bool falls_on(size_t a, size_t b) { return dice() % (a + b) < a; }

Thread *take_ready() {
  if (order == Order::random) std::swap(ready[dice() % ready.size()], ready.back());
  Thread *thread = ready.back();
  ready.pop_back();
  return thread;
}

/// Moves who need not wait any longer to those who are ready.
void poll() {
  for (size_t i = 0; i < polls.size();) {
    if ((*polls[i].is_ready)()) {
      ready.push_back(polls[i].thread);
      polls.erase(polls.begin() + ptrdiff_t(i));
    } else {
      i++;
    }
  }
}

void land_one() {
  size_t which = order == Order::random ? dice() % deferred.size() : 0;
  std::function<void()> work = std::move(deferred[which]);
  deferred.erase(deferred.begin() + ptrdiff_t(which));
  work();
}

std::string state(const Thread &thread) {
  if (thread.has_ended) return "ended";
  if (!thread.place.instruction) return "elsewhere";
  std::string text = std::string("at ") + thread.place.instruction;
  if (!thread.place.file) return text;
  const char *slash = strrchr(thread.place.file, '/');
  return text + " (" + (slash ? slash + 1 : thread.place.file) + ":" +
         std::to_string(thread.place.line) + ")";
}

/// "0 to 30 at __syncthreads (norms.cu:51), 31 ended".
std::string states() {
  std::string text;
  for (size_t i = 0, next; i < threads.size(); i = next) {
    for (next = i + 1; next < threads.size() && state(threads[next]) == state(threads[i]);) next++;
    text += (i > 0 ? ", " : "") + std::to_string(i) +
            (next > i + 1 ? " to " + std::to_string(next - 1) : "") + " " + state(threads[i]);
  }
  return text;
}

void work();

Fiber &idle_fiber() {
  if (idle.empty()) {
    fibers.push_back(std::make_unique<Fiber>());
    fibers.back()->begin(work);
    return *fibers.back();
  }
  Fiber *fiber = idle.back();
  idle.pop_back();
  return *fiber;
}

void go_on_in(Fiber &next) {
  Fiber *previous = current;
  current = &next;
  previous->go_on_in(next);
}

/// A thread that can go on now; null where one may begin. Ends the kernel where neither is so.
Thread *choose() {
  for (;;) {
    size_t unborn = threads.size() - begun;
    if (order == Order::random) {
      if (!deferred.empty() && falls_on(1, 8)) land_one();
      poll();
      if (!ready.empty() && (unborn == 0 || falls_on(ready.size(), unborn))) return take_ready();
      if (unborn > 0) return nullptr;
    } else {
      if (!ready.empty()) return take_ready();
      poll();
      if (!ready.empty()) return take_ready();
      if (unborn > 0) return nullptr;
    }
    if (!ready.empty()) continue;
    if (deferred.empty()) {
      fault("the kernel '%s' hangs in block (%u, %u, %u): threads %s", launch->kernel.c_str(),
            block_index.x, block_index.y, block_index.z, states().c_str());
    }
    land_one();
  }
}

/// What every fiber does: it runs threads until one can go on that has a fiber of its own.
void work() {
  Fiber::has_begun();
  for (;;) {
    if (left == 0) {
      while (!deferred.empty()) land_one(); // what nobody waited for
      if (blocks_begun == blocks) {
        idle.push_back(current);
        go_on_in(host);
        continue;
      }
      begin_block();
    }
    if (Thread *thread = choose()) {
      idle.push_back(current);
      self = thread;
      go_on_in(*thread->fiber);
      continue;
    }
    Thread *thread = self = &threads[starts[begun++]];
    launch->thread();
    thread->has_ended = true;
    left--;
  }
}

/// Leaves the thread that runs until it is among the ready ones.
void wait(Place place) {
  Thread *me = self;
  me->place = place;
  me->fiber = current;
  Thread *next = choose();
  if (next) self = next;
  if (next != me) go_on_in(next ? *next->fiber : idle_fiber());
  self = me;
}

void release(std::vector<Thread *> &waiting) {
  // The last of `ready` is the next.
  std::sort(waiting.begin(), waiting.end(), [](Thread *a, Thread *b) {
    return order == Order::reversed ? a->number < b->number : a->number > b->number;
  });
  ready.insert(ready.end(), waiting.begin(), waiting.end());
  waiting.clear();
}

} // namespace

unsigned threads_in_block() { return unsigned(threads.size()); }

void barrier(int id, unsigned count, bool waits, Place place) {
  if (id < 0 || id >= barriers_per_block)
    fault("%s: there is no barrier %d", place.instruction, id);
  if (count == 0 || count % 32 != 0) {
    if (count != threads.size())
      fault("%s: %u threads are no whole warps", place.instruction, count);
  }
  Barrier &barrier = barriers[id];
  if (barrier.arrived > 0 && barrier.expected != count)
    fault("%s: barrier %d expects %u threads, not %u", place.instruction, id, barrier.expected,
          count);
  barrier.expected = count;
  if (++barrier.arrived == count) {
    barrier.arrived = 0;
    release(barrier.waiting);
  } else if (waits) {
    barrier.waiting.push_back(self);
    wait(place);
  }
}

void together(unsigned first, unsigned count, uint32_t mask, void *operands,
              void (*compute)(void *const *operands), Place place) {
  unsigned mine = self->number - first;
  // Threads of a warp must not be at two things; a warp on its way to where its warpgroup meets may do
  // others.
  auto overlaps = [&](const Meeting &m) {
    if (m.first == first && m.count == count) return (m.mask & mask) != 0;
    unsigned warp = self->number / 32 * 32;
    for (unsigned i = warp; i < warp + 32; i++)
      if (i >= m.first && i < m.first + m.count && m.operands[i - m.first]) return true;
    return false;
  };
  auto meeting = std::find_if(meetings.begin(), meetings.end(), overlaps);
  if (meeting == meetings.end()) {
    unsigned missing = 0;
    for (unsigned i = 0; i < count; i++) missing += mask >> i % 32 & 1;
    meetings.push_back(
        {first, count, missing, mask, place.instruction, std::vector<void *>(count), {}});
    meeting = meetings.end() - 1;
  }
  if (!(mask >> mine % 32 & 1))
    fault("%s: lane %u is not in its own mask", place.instruction, mine);
  if (meeting->first != first || meeting->count != count || meeting->mask != mask ||
      strcmp(meeting->instruction, place.instruction) != 0 || meeting->operands[mine]) {
    fault("thread %u comes to %s with mask %08x while others are at %s with mask %08x: threads %s",
          self->number, place.instruction, mask, meeting->instruction, meeting->mask,
          states().c_str());
  }
  meeting->operands[mine] = operands;
  if (--meeting->missing > 0) {
    meeting->waiting.push_back(self);
    wait(place);
    return;
  }
  compute(meeting->operands.data());
  release(meeting->waiting);
  meetings.erase(meeting);
}

void wait_until(const std::function<bool()> &is_ready, Place place) {
  if (is_ready()) return;
  polls.push_back({self, &is_ready});
  wait(place);
}

void later(std::function<void()> work) {
  if (order == Order::reversed)
    work();
  else
    deferred.push_back(std::move(work));
}

unsigned char *shared_at(uint32_t address, size_t bytes, size_t alignment,
                         const char *instruction) {
  if (address + bytes > shared_bytes)
    fault("%s: %zu bytes at %u of %zu bytes of shared memory", instruction, bytes, address,
          shared_bytes);
  if (address % alignment != 0)
    fault("%s: the shared address %u is no multiple of %zu", instruction, address, alignment);
  return shared_memory + address;
}

void fault(const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  failure = text;
  if (failure.find("the kernel '") != 0)
    failure = "in the kernel '" + launch->kernel + "', block (" + std::to_string(block_index.x) +
              ", " + std::to_string(block_index.y) + ", " + std::to_string(block_index.z) +
              "), thread " + std::to_string(self->number) + ": " + failure;
  go_on_in(host);
  abort(); // nobody goes on here
}

void set_order(const std::string &name) {
  is_order_set = true;
  order = name == "reversed" ? Order::reversed : Order::forward;
  if (name.rfind("random", 0) == 0) {
    order = Order::random;
    dice.seed(name.size() > 7 ? strtoull(name.c_str() + 7, nullptr, 10) : 1);
  } else if (name != "reversed" && name != "forward") {
    fprintf(stderr, "RUNEXP_EMULATION_ORDER is forward, reversed or random:SEED, not '%s'\n",
            name.c_str());
    abort();
  }
}

std::string run(const Launch &what) {
  static std::mutex one_at_a_time;
  std::lock_guard<std::mutex> lock(one_at_a_time);
  if (!is_order_set) {
    const char *name = getenv("RUNEXP_EMULATION_ORDER");
    set_order(name && *name ? name : "forward");
  }
  launch = &what;
  grid_size = what.grid;
  block_size = what.block;
  shared_bytes = what.shared_bytes;
  // Exactly as large as asked for, so that AddressSanitizer sees what lies beyond.
  void *memory = nullptr;
  if (shared_bytes > 0 && posix_memalign(&memory, 1024, shared_bytes) != 0) abort();
  shared_memory = static_cast<unsigned char *>(memory);
  threads.resize(size_t(block_size.x) * block_size.y * block_size.z);
  for (unsigned i = 0; i < threads.size(); i++) {
    threads[i].number = i;
    threads[i].index = {i % block_size.x, i / block_size.x % block_size.y,
                        i / block_size.x / block_size.y};
  }
  arrange(starts, threads.size());
  blocks = uint64_t(grid_size.x) * grid_size.y * grid_size.z;
  block_starts.clear();
  for (uint64_t i = 0; order == Order::random && i < blocks; i++) block_starts.push_back(i);
  std::shuffle(block_starts.begin(), block_starts.end(), dice);
  blocks_begun = 0;
  left = 0;
  begun = threads.size();
  failure.clear();

  current = &host;
  go_on_in(idle_fiber());

  free(shared_memory);
  if (!failure.empty()) { // forget who still waits
    ready.clear();
    polls.clear();
    deferred.clear();
    meetings.clear();
    idle.clear();
    for (auto &fiber : fibers) {
      fiber->begin(work);
      idle.push_back(fiber.get());
    }
  }
  return failure;
}

} // namespace emulation
