import type { RunEvent } from "../domain/event.ts";
import { safeJson } from "../domain/safe-text.ts";

/** One event as one line of JSON, lossless and safe to look at: a journal may be printed with cat. */
export const eventLine = (event: RunEvent): string => `${safeJson(event)}\n`;
