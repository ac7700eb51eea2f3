/* The contents of one file, copied without passing through user memory where the kernel can. */
#ifndef SKIFF_CORE_COPYFILE_H
#define SKIFF_CORE_COPYFILE_H

#include <stdbool.h>
#include <sys/types.h>

/* Make the empty file `to` the same as `from`, `size` bytes long. False and errno on failure. */
bool skiff_copy_contents(int from, int to, off_t size);

#endif
