// Where threads wait for one another: numbered barriers, and what a warp or several do together.
#include <algorithm>
#include <cstring>

#include "turns.h"

namespace emulation {

namespace {

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

constexpr int barriers_per_block = 16; // PTX ISA, 9.7.13.1

std::vector<Meeting> meetings;
Barrier barriers[barriers_per_block];

} // namespace

void forget_meetings() {
  meetings.clear();
  for (Barrier &barrier : barriers) barrier = Barrier();
}

static std::string state(const Thread &thread) {
  if (thread.has_ended) return "ended";
  if (!thread.place.instruction) return "elsewhere";
  std::string text = std::string("at ") + thread.place.instruction;
  if (!thread.place.file) return text;
  const char *slash = strrchr(thread.place.file, '/');
  return text + " (" + (slash ? slash + 1 : thread.place.file) + ":" +
         std::to_string(thread.place.line) + ")";
}

std::string states() {
  const std::vector<Thread> &threads = threads_of_block();
  std::string text;
  for (size_t i = 0, next; i < threads.size(); i = next) {
    for (next = i + 1; next < threads.size() && state(threads[next]) == state(threads[i]);) next++;
    text += (i > 0 ? ", " : "") + std::to_string(i) +
            (next > i + 1 ? " to " + std::to_string(next - 1) : "") + " " + state(threads[i]);
  }
  return text;
}

void barrier(int id, unsigned count, bool waits, Place place) {
  if (id < 0 || id >= barriers_per_block)
    fault("%s: there is no barrier %d", place.instruction, id);
  if (count == 0 || count % 32 != 0) {
    if (count != threads_in_block())
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
  // Threads of a warp must not be at two things; a warp on its way to where its warpgroup meets may
  // do others.
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
    meeting->waiting.reserve(missing);
  }
  if (!(mask >> mine % 32 & 1))
    fault("%s: lane %u is not in its own mask", place.instruction, mine);
  // One text may lie in several places, but seldom does.
  bool is_same = meeting->instruction == place.instruction ||
                 strcmp(meeting->instruction, place.instruction) == 0;
  if (meeting->first != first || meeting->count != count || meeting->mask != mask || !is_same ||
      meeting->operands[mine]) {
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

} // namespace emulation
