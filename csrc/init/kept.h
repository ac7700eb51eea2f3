/* The short way into the namespaces that are kept already: without a first node that finds out and starts another one. */
#ifndef SKIFF_INIT_KEPT_H
#define SKIFF_INIT_KEPT_H

/*
 * skiff-launch SCRIPT ARG...: become node with that script, within the user's kept namespaces where there are some. Where
 * there are none, or it is not told for sure that they still are, it becomes node as it is, which makes them. Returns an
 * exit code on failure only.
 */
int skiff_start_node(char **argv);

#endif
