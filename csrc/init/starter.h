/* Makes inits that go on in its memory; why, and for whom: core/starter.h. */
#ifndef SKIFF_INIT_STARTER_H
#define SKIFF_INIT_STARTER_H

/* Serve `pipe` until its end of file. Returns the exit code. */
int skiff_serve_orders(int pipe);

#endif
