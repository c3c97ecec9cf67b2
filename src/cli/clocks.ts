/** The clocks of every connection of a run. */
import type { Clocks } from "../transport/transport.ts";
import type { Connection } from "./request.ts";

/** The controller waits a little longer than the node's own watchdog: the node's word is better than our silence. */
const HOST_GRACE_S = 30;
/** Server and agent may both ask a person or a directory service: longer than any of that takes by itself. */
const AUTH_S = 30;
/** Opening a session runs PAM and may mount a home directory. */
const CHANNEL_S = 30;
/** sudo may ask a directory service before the script says its first word. */
const SHELL_S = 30;
/** A script says `alive` every 10 s while it waits; three missed ones are silence. */
const SILENCE_S = 30;
/** Bastions in a row that one has ever met. */
const BASTIONS = 4;
/** What taking turns itself may cost on a busy controller. */
const QUEUE_GRACE_S = 10;
/** Each layer before authentication, unless the command line or ssh's ConnectTimeout says otherwise: long enough for a busy node, short enough to watch. */
const CONNECT_S = 30;

/** `--connect-timeout` is the wait in each layer before authentication; the others have their own reasons. */
export const clocksFor = ({
  connectTimeoutS: said,
  hostTimeoutS,
}: Pick<Connection, "connectTimeoutS" | "hostTimeoutS">): Clocks => {
  const connectTimeoutS = said ?? CONNECT_S;
  return {
    serversOwn: said === undefined,
    layerMs: {
      // Each bastion has the clocks of a host; this one only ends what they should have ended.
      bastion: BASTIONS * (4 * connectTimeoutS + AUTH_S + QUEUE_GRACE_S) * 1000,
      // Who holds a place goes through these layers at most: a line that stands still for longer never moves again.
      queue: (4 * connectTimeoutS + AUTH_S + QUEUE_GRACE_S) * 1000,
      resolve: connectTimeoutS * 1000,
      tcp: connectTimeoutS * 1000,
      banner: connectTimeoutS * 1000,
      kex: connectTimeoutS * 1000,
      auth: AUTH_S * 1000,
      channel: CHANNEL_S * 1000,
      shell: SHELL_S * 1000,
      script: SILENCE_S * 1000,
    },
    hostMs: (hostTimeoutS + HOST_GRACE_S) * 1000,
  };
};

/** For a script that may be silent as long as the node's own watchdog lets it run. */
export const patientClocksFor = (request: Connection): Clocks => {
  const clocks = clocksFor(request);
  return { ...clocks, layerMs: { ...clocks.layerMs, script: clocks.hostMs } };
};

/** For a command of the operator's, which may say nothing for as long as it runs; keepalives tell a line that is dead, and no watchdog of ours is on the node. */
export const silentClocksFor = (request: Connection): Clocks => {
  const hostMs = request.hostTimeoutS * 1000;
  const clocks = clocksFor(request);
  return { ...clocks, layerMs: { ...clocks.layerMs, script: hostMs }, hostMs };
};
