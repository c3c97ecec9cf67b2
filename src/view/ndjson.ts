import { safeJson } from "../domain/safe-text.ts";
import type { Sink } from "../domain/sink.ts";
import { guardedWrite } from "./write.ts";

/** The events as they are, one JSON object a line. */
export const createNdjsonSink = (write: (text: string) => unknown): Sink => {
  const out = guardedWrite(write);
  return {
    accept: (event) => out(`${safeJson(event)}\n`),
    close: async () => {},
  };
};
