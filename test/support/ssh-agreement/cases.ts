/** Configurations and known_hosts files on which ssh and novasweep have to come to the same decision, and what it is. */

/** `connects`, or why not, by the words of ssh and by our codes. */
export type Decision = "connects" | "host key" | "authentication" | "no connection" | "no address" | "no algorithm";

/** What `@NAME@` in a text stands for. */
export interface Words {
  /** The node's address and port, and how known_hosts names it; two bastions. */
  readonly NODE: string;
  readonly PORT: string;
  readonly NODE_NAME: string;
  readonly OUTER: string;
  readonly OUTER_PORT: string;
  readonly INNER: string;
  readonly INNER_PORT: string;
  /** Host keys: the node's two, and one of nobody. */
  readonly ED: string;
  readonly RSA: string;
  readonly OTHER: string;
  /** The folder of all files; in it a key that everybody takes and one that nobody takes; the socket of an agent that has another one. */
  readonly DIR: string;
  readonly KEY: string;
  readonly STRANGER: string;
  readonly AGENT: string;
  /** A program for ProxyCommands. */
  readonly NODE_JS: string;
  /** Lines of known_hosts for all three servers. */
  readonly ALL_KNOWN: string;
}

/** Lines at the end of every configuration. */
const atTheEnd = ({ withoutKey, agent }: AgreementCase): string =>
  [
    "Host *",
    "Port @PORT@",
    "User root",
    "UserKnownHostsFile @DIR@/known_hosts",
    "GlobalKnownHostsFile none",
    ...(agent ? [] : ["IdentityAgent none"]),
    ...(withoutKey ? [] : ["IdentityFile @KEY@"]),
    "",
  ].join("\n");

/** The files of a case, by their names in the folder. */
export const filesOf = (given: AgreementCase, words: Words): Readonly<Record<string, string>> => {
  const fill = (text: string): string =>
    text.replace(/@([A-Z_]+)@/g, (whole, name: string) => (name in words ? words[name as keyof Words] : whole));
  const texts = {
    config: `${given.config ?? ""}\n${atTheEnd(given)}`,
    known_hosts: given.known ?? "@ALL_KNOWN@",
    ...given.files,
  };
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, `${fill(fill(text))}\n`]));
};

export interface AgreementCase {
  readonly name: string;
  /** ssh_config, before the lines at its end. */
  readonly config?: string;
  /** known_hosts in place of one that knows all three. */
  readonly known?: string;
  /** Other files in DIR, by their names. */
  readonly files?: Readonly<Record<string, string>>;
  readonly destination?: string;
  /** Runs `ssh-keygen -H` over known_hosts. */
  readonly hashed?: true;
  /** No `IdentityFile @KEY@` at the end. */
  readonly withoutKey?: true;
  /** The agent is in the environment, and no `IdentityAgent none` at the end. */
  readonly agent?: true;
  readonly decision: Decision;
}

const variable = (name: string): string => `\${${name}}`;

const keys: readonly AgreementCase[] = [
  { name: "a key of a file", decision: "connects" },
  { name: "a key nobody takes, then one that is taken", config: "IdentityFile @STRANGER@", decision: "connects" },
  {
    name: "a key that is not there, then one that is taken",
    config: "IdentityFile @DIR@/absent",
    decision: "connects",
  },
  { name: "a key nobody takes", config: "IdentityFile @STRANGER@", withoutKey: true, decision: "authentication" },
  { name: "a path with tokens", config: "IdentityFile @DIR@/id_%r_%p", withoutKey: true, decision: "connects" },
  { name: "a path with a percent sign", config: "IdentityFile @DIR@/100%%", withoutKey: true, decision: "connects" },
  {
    name: "a path with a variable",
    config: `IdentityFile ${variable("NOVASWEEP_TEST_DIR")}/id`,
    withoutKey: true,
    decision: "connects",
  },
  { name: "the agent's key", config: "IdentityFile none", withoutKey: true, agent: true, decision: "connects" },
  {
    name: "the agent's key, when only those of files are to be offered",
    config: "IdentityFile @STRANGER@\nIdentitiesOnly yes",
    withoutKey: true,
    agent: true,
    decision: "authentication",
  },
  {
    name: "the agent's key, when its public half is the file",
    config: "IdentityFile @DIR@/in-agent.pub\nIdentitiesOnly yes",
    withoutKey: true,
    agent: true,
    decision: "connects",
  },
  {
    name: "the agent's key beside a file that nobody takes",
    config: "IdentityFile @STRANGER@",
    withoutKey: true,
    agent: true,
    decision: "connects",
  },
  {
    name: "no agent, though there is one",
    config: "IdentityFile none\nIdentityAgent none",
    withoutKey: true,
    agent: true,
    decision: "authentication",
  },
  {
    name: "an agent by its path",
    config: "IdentityFile none\nIdentityAgent @AGENT@",
    withoutKey: true,
    decision: "connects",
  },
  {
    name: "an agent by a variable",
    config: "IdentityFile none\nIdentityAgent $NOVASWEEP_TEST_AGENT",
    withoutKey: true,
    decision: "connects",
  },
];

