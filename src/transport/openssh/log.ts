/**
 * What ssh's own log (-E, LogLevel DEBUG1) says of a connection: how far it got, and why not further. ssh has no other voice: its exit
 * status is 255 for every trouble. The words are OpenSSH's, which it translates for nobody. It quotes the peer in some lines, and a
 * quotation may hold line ends: of a peer that has not shown its key yet nothing behind one is believed.
 */
import type { Layer } from "../../domain/layer.ts";
import type { Failure } from "../../domain/outcome.ts";
import { dialled, type Reached } from "../failures.ts";
import { printable } from "../server-hello.ts";

/** A line that begins like this is written when the layer begins. */
const marks: readonly (readonly [start: string, layer: Layer])[] = [
  ["Connecting to ", "tcp"],
  ["Executing proxy command: ", "tcp"],
  ["Connection established.", "banner"],
  ["Local version string ", "banner"],
  ["Remote protocol version ", "kex"],
  ["SSH2_MSG_NEWKEYS received", "auth"],
  ["Authenticated to ", "channel"],
  ["Sending command: ", "shell"],
];
const DEBUG = /^debug\d: /;

export interface OpensshLog {
  readonly layer: Layer;
  /** How the script ended, by the node's own word, status null when a signal ended it; absent: the node said nothing of it. */
  readonly exit: { readonly status: number | null } | undefined;
  /** Lines that are not for debugging, the last ones last. */
  readonly said: readonly string[];
  /** How long the file is. */
  readonly bytes: number;
}

/** ssh quotes the peer: in a debug message, in a farewell, and in its list of algorithms. */
const QUOTES = /^debug1: Remote: |Received disconnect from |Their offer: /;
/** Before these the peer is anybody. */
const unproved: ReadonlySet<Layer> = new Set(["resolve", "tcp", "banner", "kex"]);

/** Reads the log so far. After its key has been checked a node can lie only about itself. */
export const readLog = (text: string): Omit<OpensshLog, "bytes"> => {
  let layer: Layer = "resolve";
  let exit: OpensshLog["exit"];
  const said: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (unproved.has(layer) && QUOTES.test(line)) {
      if (!DEBUG.test(line)) said.push(line.trim());
      break;
    }
    const words = line.replace(DEBUG, "");
    const mark = marks.find(([start]) => words.startsWith(start));
    if (mark !== undefined) layer = mark[1];
    else if (!DEBUG.test(line) && line.trim() !== "" && !isNews(words)) said.push(line.trim());
    const [, status] = EXIT_STATUS.exec(line) ?? [];
    if (status !== undefined) exit = { status: Number(status) };
    else if (EXIT_SIGNAL.test(line)) exit = { status: null };
  }
  return { layer, exit, said };
};

const EXIT_STATUS = /^debug1: Exit status (\d+)$/;
const EXIT_SIGNAL = /^debug1: client_input_channel_req: channel 0 rtype exit-signal /;
/** What ssh says of a connection that was well. */
const isNews = (line: string): boolean => /^(Transferred: |Bytes per second: |OpenSSH_)/.test(line);

const HOST_KEY = /host key|IDENTIFICATION HAS CHANGED|known_hosts/i;
const DROPPED =
  /^(kex_exchange_identification|ssh_exchange_identification|banner exchange|Connection (closed|reset) by |Exceeded MaxStartups)/;

type Read = Omit<OpensshLog, "bytes">;

/**
 * A server ended the connection before its first word, as a busy one does. What was said on the way (`noise`: by a
 * bastion's ssh or a ProxyCommand) must be that alone: a hop that refused us would refuse us again.
 */
export const isDropped = ({ layer, said, exit }: Read, noise: string): boolean =>
  exit === undefined &&
  layer === "banner" &&
  DROPPED.test(said.at(-1) ?? "") &&
  linesOf(noise).every((line) => DROPPED.test(line));

const linesOf = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("@@@"));

/** Why ssh ended without an exit status of the node. `noise`: what was said on the way before there was a node; `scriptSent`: all of the script had gone to ssh, and it had a shell for it. */
export const logFailure = (host: Reached, { layer, said }: Read, noise: string, scriptSent: boolean): Failure => {
  const why = printable(said.filter((line) => !line.startsWith("@@@")).at(-1) ?? "it ended without a word");
  const way = linesOf(noise);
  const wayWords = way.length === 0 ? "" : `; on the way: ${printable(way.slice(-2).join(" "), 300)}`;
  const message = `${dialled(host)}: ssh: ${why}`;
  const look = "run ssh by hand with -v and the same configuration";
  switch (layer) {
    case "kex":
      return said.some((line) => HOST_KEY.test(line))
        ? hostKeyFailure(host, said)
        : { code: "E_HANDSHAKE", message, try: look };
    case "auth":
      return { code: "E_AUTH", message, try: `${look}: which keys are offered?` };
    case "channel":
    case "shell":
    case "script":
      return {
        code: layer === "channel" ? "E_SHELL" : "E_LOST",
        message: `${message}; ${scriptSent ? "the whole script had been sent and may have run" : "the script had not been sent, so it did not run"}`,
        try: scriptSent ? "the host is looked at again before anything else is done to it" : look,
      };
    default:
      if (/host key verification failed/i.test(noise)) return hostKeyFailure(host, way);
      if (/permission denied|too many authentication failures/i.test(noise))
        return { code: "E_AUTH", message: `${message}${wayWords}`, try: `${look}: which keys does the hop take?` };
      return /could not resolve hostname/i.test(why)
        ? {
            code: "E_RESOLVE",
            message,
            try: "set ansible_host in the inventory, or look at HostName in ssh's configuration",
          }
        : { code: "E_CONNECT", message: `${message}${wayWords}`, try: look };
  }
};

const hostKeyFailure = (host: Reached, said: readonly string[]): Failure => ({
  code: "E_HOSTKEY",
  message: `${dialled(host)}: ssh: ${hostKeyWords(said)}`,
  try: "compare the key with the node's own; ssh-keygen -R removes an old one",
});

/** ssh's last line only says that the verification failed; what came before says how. */
const hostKeyWords = (said: readonly string[]): string =>
  printable(
    said.find((line) => /is known for|has changed|revoked|differs|not match|Certificate invalid/i.test(line)) ??
      said.at(-1) ??
      "",
  );
