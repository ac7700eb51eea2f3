/** Something that is made when it is asked for first, once. */
export class Lazy<T> {
  /** Undefined until it is made. */
  value: T | undefined;
  private promise: Promise<T> | undefined;

  constructor(private readonly make: () => Promise<T>) {}

  get(): Promise<T> {
    return (this.promise ??= this.make().then(value => (this.value = value)));
  }

  /** Undefined where nobody has asked for it. */
  get made(): Promise<T> | undefined {
    return this.promise;
  }
}
