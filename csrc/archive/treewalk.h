/* A walk of one tree, or of what it has that an older one had not: the changes of a container over its layers. What is
 * looked at is held by a descriptor, so that somebody who changes the tree meanwhile cannot lead the walk out of it. */
#ifndef SKIFF_CORE_TREEWALK_H
#define SKIFF_CORE_TREEWALK_H

#include "attributes.h"
#include "listing.h"
#include "writelayer.h"
#include "../core/tree.h"

#include <sys/stat.h>

typedef enum skiff_change {
    SKIFF_ADDED = 'A',
    SKIFF_CHANGED = 'C',
    SKIFF_DELETED = 'D',
} skiff_change;

/* What the walk came to. All of it is valid until the next step. */
typedef struct skiff_found {
    skiff_change change;
    const char *path; /* below the top; "" is the top itself */
    int fd;           /* O_PATH; -1 of what was deleted, and of directories */
    struct stat st;
    const skiff_attributes *attributes;
} skiff_found;

typedef struct skiff_walk_options {
    int top;  /* directory to be walked */
    int old;  /* directory to compare with; -1: all is added */
    int hint; /* the write layer: only names that are in it can differ; -1: look at everything */
    skiff_hint_kind hint_kind;
    bool tell_top;     /* begin with the top itself */
    bool cross_mounts; /* go into other mounts, but for the kernel's own (proc, sysfs, ...) */
    const char *name;  /* of the top, for errors */
} skiff_walk_options;

typedef struct skiff_walk_level {
    skiff_listing listing;
    size_t next;
    size_t path_length;
    bool has_old, has_hint;
    skiff_change change;
    struct stat st;
    skiff_attributes attributes;
} skiff_walk_level;

typedef struct skiff_walk {
    skiff_tree view, old, hint;
    skiff_walk_options options;
    skiff_walk_level *levels;
    size_t depth, room;
    size_t told; /* levels up to here were given out */
    bool due;    /* something below was found: levels that were not given out come first */
    bool has_leaf;
    skiff_found leaf;
    skiff_attributes attributes; /* of the leaf */
    char *path;
    size_t path_room;
} skiff_walk;

/* Begin. The three descriptors are the walk's from now on, also where this fails. */
bool skiff_walk_open(skiff_walk *walk, const skiff_walk_options *options, skiff_error *err);

typedef enum skiff_step_result {
    SKIFF_WALK_FOUND,
    SKIFF_WALK_GOES_ON, /* nothing yet, after some thousand names that are the same */
    SKIFF_WALK_ENDED,
    SKIFF_WALK_FAILED,
} skiff_step_result;

/* Go on to what comes next: a directory before what is in it, names in the order of their bytes. A directory in which
 * something differs is found as changed, even where it is the same itself. */
skiff_step_result skiff_walk_next(skiff_walk *walk, skiff_found *found, skiff_error *err);

void skiff_walk_close(skiff_walk *walk);

#endif
