/* How many operations the fakes were asked for. */
#ifndef SKIFF_TEST_FAKES_H
#define SKIFF_TEST_FAKES_H

#include "../core/files.h"

extern int fake_calls;
extern int fake_binds; /* descriptor of the source that was attached last */
extern int fake_tree;  /* descriptor of the source that is opened next */
extern skiff_file fake_file; /* the last that was written */

#endif
