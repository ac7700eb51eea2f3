/* How many operations the fakes were asked for. */
#ifndef SKIFF_TEST_FAKES_H
#define SKIFF_TEST_FAKES_H

extern int fake_calls;
extern int fake_binds; /* descriptor of the last bind's source */

#endif
