// Switching stacks: on x86-64 by exchanging the registers that a call preserves, which needs no
// system call; elsewhere by ucontext. AddressSanitizer is told of each switch.
#include "fiber.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulation {

static constexpr size_t guard_size = 4096;
#if defined(__SANITIZE_ADDRESS__)
static constexpr size_t stack_size = 512 << 10; // variables lie apart there
#else
static constexpr size_t stack_size = 128 << 10;
#endif

/// The fiber that was left last: what the next one says to AddressSanitizer is about it.
static Fiber *left = nullptr;

#if defined(__x86_64__)
// System V ABI, 3.2.1: rbx, rbp and r12 to r15 belong to the caller.
extern "C" void runexp_switch_stacks(void **from, void *to);
asm(".text\n"
    ".type runexp_switch_stacks, @function\n"
    "runexp_switch_stacks:\n"
    "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
    "  ret\n"
    ".size runexp_switch_stacks, .-runexp_switch_stacks\n");
#endif

void Fiber::begin(void (*entry)()) {
  if (!bottom) {
    void *memory = mmap(nullptr, guard_size + stack_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, guard_size, PROT_NONE) != 0) {
      perror("a stack for the emulation");
      abort();
    }
    bottom = static_cast<char *>(memory) + guard_size;
    size = stack_size;
  }
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(bottom, size);
  fake_stack = nullptr;
#endif
#if defined(__x86_64__)
  // What the switch will pop: six registers and where to go on. A function begins with the stack
  // 8 bytes beside a multiple of 16.
  uintptr_t top = (reinterpret_cast<uintptr_t>(bottom) + size) & ~uintptr_t(15);
  void **slots = reinterpret_cast<void **>(top) - 8;
  for (int i = 0; i < 8; i++) slots[i] = nullptr;
  slots[6] = reinterpret_cast<void *>(entry);
  stack_pointer = slots;
#else
  getcontext(&registers);
  registers.uc_stack.ss_sp = const_cast<void *>(bottom);
  registers.uc_stack.ss_size = size;
  registers.uc_link = nullptr;
  makecontext(&registers, entry, 0);
#endif
}

/// Completes the switch from `left` on the stack that is now used.
void Fiber::has_begun() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &left->bottom, &left->size);
#endif
}

void Fiber::go_on_in(Fiber &next) {
  if (&next == this) return;
  left = this;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_stack, next.bottom, next.size);
#endif
#if defined(__x86_64__)
  runexp_switch_stacks(&stack_pointer, next.stack_pointer);
#else
  swapcontext(&registers, &next.registers);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, &left->bottom, &left->size);
#endif
}

} // namespace emulation
