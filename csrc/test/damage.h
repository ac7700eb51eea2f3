/* Plans as they should not be: whoever reads them tells so, and reads no byte too far. */
#ifndef SKIFF_TEST_DAMAGE_H
#define SKIFF_TEST_DAMAGE_H

#include "../core/error.h"
#include "plans.h"

typedef bool (*parser)(const void *plan, size_t length, skiff_error *err);

/* Bytes in memory of their exact size, so that one byte too far is seen by the sanitizer. */
bool parse_exact(parser parse, const uint8_t *bytes, size_t length, skiff_error *err);

/* Every cut is an error, except where the plan happens to end between two records. */
void test_truncated(parser parse, const test_plan *plan);
/* Every single bit is wrong once. */
void test_flipped(parser parse, const test_plan *plan);
/* Random bytes at random places, and a random end. */
void test_garbled(parser parse, const test_plan *plan, unsigned rounds);

#endif
