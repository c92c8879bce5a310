// What Swift sees of zlib: its own header, whole.
#include <zlib.h>
