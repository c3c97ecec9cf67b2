/** In which format a text inventory is written: by the ending of its name, else by its first line that says something. */
import { extname } from "node:path";

export type Format = "ini" | "yaml";

/** Bytes looked through for that line: a header of comments is shorter. */
const HEAD_BYTES = 64 * 1024;

/** Endings that mean YAML; JSON is YAML too. @see ansible lib/ansible/plugins/inventory/yaml.py */
export const isYamlName = (path: string): boolean => /\.(ya?ml|json)$/i.test(path);

/**
 * Ansible tries YAML where the name ends in .yml, .yaml, .json or nothing, and INI when that fails; here the first line
 * decides, so that a mistake is explained in the language the file is written in.
 */
export const formatOf = (path: string, bytes: Uint8Array): Format => {
  const first = firstLine(bytes);
  if (isYamlName(path)) return isSectionHeader(first) ? "ini" : "yaml";
  return extname(path) === "" && looksLikeYaml(first) ? "yaml" : "ini";
};

const firstLine = (bytes: Uint8Array): string =>
  new TextDecoder()
    .decode(bytes.subarray(0, HEAD_BYTES))
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .find((line) => line !== "" && !line.startsWith("#") && !line.startsWith(";")) ?? "";

/** `[group]`, `[group:vars]`: in YAML a list, which is no inventory. */
const isSectionHeader = (line: string): boolean => /^\[[^\s\],"'{]+\]\s*(#.*)?$/.test(line);

/** A document marker, an opening brace, or a key: a colon that a blank follows, which no line of INI begins with. */
export const looksLikeYaml = (line: string): boolean =>
  /^(---|%YAML|\{|\$ANSIBLE_VAULT)/.test(line) || /^("[^"]*"|'[^']*'|[^\s#;[]+):(\s|$)/.test(line);
