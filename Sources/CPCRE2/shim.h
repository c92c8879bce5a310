// What Swift sees of PCRE2: its own header for texts of bytes, whole.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#if PCRE2_MAJOR == 10 && PCRE2_MINOR < 40
#error "PCRE2 10.40 or later is needed, which knows the properties Alphabetic and White_Space"
#endif