const hostKey: readonly AgreementCase[] = [
  { name: "a key nobody knows", known: "", decision: "host key" },
  { name: "a key that changed", known: "@NODE_NAME@ @OTHER@", decision: "host key" },
  { name: "a known key of the other type", known: "@NODE_NAME@ @RSA@", decision: "connects" },
  {
    name: "the key of the type that is asked for first changed, the other did not",
    known: "@NODE_NAME@ @OTHER@\n@NODE_NAME@ @RSA@",
    decision: "host key",
  },
  {
    name: "two keys of one type, one of them its own",
    known: "@NODE_NAME@ @OTHER@\n@NODE_NAME@ @ED@",
    decision: "connects",
  },
  { name: "a hashed name", known: "other @OTHER@\n@NODE_NAME@ @ED@", hashed: true, decision: "connects" },
  { name: "a wildcard", known: "[127.0.32.*]:* @ED@", decision: "connects" },
  { name: "a question mark", known: "[127.0.32.?]:@PORT@ @ED@", decision: "connects" },
  { name: "a negated name", known: "[127.0.32.*]:*,!@NODE_NAME@ @ED@", decision: "host key" },
  { name: "a name among others", known: "cn01,@NODE_NAME@,cn02 @ED@", decision: "connects" },
  { name: "the name without its port", known: "@NODE@ @ED@", decision: "connects" },
  { name: "another port", known: "[@NODE@]:1 @ED@", decision: "host key" },
  {
    name: "a comment, a broken line, then the key",
    known: "# x\n@NODE_NAME@ ssh-ed25519\n\n@NODE_NAME@ @ED@",
    decision: "connects",
  },
  { name: "a revoked key", known: "@revoked * @ED@\n@NODE_NAME@ @ED@\n", decision: "host key" },
  {
    name: "a revoked key in the second file",
    config: "UserKnownHostsFile @DIR@/known_hosts @DIR@/second",
    files: { second: "@revoked * @ED@" },
    decision: "host key",
  },
  {
    name: "the second file",
    config: "UserKnownHostsFile @DIR@/second @DIR@/third",
    files: { second: "", third: "@ALL_KNOWN@" },
    decision: "connects",
  },
  {
    name: "the global file",
    config: "UserKnownHostsFile none\nGlobalKnownHostsFile @DIR@/global",
    files: { global: "@ALL_KNOWN@" },
    decision: "connects",
  },
  { name: "an alias that is known", config: "HostKeyAlias node", known: "node @ED@", decision: "connects" },
  { name: "an alias that is not known", config: "HostKeyAlias node", decision: "host key" },
  {
    name: "an alias does not take the port",
    config: "HostKeyAlias node",
    known: "[node]:@PORT@ @ED@",
    decision: "host key",
  },
];

const sections: readonly AgreementCase[] = [
  { name: "another name", config: "Host cn01\n  HostName @NODE@", destination: "cn01", decision: "connects" },
  { name: "a name nobody knows", destination: "cn01.invalid", decision: "no address" },
  { name: "a name made of the name", config: "Host 1\n  HostName 127.0.32.%h", destination: "1", decision: "connects" },
  { name: "a negated pattern", config: "Host * !@NODE@\n  Port 1", decision: "connects" },
  { name: "a pattern", config: "Host 127.0.32.*\n  Port 1", decision: "no connection" },
  { name: "the first value wins", config: "Port @PORT@\nHost *\n  Port 1", decision: "connects" },
  {
    name: "an equals sign and quotes",
    config: 'Host cn01\n  HostName="@NODE@"',
    destination: "cn01",
    decision: "connects",
  },
  { name: "a user who may not log in", config: "User nobody", decision: "authentication" },
  { name: "Match host", config: "Match host @NODE@\n  User nobody", decision: "authentication" },
  {
    name: "Match originalhost",
    config: "Host cn01\n  HostName @NODE@\nMatch originalhost @NODE@\n  User nobody",
    destination: "cn01",
    decision: "connects",
  },
  { name: "Match exec that says yes", config: 'Match exec "test %h = @NODE@"\n  Port 1', decision: "no connection" },
  { name: "Match exec that says no", config: 'Match exec "test %h = x"\n  Port 1', decision: "connects" },
  {
    name: "an included file",
    config: "Include @DIR@/more-*",
    files: { "more-1": "Port 1\n" },
    decision: "no connection",
  },
];

