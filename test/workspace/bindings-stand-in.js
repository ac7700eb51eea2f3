// Stands in for the package `bindings` in a bundled test program; ADDON is put in by esbuild.
/* global ADDON */
module.exports = () => require(ADDON);
