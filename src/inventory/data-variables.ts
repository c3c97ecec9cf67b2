import { isUnderstood } from "./ansible-variables.ts";
import { type Data, kindWords } from "./data.ts";
import type { Variable } from "./model.ts";
import { PREFIX } from "./settings-table.ts";
import { show } from "./show.ts";
import { bad, type Reading } from "./statement.ts";

/**
 * The variables a map holds. Lists, maps and encrypted values are kept without their value, since nobody reads them here,
 * and complained of where a value of ours stands.
 */
export const variablesOf = (data: Data, file: string, reading: Reading): readonly Variable[] => {
  if (data.kind === "nothing") return [];
  if (data.kind !== "map") {
    reading.complaints.push(
      bad(data.where, `variables are ${kindWords[data.kind]} here, not a map`, "write one name: value a line"),
    );
    return [];
  }
  return data.entries().map(({ key, value }) => {
    const kind = value.kind;
    const readable = kind === "text" || kind === "nothing";
    if (!readable && (key.startsWith(PREFIX) || isUnderstood(key)))
      reading.complaints.push(
        bad(
          value.where,
          `${show(key).slice(1, -1)} is ${kindWords[kind]}, not a text`,
          kind === "sealed" ? "write it unencrypted: this version opens no vault" : "write one value behind the name",
        ),
      );
    return { name: key, value: kind === "text" ? value.text : "", file, where: value.where };
  });
};
