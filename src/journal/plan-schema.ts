/** A plan held against the published schema of the events, which has it among its definitions. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

/** Why a value is no plan; undefined: it is one. Loads the schema: only whoever reads a plan from a file calls this. */
export const planObjection = (value: unknown): string | undefined => {
  const schema: object = JSON.parse(readFileSync(new URL("../../docs/events.schema.json", import.meta.url), "utf8"));
  const ajv = new Ajv2020({ strict: true });
  const isPlan = ajv.addSchema(schema, "events").compile({ $ref: "events#/$defs/plan" });
  return isPlan(value) ? undefined : ajv.errorsText(isPlan.errors?.slice(0, 1), { dataVar: "plan" });
};
