/* Whether two files are the same, as far as that can be told cheaply, and further. */
#ifndef SKIFF_CORE_SAMEFILE_H
#define SKIFF_CORE_SAMEFILE_H

#include <stdbool.h>
#include <sys/stat.h>

/* Type, mode, owner and device; of all but directories size and modification time, too: a directory's change with what is
 * in it, which is looked at by itself. */
bool skiff_same_status(const struct stat *one, const struct stat *other);

/* What symbolic links say, and with `content` what regular files hold. Both are O_PATH descriptors of files with the
 * status `st`. False and errno where it cannot be told. */
bool skiff_same_content(int one, int other, const struct stat *st, bool content, bool *same);

/* Open the regular file of an O_PATH descriptor for reading: that very file, whatever has its name now. */
int skiff_reopen(int fd);

#endif
