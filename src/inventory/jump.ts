/** `jump`: the bastions on the way to a host, written as ssh's -J takes them. */
import { isHostName, parsePort, splitPort } from "./address.ts";
import { account, type Kind } from "./kinds.ts";

/** One bastion as it is written; what is left out comes from elsewhere. */
export interface JumpWord {
  readonly address: string;
  readonly user?: string;
  readonly port?: number;
}

/** More in a row nobody has; a chain that is longer is a mistake. */
const MAX_JUMPS = 4;

/** `[user@]host[:port]`, or that behind `ssh://`; undefined for anything else. */
const parseWord = (text: string): JumpWord | undefined => {
  const [, user, place = ""] = /^(?:ssh:\/\/)?(?:([^@]*)@)?([^@]*)$/.exec(text.trim()) ?? [];
  const split = splitPort(place.replace(/^\[([^[\]]+)\]$/, "$1"));
  if (!split.ok || !isHostName(split.value.name) || (user !== undefined && account.parse(user) === undefined))
    return undefined;
  const port = parsePort(split.value.port ?? "");
  return {
    address: split.value.name,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  };
};

const wordText = ({ address, user, port }: JumpWord): string => {
  const place = port === undefined ? address : `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return user === undefined ? place : `${user}@${place}`;
};

/** @see ssh(1), -J */
export const jumpChain: Kind<readonly JumpWord[]> = {
  accepted: `\`none\`, or up to ${MAX_JUMPS} bastions with commas between them, the nearest first, each \`[user@]host[:port]\``,
  parse: (text) => {
    if (text.toLowerCase() === "none") return [];
    const words = text.split(",").map(parseWord);
    const fit = words.filter((word) => word !== undefined);
    return fit.length === words.length && fit.length <= MAX_JUMPS ? fit : undefined;
  },
  text: (words) => (words.length === 0 ? "none" : words.map(wordText).join(",")),
};
