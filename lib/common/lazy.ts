/** Something that is made when it is asked for first, once. */
export class Lazy<T> {
  private promise: Promise<T> | undefined;

  constructor(private readonly make: () => Promise<T>) {}

  get(): Promise<T> {
    return (this.promise ??= this.make());
  }

  /** Undefined where nobody has asked for it. */
  get made(): Promise<T> | undefined {
    return this.promise;
  }
}
