// What can be made to go wrong, by the environment of the program that opens the plugin:
//
//   RUNEXP_DELAYED_FAILURE=N     the N-th call from now on fails while it runs, counted from 0
//   RUNEXP_DELAYED_SENTENCE=TEXT what is said of it
//   RUNEXP_DELAYED_MEMORY=BYTES  the device has no more memory than this
//   RUNEXP_DELAYED_ROOM=BYTES    it gives no more than this, though it says that it has more, as
//                                where another program takes it meanwhile
//   RUNEXP_DELAYED_REFUSAL=TEXT  products with a bias are refused, because of TEXT
//   RUNEXP_DELAYED_ABSENCE=TEXT  there is no such device, because of TEXT
//   RUNEXP_DELAYED_ABI=N         the plugin knows this ABI version and no other
//   RUNEXP_DELAYED_FLASH3=TEXT   there is a flash3, which refuses all attention because of TEXT
//   RUNEXP_DELAYED_NAME=TEXT     what the device calls itself
#include "delayed.h"

#include <stdlib.h>

static int64_t number(const char *name, int64_t otherwise) {
  const char *text = getenv(name);
  return text ? atoll(text) : otherwise;
}

struct faults delayed_read_faults(void) {
  const char *sentence = getenv("RUNEXP_DELAYED_SENTENCE");
  return (struct faults){.calls = number("RUNEXP_DELAYED_FAILURE", -1),
                         .sentence = sentence ? sentence : "it was told to fail",
                         .memory = number("RUNEXP_DELAYED_MEMORY", INT64_MAX),
                         .room = number("RUNEXP_DELAYED_ROOM", INT64_MAX),
                         .refusal = getenv("RUNEXP_DELAYED_REFUSAL")};
}

int64_t delayed_abi(void) { return number("RUNEXP_DELAYED_ABI", RUNEXP_KERNELS_ABI); }

const char *delayed_absence(void) { return getenv("RUNEXP_DELAYED_ABSENCE"); }

const char *delayed_flash3_refusal(void) { return getenv("RUNEXP_DELAYED_FLASH3"); }

const char *delayed_name(void) {
  const char *name = getenv("RUNEXP_DELAYED_NAME");
  return name ? name : "the CPU, late";
}
