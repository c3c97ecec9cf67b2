/** `~`, `%h` and `${NAME}` in the names of files, as ssh_config(5) has them under TOKENS and ENVIRONMENT VARIABLES. */

/** What the tokens of one destination stand for. */
export interface Standing {
  /** The user's on this machine. */
  readonly home: string;
  readonly localUser: string;
  readonly uid: number;
  readonly localHost: string;
  /** As it was typed, and as HostName made it. */
  readonly original: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly alias: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The operator and this machine. */
export type Surroundings = Pick<Standing, "home" | "localUser" | "uid" | "localHost" | "env">;

/** The path, or undefined when it holds a variable that is not set, or a token that is none of these (`%C`, which versions of ssh make differently). */
export const expandPath = (path: string, standing: Standing): string | undefined => {
  const tokens = tokensOf(standing);
  let known = true;
  const take = (value: string | undefined): string => {
    known &&= value !== undefined;
    return value ?? "";
  };
  const expanded = path
    .replace(/^~(?=\/|$)/, standing.home)
    .replace(/%(.)|\$\{(\w+)\}/g, (_, token: string | undefined, variable: string | undefined) =>
      take(token === undefined ? standing.env[variable ?? ""] : tokens[token]),
    );
  return known ? expanded : undefined;
};

const tokensOf = (standing: Standing): Readonly<Record<string, string>> => {
  const { home, localUser, uid, localHost, original, address, port, user, alias } = standing;
  return {
    "%": "%",
    d: home,
    h: address,
    i: String(uid),
    k: alias ?? original,
    L: localHost.split(".")[0] ?? localHost,
    l: localHost,
    n: original,
    p: String(port),
    r: user,
    u: localUser,
  };
};
