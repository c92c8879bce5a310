// What Swift sees of PCRE2: its own header for texts of bytes, whole.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
