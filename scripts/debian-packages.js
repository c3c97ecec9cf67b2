// The Debian packages the tests use, and how they get there without starting or enabling anything.
import { spawnSync } from "node:child_process";
import { accessSync, chmodSync, constants, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { say } from "./prepare.js";

/** What proves that a package is not needed any more, and what the tests do with it. Bash, dash, coreutils and util-linux are always there. */
const needed = [
  { name: "openssh-server", command: "sshd", use: "real SSH servers" },
  { name: "openssh-client", command: "ssh-keygen", use: "keys and known_hosts files" },
  { name: "ksh93u+m", command: "ksh93", use: "the shell of the nodes" },
  { name: "busybox", command: "busybox", use: "another strict shell" },
  { name: "shellcheck", command: "shellcheck", use: "lint of the remote scripts" },
  { name: "devscripts", command: "checkbashisms", use: "lint of the remote scripts" },
  { name: "libxml2-utils", command: "xmllint", use: "the SMF manifest" },
  { name: "tmux", command: "tmux", use: "the screen in a real terminal" },
  { name: "zsh", command: "zsh", use: "its completion" },
  { name: "fish", command: "fish", use: "its completion" },
  { name: "python3", command: "python3", use: "oslo.config" },
  { name: "python3-oslo.config", module: "oslo_config", use: "what Nova reads from nova.conf" },
  { name: "zfs-fuse", command: "zfs-fuse", use: "real ZFS on the nodes of real parts" },
  { name: "fuse", command: "fusermount", use: "mounts of that ZFS" },
  { name: "gcc", command: "gcc", use: "the launcher of the nodes of real parts" },
  { name: "libc6-dev", file: "/usr/include/stdlib.h", use: "the launcher, which is linked statically" },
  { name: "sudo", command: "sudo", use: "becoming root on a node" },
  { name: "acl", command: "setfacl", use: "ACLs of nova.conf" },
  { name: "psmisc", command: "fuser", use: "open files on a node" },
  { name: "original-awk", command: "original-awk", use: "nawk on a node" },
  { name: "procps", command: "ps", use: "processes on a node" },
  { name: "python3-iniparse", module: "iniparse", use: "what the published recipe writes into nova.conf" },
  { name: "puppet-agent", command: "puppet", use: "the Puppet class compiles and does what it says" },
  { name: "puppet-module-puppetlabs-inifile", file: "/usr/share/puppet/modules/inifile", use: "its edit of nova.conf" },
];

const folders = [...new Set([...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])];

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const isThere = ({ command, module, file }) => {
  if (file !== undefined) return existsSync(file);
  if (command !== undefined) return folders.some((folder) => isExecutable(`${folder}/${command}`));
  return spawnSync("/usr/bin/python3", ["-c", `import ${module}`], { stdio: "ignore" }).status === 0;
};

/** Daemons some of them bring: new here, they stay off, also after a reboot. */
const daemons = [
  { name: "openssh-server", program: "/usr/sbin/sshd", units: ["ssh.service", "ssh.socket"] },
  { name: "zfs-fuse", program: "/usr/sbin/zfs-fuse", units: ["zfs-fuse.service"] },
  { name: "puppet-agent", program: "/usr/bin/puppet", units: ["puppet.service"] },
];

/** Makes sure of the packages; false when some are missing still, each named. */
export const ensureDebianPackages = () => {
  const missing = needed.filter((each) => !isThere(each));
  if (missing.length === 0) {
    say("the Debian packages the tests use are there");
    return true;
  }
  for (const { name, use } of missing) say(`missing: ${name} (${use})`);
  const names = missing.map(({ name }) => name);
  if (process.getuid?.() !== 0 || !isExecutable("/usr/bin/apt-get")) {
    say(`as root on Debian: apt-get install --no-install-recommends ${names.join(" ")}`);
    return false;
  }
  say("installing them with apt-get, without recommendations; no service is started or enabled");
  const installed = withServicesHeld(() => apt("update") && apt("install", ...names));
  if (!installed) say("apt-get failed");
  const still = needed.filter((each) => !isThere(each));
  for (const { name } of still) say(`still missing: ${name}`);
  return still.length === 0;
};

const apt = (verb, ...names) => {
  say(`apt-get ${[verb, ...names].join(" ")}`);
  const options =
    verb === "install" ? ["--yes", "--no-install-recommends", "--quiet=2", "-o", "Dpkg::Use-Pty=0"] : ["--quiet=2"];
  const { status } = spawnSync("/usr/bin/apt-get", [verb, ...options, ...names], {
    stdio: ["ignore", 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  // An update may fail for one foreign source of many: the install decides.
  return verb === "update" || status === 0;
};

const policy = "/usr/sbin/policy-rc.d";
const setAside = `${policy}.novasweep`;
/** Status 101 forbids the action: Debian's maintainer scripts ask before they start a service. */
const forbid =
  "#!/bin/sh\n# Put here by novasweep's npm run verify while it installs packages; removed when it is done.\nexit 101\n";

/** Runs `install` while no maintainer script may start a service; puts the machine's own policy back afterwards. */
const withServicesHeld = (install) => {
  const absent = daemons.filter(({ program }) => !existsSync(program));
  // A run that was killed may have left its own policy, and the machine's set aside.
  const isMachines = existsSync(policy) && readFileSync(policy, "utf8") !== forbid;
  if (isMachines) renameSync(policy, setAside);
  writeFileSync(policy, forbid);
  chmodSync(policy, 0o755);
  // Ctrl-C ends apt-get; this process stays to put things back.
  const stay = () => {};
  process.on("SIGINT", stay);
  process.on("SIGTERM", stay);
  try {
    return install();
  } finally {
    if (existsSync(setAside)) renameSync(setAside, policy);
    else rmSync(policy, { force: true });
    process.off("SIGINT", stay);
    process.off("SIGTERM", stay);
    const came = absent.filter(({ program }) => existsSync(program) && isExecutable("/usr/bin/systemctl"));
    for (const { name, units } of came) {
      say(`${name} is new here: its service stays off, also after a reboot`);
      spawnSync("/usr/bin/systemctl", ["disable", "--quiet", ...units], { stdio: "ignore" });
    }
  }
};
