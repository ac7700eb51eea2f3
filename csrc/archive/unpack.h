/* Writing the entries of an archive below a directory, each by a descriptor of its parent that was resolved inside of
 * that directory. Names were checked by the caller: relative, without `..`. */
#ifndef SKIFF_CORE_UNPACK_H
#define SKIFF_CORE_UNPACK_H

#include "../core/meta.h"

typedef enum skiff_entry_kind {
    SKIFF_ENTRY_DIRECTORY, /* made where missing; mode and times come by SKIFF_ENTRY_META at the end */
    SKIFF_ENTRY_FILE,      /* made new with `data`, its first bytes; complete where `data` is all of it */
    SKIFF_ENTRY_DATA,      /* more bytes of a file, at `offset` */
    SKIFF_ENTRY_META,      /* owner, mode, attributes and times; of a directory, where it is still one */
    SKIFF_ENTRY_SYMLINK,   /* `target` as it stands */
    SKIFF_ENTRY_LINK,      /* hard link to `target`, a path below the directory */
    SKIFF_ENTRY_NODE,      /* FIFO or device, as `mode` and `device` say */
    SKIFF_ENTRY_WHITEOUT,  /* what lower layers have of that name is gone: overlayfs's 0:0 device */
    SKIFF_ENTRY_OPAQUE,    /* of this directory lower layers show nothing: overlayfs's attribute */
} skiff_entry_kind;

typedef struct skiff_entry {
    skiff_entry_kind kind;
    const char *name; /* "" is the directory itself */
    const char *target;
    mode_t mode; /* with the type's bits */
    uid_t uid;
    gid_t gid;
    dev_t device;
    struct timespec mtime;
    const skiff_xattr *xattrs;
    size_t xattr_count;
    const void *data;
    size_t data_size;
    uint64_t offset;
    uint64_t size; /* of the whole file */
} skiff_entry;

/* Where files with content go whose names other entries take: a directory of the root's file system, in which they are
 * called by numbers. */
typedef struct skiff_replaced {
    const char *directory;
    uint64_t first;  /* the next one's number is `first + count` */
    size_t *entries; /* indexes of the entries that replaced them, with room for one of each entry */
    size_t count;
} skiff_replaced;

/* Write them in order below `root`. The error's path is the entry's name. With `keep_kinds` a directory is never replaced
 * by what is none (EISDIR), nor the other way round (ENOTDIR). Without `replaced` what is replaced goes. */
bool skiff_unpack(const char *root, const skiff_entry *entries, size_t count, bool keep_kinds, skiff_replaced *replaced,
                  skiff_error *err);

#endif
