// In which order threads, blocks and late work take their turns, and the dice of a random one.
#ifndef RUNEXP_EMULATION_ORDER_H
#define RUNEXP_EMULATION_ORDER_H

#include <cstddef>
#include <random>

namespace emulation {

enum class Order { forward, reversed, random };

extern Order order;
extern std::mt19937_64 dice;

/// Takes the order of the environment, unless one has been set.
void read_order();

/// Whether a random choice falls on `a` things rather than on `b` others.
inline bool falls_on(size_t a, size_t b) { return dice() % (a + b) < a; }

} // namespace emulation

#endif
