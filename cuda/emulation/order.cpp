// RUNEXP_EMULATION_ORDER: forward, reversed or random:SEED.
#include "order.h"

#include <cstdio>
#include <cstdlib>

#include "block.h"

namespace emulation {

Order order = Order::forward;
std::mt19937_64 dice;

static bool is_order_set = false;

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

void read_order() {
  if (is_order_set) return;
  const char *name = getenv("RUNEXP_EMULATION_ORDER");
  set_order(name && *name ? name : "forward");
}

} // namespace emulation
