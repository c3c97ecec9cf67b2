/** Signs with a key that another host of this run has taken already, instead of asking the server first whether it would take it. */
import type { Client, ParsedKey } from "ssh2";
import { property } from "./ssh2-inside.ts";

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void;
type AuthenticateWithKey = (user: string, key: ParsedKey, algorithm: string | undefined, sign?: Sign) => void;

/**
 * Saves one round trip and its packets on every host but the first (RFC 4252, 7: the question is a choice of the client's). The order of
 * keys and the count of attempts stay: a server that will not have the key says so to the signature as it would have to the question.
 * RSA keys ask still, because only the answer tells which hash the server takes; so do keys of an agent, which may ask a person.
 *
 * Reaches into ssh2 (1.17), which has no switch for this; where its inside looks different, nothing is changed and all still works.
 */
export const signAtOnce = (client: Client, accepted: Set<ParsedKey>): void => {
  const protocol = property(client, "_protocol");
  const original = property(protocol, "authPK");
  if (typeof protocol !== "object" || protocol === null || typeof original !== "function") return;
  let offered: ParsedKey | undefined;
  const replaced: AuthenticateWithKey = (user, key, algorithm, sign) => {
    offered = key;
    const known = algorithm === undefined && accepted.has(key);
    const signNow: Sign = (data, done) => done(key.sign(data));
    original.call(protocol, user, key, algorithm, sign ?? (known ? signNow : undefined));
  };
  Reflect.set(protocol, "authPK", replaced);
  client.once("ready", () => {
    if (offered?.isPrivateKey() === true) accepted.add(offered);
  });
};
