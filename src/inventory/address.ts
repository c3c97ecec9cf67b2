import { isIPv6 } from "node:net";
import { err, ok, type Result } from "../domain/result.ts";
import { show } from "./show.ts";

/** Longest name DNS knows. */
const MAX_NAME = 253;

export const acceptedName = "letters, digits, '.', '_' and '-', not beginning with '.' or '-'; or an IPv6 address";

const isV6 = (text: string): boolean => /^[0-9A-Fa-f:.]+$/.test(text) && isIPv6(text);

/** Whether a text may name a host: it becomes part of file names and messages, so the set of characters is small. */
export const isHostName = (text: string): boolean =>
  text.length <= MAX_NAME && (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text) || isV6(text));

/** A TCP port, or undefined. */
export const parsePort = (text: string): number | undefined => {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
};

/** Splits `name`, `name:2222`, `[v6]:2222` and a bare IPv6 address, ranges in the name untouched. The error is a phrase. */
export const splitPort = (word: string): Result<{ readonly name: string; readonly port?: string }, string> => {
  const bracketed = /^\[([^[\]]+)\]:([0-9]+)$/.exec(word);
  if (bracketed?.[1] !== undefined && bracketed[2] !== undefined) return withPort(bracketed[1], bracketed[2]);
  if (isV6(word)) return ok({ name: word });
  const plain = /^((?:[^:[\]]|\[[^\]]*\])*):([0-9]+)$/.exec(word);
  if (plain?.[1] !== undefined && plain[2] !== undefined) return withPort(plain[1], plain[2]);
  return ok({ name: word });
};

const withPort = (name: string, port: string): Result<{ readonly name: string; readonly port: string }, string> =>
  parsePort(port) === undefined ? err(`${show(port)} is not a port (1 to 65535)`) : ok({ name, port });
