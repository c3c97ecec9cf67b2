import type { Data, Entry } from "./data.ts";

/** What JSON.parse gave, with a place for every value: `file: _meta.hostvars.cn01`. */
export const jsonData = (value: unknown, file: string, path = ""): Data => {
  const where = path === "" ? file : `${file}: ${path}`;
  if (value === null || value === undefined) return { kind: "nothing", where };
  if (Array.isArray(value))
    return { kind: "list", where, items: () => value.map((item, at) => jsonData(item, file, `${path}[${at}]`)) };
  if (typeof value === "object")
    return {
      kind: "map",
      where,
      entries: () =>
        Object.entries(value).map(([key, inner]): Entry => {
          const data = jsonData(inner, file, childPath(path, key));
          return { key, where: data.where, value: data };
        }),
    };
  return { kind: "text", where, text: String(value) };
};

const childPath = (path: string, key: string): string => {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
};
