/** Whether ssh's configuration files say anything we would act on: if not, nobody is asked, and a fleet costs nothing. */
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

/** What we take from the answer, or what decides it. */
export const matters: ReadonlySet<string> = new Set([
  ...["hostname", "user", "port", "identityfile", "identitiesonly", "identityagent", "canonicalizehostname"],
  ...["proxyjump", "proxycommand", "userknownhostsfile", "globalknownhostsfile", "hostkeyalias", "connecttimeout"],
  ...["certificatefile", "pkcs11provider", "securitykeyprovider", "revokedhostkeys", "knownhostscommand"],
  ...["pubkeyauthentication", "preferredauthentications", "addressfamily", "bindaddress", "bindinterface"],
  ...["kexalgorithms", "hostkeyalgorithms", "ciphers", "macs"],
]);
/** As deep as ssh itself goes (READCONF_MAX_DEPTH). */
export const MAX_DEPTH = 16;

/**
 * Whether any of these files, or one they include, has a line that matters. A file that is not there says nothing; one that
 * cannot be read may say anything. `folder`: what a relative Include is relative to (ssh_config(5)).
 */
export const saysAnything = (file: string, home: string, folder = dirname(file), depth = 0): boolean => {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOENT");
  }
  return text.split("\n").some((line) => {
    const [keyword = "", rest = ""] = words(line);
    if (keyword !== "include") return matters.has(keyword);
    if (depth === MAX_DEPTH || /["%$]/.test(rest)) return true;
    return rest
      .split(/\s+/)
      .flatMap((pattern) => globSync(includedPath(pattern, home, folder)))
      .some((included) => saysAnything(included, home, folder, depth + 1));
  });
};

/** `Keyword value`, `Keyword=value`; the keyword in lower case. */
const words = (line: string): readonly string[] => {
  const [, keyword, rest] = /^\s*"?([A-Za-z0-9]+)"?(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
  return keyword === undefined ? [] : [keyword.toLowerCase(), rest ?? ""];
};

/** What an Include names (ssh_config(5)). */
export const includedPath = (pattern: string, home: string, folder: string): string => {
  if (pattern.startsWith("/")) return pattern;
  return pattern.startsWith("~/") ? `${home}${pattern.slice(1)}` : `${folder}/${pattern}`;
};
