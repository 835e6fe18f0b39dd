#include "status.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[512];

int32_t panamba_fail(int32_t status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return status;
}

const char *panamba_message(void) { return message; }
