// What Swift sees of libpng: its own header, whole. What is used of it is the simplified interface, whose calls return
// where the others would jump.
#include <png.h>
#ifndef PNG_SIMPLIFIED_READ_SUPPORTED
#error "libpng 1.6 or later is needed, with its simplified interface for reading"
#endif
