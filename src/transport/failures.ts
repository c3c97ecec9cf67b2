/** The sentences for everything that can happen to a connection. Pure; the code and the layer decide, never a message's text. */
import type { Endpoint } from "../domain/host.ts";
import { type Layer, layerWords } from "../domain/layer.ts";
import type { Failure } from "../domain/outcome.ts";
import type { Offer } from "./algorithms.ts";
import { printable, type ServerHello } from "./server-hello.ts";

/** A server, and what it is reached through. */
export type Reached = Endpoint & { readonly jump?: readonly Endpoint[] };

/** A server as a person would dial it. */
export const dialled = ({ address, port, jump = [] }: Pick<Reached, "address" | "port" | "jump">): string =>
  [`${address} port ${port}`, ...jump.map((bastion) => bastion.address).reverse()].join(" through ");

/** The command that reaches it by hand. */
const sshTo = ({ address, port, user, jump = [] }: Reached, option = ""): string => {
  const chain = jump.map((bastion) => `${bastion.user}@${bastion.address}:${bastion.port}`).join(",");
  return `ssh ${option}${chain === "" ? "" : `-J ${chain} `}-p ${port} ${user}@${address}`;
};

/** The clock of a layer ran out. `said`: what the server had sent instead of a banner, or sudo and su instead of a shell. */
export const timeoutFailure = (host: Reached, layer: Layer, ms: number, said: string): Failure => {
  const heard = (layer === "banner" || layer === "shell") && said !== "" ? `; it said "${said}"` : "";
  const what =
    layer === "queue" ? `no handshake before that of ${dialled(host)} got on` : `no answer from ${dialled(host)}`;
  return {
    code: "E_TIMEOUT",
    message: `stuck in ${layerWords[layer]} for ${ms / 1000} s: ${what}${heard}`,
    try: lookInto(host, layer),
  };
};

/** Where to look when a connection is stuck in a layer. */
const lookInto = (host: Reached, layer: Layer): string => {
  const verbosely = sshTo(host, "-v ");
  switch (layer) {
    case "bastion":
    case "queue":
      return "run again; if it happens again, report it: those before it have clocks of their own";
    case "resolve":
      return `ask the name servers: getent hosts ${printable(host.address)}`;
    case "tcp":
      return "is the node up? a firewall that drops packets looks like this too";
    case "banner":
      return `look at the node's load and sshd's MaxStartups, then ${verbosely}`;
    case "kex":
      return `${verbosely}; a link that loses large packets (MTU) looks like this too`;
    case "auth":
      return `look at what sshd asks there (name service, UseDNS, PAM), then ${verbosely}`;
    case "channel":
      return `look at PAM and the user's home directory there, then ${verbosely}`;
    case "shell":
      return `look at the start-up files of ${host.user}'s shell and at what sudo or su asks, and at the node's load`;
    case "script":
      return "look at the node's load and its link";
  }
};

export const hostTimeoutFailure = (host: Reached, layer: Layer, ms: number): Failure => ({
  code: "E_HOST_TIMEOUT",
  message: `${dialled(host)} was not done after ${ms / 1000} s (in ${layerWords[layer]})`,
  try: "raise --host-timeout, or look why the node is slow",
});

export const resolveFailure = (host: Reached, systemCode: string): Failure => ({
  code: "E_RESOLVE",
  message: `${printable(host.address)} has no address (${systemCode})`,
  try: `set ansible_host in the inventory, or see what getent hosts ${printable(host.address)} says`,
});

const socketWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "network unreachable",
  EHOSTDOWN: "host is down",
  ETIMEDOUT: "the network gave up waiting",
  EADDRNOTAVAIL: "no local address or port left",
  EMFILE: "too many open files here",
};

/** The socket failed, or closed (`systemCode` undefined) in a layer before the script. */
export const socketFailure = (
  host: Reached,
  layer: Layer,
  systemCode: string | undefined,
  hello: ServerHello,
): Failure => {
  const what = systemCode === undefined ? "the server closed the connection" : (socketWords[systemCode] ?? systemCode);
  const where = `${dialled(host)}: ${what}`;
  switch (layer) {
    case "kex":
      return {
        code: "E_HANDSHAKE",
        message: `${where} during the key exchange (${hello.banner ?? "no banner"})`,
        try: "look at the node's sshd log; MaxStartups drops connections that come at once (--connect-parallel)",
      };
    case "auth":
      return cutInAuthFailure(host, what);
    case "banner":
      return {
        code: "E_CONNECT",
        message: `${where} before its SSH banner${hello.said === "" ? "" : `; it said "${hello.said}"`}`,
        try: "look at the node's sshd log: MaxStartups drops connections that come at once (--connect-parallel)",
      };
    default:
      return {
        code: "E_CONNECT",
        message: where,
        try:
          systemCode === "ECONNREFUSED"
            ? "is svc:/network/ssh online there, on that port?"
            : "is the node up, and its network?",
      };
  }
};

/** The server ended the connection instead of answering to a key. */
export const cutInAuthFailure = (host: Reached, why: string): Failure => ({
  code: "E_AUTH",
  message: `${dialled(host)} cut the connection during authentication: ${printable(why)}`,
  try: "look at the node's sshd log: MaxAuthTries, LoginGraceTime, AllowUsers, PerSourcePenalties",
});

