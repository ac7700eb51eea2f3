/* What a test says that fails; its program's exit code tells whether one did. */
#ifndef SKIFF_TEST_CHECK_H
#define SKIFF_TEST_CHECK_H

#include <stdio.h>

extern int failures;

#define CHECK(condition)                                                                                         \
    do {                                                                                                         \
        if (!(condition)) {                                                                                      \
            printf("not ok: %s:%d: %s\n", __FILE__, __LINE__, #condition);                                       \
            failures++;                                                                                          \
        }                                                                                                        \
    } while (0)

#endif
