// What block.cpp, which says who runs next, and meetings.cpp, where threads wait for one another,
// know of each other.
#ifndef RUNEXP_EMULATION_TURNS_H
#define RUNEXP_EMULATION_TURNS_H

#include "block.h"

namespace emulation {

/// Leaves the thread that runs until it is among the ready ones.
void wait(Place place);
/// Makes all of them ready; the list is empty afterwards.
void release(std::vector<Thread *> &waiting);
const std::vector<Thread> &threads_of_block();
/// Where all threads are: "0 to 30 at __syncthreads (norms.cu:51), 31 ended".
std::string states();
/// Nobody waits at a barrier or for others any longer.
void forget_meetings();

} // namespace emulation

#endif
