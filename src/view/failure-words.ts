/** What each stable code means in one sentence and what to do about it; docs/errors.md has the paragraph. */
import type { FailureCode } from "../domain/outcome.ts";

interface CodeWords {
  readonly what: string;
  readonly try: string;
}

/** Used where hosts of one code are folded, and where a failure brings no advice of its own. */
export const failureWords: Readonly<Record<FailureCode, CodeWords>> = {
  E_RESOLVE: { what: "the name does not resolve", try: "check the name, or set ansible_host" },
  E_CONNECT: { what: "no connection", try: "check that the host is up and sshd listens on the port" },
  E_TIMEOUT: { what: "no answer in time", try: "check host and network, or raise --connect-timeout" },
  E_HANDSHAKE: { what: "no common SSH algorithms", try: "set novasweep_ssh_legacy=sunssh for this host only" },
  E_HOSTKEY: {
    what: "the host key is unknown or has changed",
    try: "compare the fingerprint on the console, then mend known_hosts",
  },
  E_AUTH: { what: "authentication failed", try: "check user and key: ssh -v USER@HOST" },
  E_LOST: { what: "the connection was lost", try: "run the same command again: it looks first" },
  E_GARBAGE: {
    what: "the answer was not understood",
    try: "log in as that user and see what its shell says by itself",
  },
  E_FLOOD: { what: "the answer was too long", try: "check what the login shell prints" },
  E_SHELL: { what: "the login shell did not run the script", try: "check the user's shell and its start-up files" },
  E_BECOME: { what: "the script did not become root", try: "check --become and the rights of the user" },
  E_UNSUPPORTED: { what: "this system is not supported", try: "leave the host out of the selection" },
  E_NOT_GLOBAL: { what: "not the global zone", try: "name the global zone's host instead" },
  E_NO_NOVA: { what: "nova is not installed", try: "leave the host out of the selection" },
  E_BLIND: { what: "something needed could not be looked at", try: "run as a user that may look" },
  E_BUSY: { what: "the host is busy with a zone or an image", try: "run the same command again later" },
  E_STALE: { what: "the host changed after the plan was made", try: "run the same command again: it plans anew" },
  E_PENDING_BOOT: {
    what: "another boot environment is active on reboot",
    try: "reboot first, or --this-boot-environment",
  },
  E_PENDING_FOREIGN_CHANGE: {
    what: "nova.conf holds somebody else's change that is not in force",
    try: "look at that change, then --activate-pending",
  },
  E_PACKAGED: { what: "another package owns a path of ours", try: "pkg uninstall it first" },
  E_SERVICE_STATE: { what: "nova-compute is not in a state to act in", try: "mend the service first: svcs -xv" },
  E_LOCKED: { what: "another run holds the host's lock", try: "wait for it; if it is gone, --break-stale-lock" },
  E_CONF_PARSE: { what: "nova.conf is not what oslo.config can read", try: "mend the line that is named" },
  E_CONF_VALUE: {
    what: "the value in force could not be worked out",
    try: "look at glancecache_dirname and what it refers to",
  },
  E_CONF_OWNER: { what: "nova.conf or its directory has an unsafe owner", try: "set their owners right" },
  E_CONF_LINK: { what: "nova.conf is a link", try: "set novasweep_nova_conf to the file itself" },
  E_CONF_ABSENT: { what: "nova.conf is not there", try: "set novasweep_nova_conf" },
  E_DATASET: { what: "the dataset is not as it must be", try: "see the settings cache_dataset and cache_mountpoint" },
  E_OVERLAP: {
    what: "something else is where the dataset shall be mounted",
    try: "set another cache_mountpoint, or move it away",
  },
  E_SNAPSHOTS: { what: "snapshots hold the space of evicted images", try: "destroy those nobody needs" },
  E_QUOTA_BELOW_USE: { what: "the quota is below present use", try: "raise cache_quota, or free space on the node" },
  E_PATH_LINK: { what: "a component of a path is a link", try: "name the real path" },
  E_IN_USE: { what: "the directory is, holds or lies in something in use", try: "mend legacy_dirs" },
  E_NOT_CACHE: { what: "the directory is no image cache", try: "look what it is, then mend legacy_dirs" },
  E_NOT_IN_FORCE: { what: "nova-compute may still use the old cache", try: "restart nova-compute first" },
  E_LINT: { what: "pkglint finds errors in the package", try: "report it: the package is novasweep's own" },
  E_REPOSITORY: {
    what: "the repository cannot be read",
    try: "pkgrepo create DIR makes one; a depot has to run at an http address",
  },
  E_PUBLISHED: {
    what: "the repository has this version with another content",
    try: "see which novasweep published it; pkgrepo remove takes it out",
  },
  E_NOT_WRITABLE: { what: "nova could not write to the cache directory", try: "check owner, mode and free space" },
  E_EXIT: { what: "the command ended with another status than 0", try: "see what it wrote" },
  E_STEP: { what: "a step failed", try: "the message has the tool's own words: look at the node" },
  E_STEP_TIMEOUT: { what: "a step took too long", try: "look at the host, or raise --step-timeout" },
  E_HOST_TIMEOUT: { what: "the host took too long", try: "look at the host, or raise --host-timeout" },
  E_RESTART: { what: "nova-compute did not come back", try: "look at its log: svcs -L nova-compute" },
  E_FLAPPING: { what: "nova-compute does not stay online", try: "look at its log: svcs -L nova-compute" },
  E_NOT_CONVERGED: { what: "drift was left after every step", try: "run status for what still drifts" },
  E_IN_TRANSITION: { what: "nova-compute was still in transition at the deadline", try: "run status: it looks again" },
  E_STOPPED: { what: "stopped by the operator", try: "run the same command again: it looks first" },
  E_USAGE: { what: "the command line is not understood", try: "novasweep --help" },
  E_INVENTORY: { what: "the inventory is not understood", try: "mend the line that is named" },
  E_SETTING: { what: "a setting is not understood", try: "see the reference of settings" },
  E_PATTERN: { what: "the pattern selects nothing", try: "novasweep inventory" },
  E_JOURNAL: { what: "the journal could not be written or read", try: "check the state directory" },
};
