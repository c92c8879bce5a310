// Fibers: stacks of their own that one thread of the host goes to and fro between. How a kernel's
// threads take turns is in block.cpp.
#ifndef RUNEXP_EMULATION_FIBER_H
#define RUNEXP_EMULATION_FIBER_H

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace emulation {

/// One stack, and where its run goes on. Without a stack of its own it stands for the host's.
class Fiber {
public:
  Fiber() = default;
  Fiber(const Fiber &) = delete;

  /// Gives the fiber a stack on which `entry` begins; it must never return. May be called again,
  /// which forgets what the fiber was doing.
  void begin(void (*entry)());
  /// Goes on in `next`, until someone goes on in this one.
  void go_on_in(Fiber &next);
  /// The first that a new fiber calls.
  static void has_begun();

private:
#if defined(__x86_64__)
  void *stack_pointer = nullptr;
#else
  ucontext_t registers = {};
#endif
  // As AddressSanitizer wants to know them.
  const void *bottom = nullptr;
  size_t size = 0;
  void *fake_stack = nullptr;
};

} // namespace emulation

#endif
