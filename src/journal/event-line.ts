import type { RunEvent } from "../domain/event.ts";

/** What JSON leaves raw and a terminal would act on: DEL, C1, bidi, zero-width, line separators, BOM. */
const hazardous = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** One event as one line of JSON, lossless, with every hazardous character escaped: a journal may be printed with cat. */
export const eventLine = (event: RunEvent): string =>
  `${JSON.stringify(event).replace(hazardous, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
