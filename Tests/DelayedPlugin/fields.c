// Where the calls have pointers. The compiler lists the fields of each struct, so that a new call
// needs nothing written here, and no pointer is forgotten.
#include "delayed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// The elements of a list.
static struct work parameter = {.name = "parameter_update"};

void delayed_find_parameters(void) { FIND_POINTERS(&parameter, struct parameter_update); }

// `__builtin_dump_struct` calls this for each field with an indent of two blanks a level, the
// field's type, its name and its value, and before the fields of a struct within with the first
// three.
void delayed_note_field(struct work *work, const char *format, ...) {
  static _Thread_local const char *parents[8];
  if (strncmp(format, "%s%s %s =", 9) != 0) return;
  va_list values;
  va_start(values, format);
  size_t level = strlen(va_arg(values, const char *)) / 2;
  const char *type = va_arg(values, const char *), *name = va_arg(values, const char *);
  if (format[9] == 0) {
    parents[level] = name;
  } else if (strcmp(name, "count") == 0) {
    work->count_offset = va_arg(values, size_t);
  } else if (strchr(type, '*')) {
    struct pointer_field *field = &work->pointers[work->pointer_count++];
    *field = (struct pointer_field){.offset = va_arg(values, size_t),
                                    .may_be_null = strstr(type, "_Nullable") != NULL,
                                    .is_list = strstr(type, "struct parameter_update") != NULL};
    // A gradient's `data` may be null; `shape` says nothing.
    const char *parent = level > 1 && strcmp(parents[level - 1], "shape") ? parents[level - 1] : "";
    snprintf(field->name, sizeof field->name, "%s%s%s", parent, *parent ? "." : "", name);
  }
  va_end(values);
}

void *delayed_translate(const struct work *work, void *call) {
  void *copied = NULL;
  for (int i = 0; i < work->pointer_count; i++) {
    const struct pointer_field *field = &work->pointers[i];
    void *pointer, *at = (char *)call + field->offset;
    memcpy(&pointer, at, sizeof pointer);
    pointer = delayed_host_address(pointer);
    if (field->is_list && pointer) {
      int64_t count;
      memcpy(&count, (char *)call + work->count_offset, sizeof count);
      struct parameter_update *list = calloc((size_t)count + 1, sizeof *list);
      if (!list) abort();
      memcpy(list, pointer, (size_t)count * sizeof *list);
      for (int64_t element = 0; element < count; element++)
        delayed_translate(&parameter, &list[element]);
      pointer = copied = list;
    }
    memcpy(at, &pointer, sizeof pointer);
  }
  return copied;
}
