/* A session keyring of the container's own: else it would have that of whoever started it; session-keyring(7). */
#ifndef SKIFF_CORE_KEYRING_H
#define SKIFF_CORE_KEYRING_H

#include "error.h"

bool skiff_join_keyring(skiff_error *err);

#endif
