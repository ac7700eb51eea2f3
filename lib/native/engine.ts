/** What is asked of the JavaScript engine. */
export interface EngineNative {
  /** V8's `--no-opt`, from now on. Nothing happens where this Node has no such call. */
  optimizeNothing(): void;
}