const algorithms: readonly AgreementCase[] = [
  { name: "one key exchange", config: "KexAlgorithms ecdh-sha2-nistp384", decision: "connects" },
  {
    name: "a key exchange the server has not",
    config: "KexAlgorithms diffie-hellman-group1-sha1",
    decision: "no algorithm",
  },
  { name: "one cipher and one MAC", config: "Ciphers aes192-ctr\nMACs hmac-sha2-512", decision: "connects" },
  { name: "a cipher the server has not", config: "Ciphers aes256-cbc", decision: "no algorithm" },
  {
    name: "host keys of a type that is not known",
    config: "HostKeyAlgorithms rsa-sha2-512",
    decision: "host key",
  },
  {
    name: "host keys of a type that is known",
    config: "HostKeyAlgorithms rsa-sha2-256",
    known: "@NODE_NAME@ @RSA@",
    decision: "connects",
  },
  { name: "a host key the server has not", config: "HostKeyAlgorithms ecdsa-sha2-nistp256", decision: "no algorithm" },
];

const through = (jump: string): string => `Host @NODE@\n  ProxyJump ${jump}`;
const bastions: readonly AgreementCase[] = [
  { name: "one bastion", config: through("root@@OUTER@:@OUTER_PORT@"), decision: "connects" },
  {
    name: "two bastions by their names",
    config: `${through("outer,inner")}\nHost outer\n  HostName @OUTER@\n  Port @OUTER_PORT@\nHost inner\n  HostName @INNER@\n  Port @INNER_PORT@`,
    decision: "connects",
  },
  {
    name: "a bastion with a bastion of its own",
    config: `${through("inner")}\nHost inner\n  HostName @INNER@\n  Port @INNER_PORT@\n  ProxyJump outer\nHost outer\n  HostName @OUTER@\n  Port @OUTER_PORT@`,
    decision: "connects",
  },
  {
    name: "a bastion as an address of the protocol",
    config: through("ssh://root@@OUTER@:@OUTER_PORT@"),
    decision: "connects",
  },
  { name: "no bastion after all", config: `${through("none")}\nHost *\n  ProxyJump @OUTER@:1`, decision: "connects" },
  {
    name: "a bastion nobody knows the key of",
    config: through("@OUTER@:@OUTER_PORT@"),
    known: "@NODE_NAME@ @ED@",
    decision: "host key",
  },
  {
    name: "a bastion that does not take the user",
    config: through("nobody@@OUTER@:@OUTER_PORT@"),
    decision: "authentication",
  },
  { name: "a bastion that is down", config: through("@OUTER@:1"), decision: "no connection" },
  {
    name: "a node that is down behind a bastion",
    config: `${through("@OUTER@:@OUTER_PORT@")}\n  Port 1`,
    decision: "no connection",
  },
  {
    name: "a bastion with a key of its own",
    config: `${through("outer")}\nHost outer\n  HostName @OUTER@\n  Port @OUTER_PORT@\n  IdentityFile @STRANGER@\n  IdentitiesOnly yes\nHost @NODE@\n  IdentityFile @KEY@`,
    withoutKey: true,
    decision: "authentication",
  },
];

const otherDecisions: readonly AgreementCase[] = [
  {
    name: "a host key that a file of its own revokes",
    config: "RevokedHostKeys @DIR@/revoked",
    files: { revoked: "@ED@\n@RSA@" },
    decision: "host key",
  },
  { name: "no limit to the wait", config: "ConnectTimeout 0", decision: "connects" },
  { name: "no key is to be shown", config: "PubkeyAuthentication no", decision: "authentication" },
  {
    name: "another way to log in is preferred",
    config: "PreferredAuthentications password",
    decision: "authentication",
  },
  { name: "another family of addresses", config: "AddressFamily inet6", decision: "no address" },
  { name: "the family it has", config: "AddressFamily inet", decision: "connects" },
];

const certified = "IdentityFile @STRANGER@\nCertificateFile @DIR@/certificate\nIdentitiesOnly yes";
const onlySsh: readonly AgreementCase[] = [
  {
    name: "a command in place of a connection",
    config: "ProxyCommand @NODE_JS@ @DIR@/relay.js %h %p",
    decision: "connects",
  },
  { name: "a command that ends at once", config: "ProxyCommand false", decision: "no connection" },
  {
    name: "a command, and a host key nobody knows",
    config: "ProxyCommand @NODE_JS@ @DIR@/relay.js %h %p",
    known: "",
    decision: "host key",
  },
  {
    name: "a bastion that is reached by a command",
    config: `${through("outer")}\nHost outer\n  HostName @OUTER@\n  Port @OUTER_PORT@\n  ProxyCommand @NODE_JS@ @DIR@/relay.js %h %p`,
    decision: "connects",
  },
  { name: "a certificate for a key nobody knows", config: certified, withoutKey: true, decision: "connects" },
  {
    name: "a certificate for another user",
    config: `User nobody\n${certified}`,
    withoutKey: true,
    decision: "authentication",
  },
];

export const agreementCases: readonly AgreementCase[] = [
  ...[...keys, ...hostKey, ...sections, ...algorithms, ...bastions],
  ...onlySsh,
  ...otherDecisions,
];
