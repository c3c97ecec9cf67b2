/** What we answer to OpenSSH's announcement of all its host keys. */
import type { Client } from "ssh2";
import { property } from "./ssh2-inside.ts";

const ANNOUNCEMENT = "hostkeys-00@openssh.com";

type OnGlobalRequest = (protocol: unknown, name: string, wantReply: boolean, data: unknown) => void;

/**
 * Ignores the announced host keys. ssh2 would have the server prove each of them: a signature per key on the node and a
 * check here (0.3 to 0.6 ms), for nothing we use. The answer is `no-more-sessions` instead, as ssh(1) says it: we open one
 * session only. (Where it is opened only later, `opensLater`, nothing is answered: it would be forbidden too.) It must be something, because the server holds its next small packet until ours acknowledges the announcement: 40 ms.
 *
 * Reaches into ssh2 (1.17), which has no switch for this; where its inside looks different, nothing is changed and all still works.
 */
export const ignoreHostKeyAnnouncement = (client: Client, opensLater: boolean): void => {
  const handlers = property(property(client, "_protocol"), "_handlers");
  const original = property(handlers, "GLOBAL_REQUEST");
  if (typeof handlers !== "object" || handlers === null || typeof original !== "function") return;
  const replaced: OnGlobalRequest = (protocol, name, wantReply, data) => {
    const noMoreSessions = property(protocol, "openssh_noMoreSessions");
    if (name === ANNOUNCEMENT && !wantReply && typeof noMoreSessions === "function") {
      if (!opensLater) noMoreSessions.call(protocol, false);
    } else {
      original.call(handlers, protocol, name, wantReply, data);
    }
  };
  Reflect.set(handlers, "GLOBAL_REQUEST", replaced);
};
