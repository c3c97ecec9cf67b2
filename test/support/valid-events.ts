/** Events held against docs/events.schema.json, the schema users get. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { RunEvent } from "../../src/domain/event.ts";

/** The published document. */
export const publishedSchema: { readonly $defs: Readonly<Record<string, object>>; readonly oneOf: readonly object[] } =
  JSON.parse(readFileSync(new URL("../../docs/events.schema.json", import.meta.url), "utf8"));

const ajv = new Ajv2020({ strict: true });
const isValid = ajv.addSchema(publishedSchema, "events").compile({ $ref: "events" });

/** Why a value is no event; undefined: it is one. */
export const objectionTo = (value: unknown): string | undefined => {
  if (isValid(value)) return undefined;
  const { type } = Object(value) as { readonly type?: unknown };
  // "It matches none of 13 schemas" helps nobody: the words are those of the schema of its own type.
  const own = typeof type === "string" ? ajv.getSchema(`events#/$defs/${type}`) : undefined;
  if (own === undefined) return `${JSON.stringify(type)} is no type of event`;
  own(value);
  return ajv.errorsText(own.errors, { dataVar: "event" });
};

/** Every event as it came; the first that the schema refuses is an error. */
export const validated = (events: readonly RunEvent[]): RunEvent[] =>
  events.map((event) => {
    const objection = objectionTo(event);
    if (objection !== undefined)
      throw new Error(`not as docs/events.schema.json has it: ${objection}\n${JSON.stringify(event)}`);
    return event;
  });
