/** The system's name of an error (`ENOENT`), else its class. */
export const errorCode = (error: unknown): string =>
  error instanceof Error
    ? "code" in error && typeof error.code === "string"
      ? error.code
      : error.name
    : "unknown error";
