/* Files that a container's command finds when it begins. */
#ifndef SKIFF_CORE_FILES_H
#define SKIFF_CORE_FILES_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct skiff_file {
    const char *path; /* absolute, without `.` and `..` */
    uint32_t mode;
    uint32_t uid, gid; /* of the file, and of the directories that are made for it */
    const void *bytes;
    size_t length;
} skiff_file;

/* Write one, in this process's root. What is there is overwritten; a symbolic link anywhere on the way is an error. */
bool skiff_write_file(const skiff_file *file, skiff_error *err);

#endif
