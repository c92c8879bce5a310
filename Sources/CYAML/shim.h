// What Swift sees of libyaml: its own header, whole.
#include <yaml.h>
