#include "panamba.h"

int panamba_header_is_c(void);

int panamba_header_is_c(void) { return PANAMBA_ABI_VERSION; }
