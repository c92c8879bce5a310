// The plugin's one function: see table.c.
#ifndef RUNEXP_DELAYED_PLUGIN_H
#define RUNEXP_DELAYED_PLUGIN_H

#include "kernels.h"

/// The table, for this ABI version alone.
const struct kernels *_Nullable runexp_kernels(int64_t abi);

#endif
