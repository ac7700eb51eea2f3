/**
 * `{ ...base, ...more }` for what is made often. Where members follow a spread, V8 (11.3 of Node 20) gives the new object a
 * shape of its own each time, and whatever reads it later has to look each member up; this one has the same shape again.
 *
 * @param base our own: a member `__proto__` in what somebody else has made would be taken for the prototype
 */
export function withMembers<Base extends object, More extends object>(base: Base, more: More): Base & More {
  return Object.assign({}, base, more);
}
