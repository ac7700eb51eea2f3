/* Deleting a tree, of any depth and with any names, without leaving it by a symbolic link or a mount. */
#ifndef SKIFF_CORE_REMOVETREE_H
#define SKIFF_CORE_REMOVETREE_H

#include "error.h"

/* Delete `name` of the directory `parent` (AT_FDCWD for a path) with all that is in it; missing is fine. A mount in the
 * tree is an error (EXDEV or EBUSY) and what it shows is not touched. */
bool skiff_remove_tree(int parent, const char *name, skiff_error *err);

#endif