/** ssh's configuration leaves no algorithm that we can do. */
export const noAlgorithmFailure = (host: Reached, keyword: string): Failure => ({
  code: "E_HANDSHAKE",
  message: `${dialled(host)}: ssh's configuration has ${keyword} of which novasweep can do none`,
  try: `add one to ${keyword} for this host; docs/explanation/connections.md has the list`,
});

/** The server speaks, but not so that we understand each other; names the first list without a common member. */
export const handshakeFailure = (host: Reached, ours: Offer, hello: ServerHello, detail: string): Failure => {
  const gap = hello.offer === undefined ? undefined : gapBetween(ours, hello.offer);
  const peer = hello.banner ?? `"${hello.said}" instead of an SSH banner`;
  if (gap === undefined) {
    return {
      code: "E_HANDSHAKE",
      message: `handshake with ${dialled(host)} failed: ${printable(detail)} (${peer})`,
      try: sshTo(host, "-v "),
    };
  }
  return {
    code: "E_HANDSHAKE",
    message: `no common ${gap.what} with ${dialled(host)} (${peer}): it offers ${printable(gap.theirs.join(", "), 300)}`,
    try:
      host.sshLegacy === "none"
        ? "if it is an old SunSSH, set ssh_legacy=sunssh for this host (weak algorithms, for it alone)"
        : "switch the node to OpenSSH: pkg set-mediator -I openssh ssh",
  };
};

const gapBetween = (
  ours: Offer,
  theirs: NonNullable<ServerHello["offer"]>,
): { readonly what: string; readonly theirs: readonly string[] } | undefined => {
  const lists = [
    { what: "key exchange", ours: ours.kex, theirs: theirs.kex },
    { what: "host key algorithm", ours: ours.serverHostKey, theirs: theirs.serverHostKey },
    { what: "cipher", ours: ours.cipher, theirs: theirs.cipher },
    { what: "MAC", ours: ours.hmac, theirs: theirs.hmac },
  ];
  return lists.find((list) => !list.ours.some((name) => list.theirs.includes(name)));
};

/** The server ended an established session in a layer of ours without an exit status. */
export const lostFailure = (host: Reached, why: string, scriptSent: boolean): Failure => ({
  code: "E_LOST",
  message: `lost ${dialled(host)}: ${printable(why)}; ${scriptSent ? "the whole script had been sent and may have run" : "the script had not been sent, so it did not run"}`,
  ...(scriptSent ? { try: "the host is looked at again before anything else is done to it" } : {}),
});

export const floodFailure = (host: Reached, maxBytes: number): Failure => ({
  code: "E_FLOOD",
  message: `${dialled(host)} sent more than ${maxBytes / 1024 ** 2} MiB`,
  try: "see what the login shell's startup files print",
});

export const shellFailure = (host: Reached, command: string, why: string): Failure => ({
  code: "E_SHELL",
  message: `${dialled(host)} would not start ${command}: ${printable(why)}`,
  try: `try: ${sshTo(host)} '${command}' </dev/null; a forced command or MaxSessions may forbid it`,
});

export const stoppedFailure = (host: Reached): Failure => ({
  code: "E_STOPPED",
  message: `the connection to ${dialled(host)} was cut on request`,
});

/** A bastion's trouble, which all hosts behind it share: the same sentence for each. */
export const bastionFailure = (bastion: Endpoint, failure: Failure): Failure => ({
  ...failure,
  message: `bastion ${dialled(bastion)}: ${failure.message}`,
  // Of keys the advice is the same; the rest speaks of a node and its settings.
  ...(isOfKeys(failure) ? {} : { try: `look at the bastion: ${sshTo(bastion, "-v ")}` }),
});

const isOfKeys = ({ code }: Failure): boolean => code === "E_HOSTKEY" || code === "E_AUTH";

/** A connection that was in use broke. */
export const brokenFailure = (why: string): Failure => ({
  code: "E_CONNECT",
  message: `the connection broke: ${printable(why)}`,
});

export const closedFailure: Failure = {
  code: "E_CONNECT",
  message: "the connection closed",
};

/** RFC 4254, 5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED. */
const PROHIBITED = 1;

/** The bastion would not, or could not, connect to a server behind it. */
export const forwardFailure = (
  to: Pick<Endpoint, "address" | "port">,
  bastion: Endpoint,
  error: Error & { readonly reason?: unknown },
): Failure => {
  const why = printable(error.message.replace(/^\(SSH\) Channel open failure: /, ""));
  return {
    code: "E_CONNECT",
    message: `${dialled(to)}: the bastion ${dialled(bastion)} could not connect: ${why}`,
    try:
      error.reason === PROHIBITED
        ? "look at AllowTcpForwarding and PermitOpen in the bastion's sshd_config"
        : `is the node up, and reachable from the bastion by that name? there: ssh -v -p ${to.port} ${printable(to.address)}`,
  };
};

/** The system's ssh could not be started. */
export const noProgramFailure = (host: Reached, ssh: string, error: Error): Failure => ({
  code: "E_CONNECT",
  message: `${dialled(host)}: ${ssh} could not be started: ${printable(error.message)}`,
  try: "install OpenSSH's client",
});
