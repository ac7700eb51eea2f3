/* One file of tests for each piece of the monitor. */
#ifndef SKIFF_TEST_MONITOR_TESTS_H
#define SKIFF_TEST_MONITOR_TESTS_H

void test_requests(unsigned rounds);
void test_policy(void);
void test_log(void);
void test_clients(unsigned rounds);

#endif
