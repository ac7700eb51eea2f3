#include "damage.h"

#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int failures;

bool parse_exact(parser parse, const uint8_t *bytes, size_t length, skiff_error *err)
{
    uint8_t *exact = malloc(length ? length : 1);
    memcpy(exact, bytes, length);
    memset(err, 0, sizeof *err);
    bool ok = parse(exact, length, err);
    free(exact);
    return ok;
}

void test_truncated(parser parse, const test_plan *plan)
{
    for (size_t length = 0; length < plan->length; length++) {
        skiff_error err;
        if (!parse_exact(parse, plan->bytes, length, &err))
            CHECK(err.errnum == EBADMSG && strcmp(err.syscall, "plan") == 0);
    }
    skiff_error err;
    CHECK(!parse_exact(parse, plan->bytes, 3, &err));
    CHECK(!parse_exact(parse, plan->bytes, plan->length - 1, &err));
}

void test_flipped(parser parse, const test_plan *plan)
{
    for (size_t bit = 0; bit < plan->length * 8; bit++) {
        test_plan damaged = *plan;
        damaged.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        skiff_error err;
        if (!parse_exact(parse, damaged.bytes, damaged.length, &err))
            CHECK(err.errnum != 0 && err.syscall[0] != '\0');
    }
}

void test_garbled(parser parse, const test_plan *plan, unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        test_plan damaged = *plan;
        for (int change = rand() % 12; change >= 0; change--)
            damaged.bytes[(size_t)rand() % damaged.length] = (uint8_t)rand();
        skiff_error err;
        parse_exact(parse, damaged.bytes, (size_t)rand() % (damaged.length + 1), &err);
    }
}
