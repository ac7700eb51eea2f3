/* Plans for tests, written by the same rules as lib/spec/plan-encoding.ts. */
#ifndef SKIFF_TEST_PLANS_H
#define SKIFF_TEST_PLANS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t bytes[4096];
    size_t length;
} test_plan;

/* A plan with every set-up operation, one with every process operation, and one with the sources of two binds. */
test_plan plan_of_setup(void);
test_plan plan_of_process(void);
test_plan plan_of_binds(void);

/* A monitor's request with every operation, and an amendment to it that joins a cgroup. */
test_plan plan_of_request(void);
test_plan plan_of_amendment(void);

#endif
