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

#include "fiber.h"
#include "order.h"
#include "turns.h"

namespace emulation {

Thread *self;
uint3 block_index;
dim3 block_size, grid_size;
unsigned char *shared_memory;
size_t shared_bytes;
uint64_t blocks_so_far = 0;

namespace {

struct Poll {
  Thread *thread;
  const std::function<bool()> *is_ready;
};

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
size_t laziness; // in a random order: how many turns late work may take before it is done

uint64_t blocks_begun, blocks;
std::vector<uint64_t> block_starts; // a random order of them; empty: as they are
std::string failure;

void begin_block() {
  uint64_t number = blocks_begun++;
  blocks_so_far++;
  if (order == Order::random) laziness = size_t(1) << dice() % 14;
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
  forget_meetings();
  if (order == Order::random) std::shuffle(starts.begin(), starts.end(), dice);
  begun = 0;
  left = threads.size();
}

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

std::string block_name() {
  return "block (" + std::to_string(block_index.x) + ", " + std::to_string(block_index.y) + ", " +
         std::to_string(block_index.z) + ")";
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

/// Ends the kernel; its threads are left where they are.
[[noreturn]] void end(const std::string &sentence) {
  failure = sentence;
  go_on_in(host);
  abort(); // nobody goes on here
}

/// A thread that can go on now; null where one may begin. Ends the kernel where neither is so.
Thread *choose() {
  for (;;) {
    size_t unborn = threads.size() - begun;
    if (order == Order::random) {
      if (!deferred.empty() && falls_on(1, laziness)) land_one();
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
      end("the kernel '" + launch->kernel + "' hangs in " + block_name() + ": threads " + states());
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

} // namespace

unsigned threads_in_block() { return unsigned(threads.size()); }

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
  auto comes_later = [](Thread *a, Thread *b) {
    return order == Order::reversed ? a->number < b->number : a->number > b->number;
  };
  // Most came one after another.
  if (std::is_sorted(waiting.rbegin(), waiting.rend(), comes_later))
    std::reverse(waiting.begin(), waiting.end());
  else
    std::sort(waiting.begin(), waiting.end(), comes_later);
  ready.insert(ready.end(), waiting.begin(), waiting.end());
  waiting.clear();
}

const std::vector<Thread> &threads_of_block() { return threads; }

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
  end("in the kernel '" + launch->kernel + "', " + block_name() + ", thread " +
      std::to_string(self->number) + ": " + text);
}

std::string run(const Launch &what) {
  static std::mutex one_at_a_time;
  std::lock_guard<std::mutex> lock(one_at_a_time);
  read_order();
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
  starts.resize(threads.size());
  for (unsigned i = 0; i < starts.size(); i++)
    starts[i] = order == Order::reversed ? unsigned(starts.size()) - 1 - i : i;
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
    forget_meetings();
    idle.clear();
    for (auto &fiber : fibers) {
      fiber->begin(work);
      idle.push_back(fiber.get());
    }
  }
  return failure;
}

} // namespace emulation
