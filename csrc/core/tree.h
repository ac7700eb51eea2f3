/* What deleting and copying a tree share: a way down and up again that needs two descriptors at any depth, follows no
 * symbolic link and crosses no mount. */
#ifndef SKIFF_CORE_TREE_H
#define SKIFF_CORE_TREE_H

#include "error.h"

#include <stddef.h>
#include <sys/types.h>

/* Names, one after the other, each with its NUL. */
typedef struct skiff_names {
    char *text;
    size_t used, room;
} skiff_names;

/* False when memory is short. */
bool skiff_names_add(skiff_names *names, const char *name);
void skiff_names_free(skiff_names *names);

/* One directory on the way from the top to where we are. */
typedef struct skiff_level {
    char *name;                /* in its parent; NULL for the top */
    skiff_names subdirectories; /* still to be visited */
    size_t next;               /* offset in subdirectories */
    dev_t dev;
    ino_t ino;
} skiff_level;

typedef struct skiff_tree {
    int fd; /* the directory we are in */
    skiff_level *levels;
    size_t depth, room; /* levels[depth - 1] is the directory we are in */
    const char *top;    /* for error messages */
} skiff_tree;

#define cleanup_tree __attribute__((cleanup(skiff_tree_close)))

/* Begin in the directory `fd`, which the tree owns from now on. */
bool skiff_tree_open(skiff_tree *tree, int fd, const char *top, skiff_error *err);
void skiff_tree_close(skiff_tree *tree);

/* Go into `name`, whose descriptor `fd` the tree takes over. */
bool skiff_tree_down(skiff_tree *tree, const char *name, int fd, skiff_error *err);

/* Go up; `name` receives the name of what was left, to be freed by the caller. An error where the directory has been
 * moved away meanwhile. */
bool skiff_tree_up(skiff_tree *tree, char **name, skiff_error *err);

/* The next of the current directory's subdirectories that were added and not visited; NULL when there are none. */
const char *skiff_tree_next(skiff_tree *tree);

/* The level of the directory we are in. */
skiff_level *skiff_tree_here(skiff_tree *tree);

/* An error about `name` (NULL: the directory itself) with its whole path. */
bool skiff_tree_fail(const skiff_tree *tree, const char *call, const char *name, skiff_error *err);

/* Call `visit` for each entry of the directory `fd` but `.` and `..`; `type` is its DT_ value. */
typedef bool skiff_visit(void *context, const char *name, unsigned char type, skiff_error *err);
bool skiff_each_entry(int fd, skiff_visit *visit, void *context, skiff_error *err);

#endif
