/** A member of something inside ssh2 whose shape nobody promises; undefined when it is not there. */
export const property = (of: unknown, name: string): unknown =>
  typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
