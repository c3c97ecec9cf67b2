/*
 * Starts test nodes and ends them: each a copy-on-write view of this machine's root (overlayfs) in mount, pid and UTS
 * namespaces of its own, with a process that listens on the node's address and starts `sshd -i` for each connection.
 * That process is the node's init: when it dies, everything in the node does. It is small (about 0.1 MB), so that two
 * hundred nodes fit where one sshd each would not.
 *
 * launcher DIR: reads nodes from standard input, one a line, until an empty line:
 *   NAME TAB ADDRESS TAB PORT TAB LOWER TAB DIRECTORY
 * LOWER as overlayfs has it (first wins); DIRECTORY has `upper`, `work` and `root`. Answers `NAME PID` a node when it
 * listens, or `! NAME: why`. At the end of its standard input it ends every node and removes DIR. When it is killed, the
 * kernel ends the nodes, and a keeper beside it removes DIR.
 *
 * A node runs /.node/boot, if there is one, before it listens, and /.node/serve instead of sshd, if there is one. It does
 * not listen at all when there is /.node/refuse.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES_MAX 1000
#define LINE_MAX_BYTES 4096
/* Connections that wait to be accepted: more than any test opens at once. */
#define BACKLOG 256
/* Nodes that start at the same time: a pool's boot waits more than it works. */
#define STARTING_MAX 8
/* Tries to remove DIR, REMOVE_PACE_US apart: a node that is just dying may still write into it. */
#define REMOVE_MAX 600
#define REMOVE_PACE_US 100000

struct node {
  char *name, *address, *port, *lower, *dir;
  pid_t pid;
  /* What the node says of its start: `ok`, or why not. */
  int told;
};

static char *const environment[] = {"PATH=/usr/bin:/usr/sbin", NULL};

/* What goes wrong in a node's start goes to the starter, which waits for one line. */
static void give_up(int told, const struct node *node, const char *what) {
  dprintf(told, "! %s: %s: %s\n", node->name, what, strerror(errno));
  _exit(1);
}

static void become_private_root(int told, const struct node *node) {
  char options[LINE_MAX_BYTES * 2], root[LINE_MAX_BYTES], place[LINE_MAX_BYTES + 16];
  snprintf(root, sizeof root, "%s/root", node->dir);
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", node->lower, node->dir, node->dir);
  if (mount("overlay", root, "overlay", 0, options) != 0) give_up(told, node, "mount overlay");
  snprintf(place, sizeof place, "%s/dev", root);
  if (mount("/dev", place, NULL, MS_BIND | MS_REC, NULL) != 0) give_up(told, node, "bind /dev");
  snprintf(place, sizeof place, "%s/proc", root);
  if (mount("proc", place, "proc", 0, NULL) != 0) give_up(told, node, "mount proc");
  if (chroot(root) != 0 || chdir("/") != 0) give_up(told, node, "chroot");
  if (sethostname(node->name, strlen(node->name)) != 0) give_up(told, node, "sethostname");
}

/* Says what the boot script's first complaint was. */
static void boot_failed(int told, const struct node *node, int status) {
  char why[256];
  int log = open("/.node/boot.log", O_RDONLY | O_CLOEXEC);
  ssize_t got = log < 0 ? -1 : read(log, why, sizeof why - 1);
  why[got > 0 ? got : 0] = '\0';
  why[strcspn(why, "\n")] = '\0';
  dprintf(told, "! %s: /.node/boot ended with %#x: %s\n", node->name, status, why);
  _exit(1);
}

static void boot(int told, const struct node *node) {
  char *const words[] = {"/.node/boot", NULL};
  int status;
  pid_t pid;
  if (access(words[0], X_OK) != 0) return;
  pid = fork();
  if (pid == 0) {
    execve(words[0], words, environment);
    give_up(told, node, words[0]);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) give_up(told, node, "/.node/boot");
  if (status != 0) boot_failed(told, node, status);
}

static int listen_on(int told, const struct node *node) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(node->port))};
  int one = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (inet_pton(AF_INET, node->address, &at.sin_addr) != 1) give_up(told, node, "address");
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(server, (struct sockaddr *)&at, sizeof at) != 0) give_up(told, node, "bind");
  if (listen(server, BACKLOG) != 0) give_up(told, node, "listen");
  return server;
}

/* One connection: sshd, or what the test put in its place. */
static void serve(int connection) {
  char *const sshd[] = {"/usr/sbin/sshd", "-i", "-e", "-f", "/etc/ssh/sshd_config", NULL};
  char *const instead[] = {"/.node/serve", NULL};
  int log = open("/.node/sshd.log", O_WRONLY | O_CREAT | O_APPEND, 0644);
  signal(SIGCHLD, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, 0);
  dup2(connection, 0);
  dup2(connection, 1);
  dup2(log, 2);
  if (access(instead[0], X_OK) == 0) execve(instead[0], instead, environment);
  execve(sshd[0], sshd, environment);
  _exit(127);
}

static void live(int told, const struct node *node) {
  int server;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, node->name);
  become_private_root(told, node);
  boot(told, node);
  server = access("/.node/refuse", F_OK) == 0 ? -1 : listen_on(told, node);
  /* A launcher that died before the line about its death was drawn above: nobody hears this. */
  if (dprintf(told, "ok\n") < 0) _exit(1);
  close(told);
  /* As init it inherits orphans; nobody asks how they ended. */
  signal(SIGCHLD, SIG_IGN);
  if (server < 0)
    for (;;) pause();
  for (;;) {
    int one = 1, connection = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) continue;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (fork() == 0) serve(connection);
    close(connection);
  }
}

/* Begins the start of a node; 0 when it cannot. */
static int start(struct node *node) {
  int told[2];
  if (pipe2(told, O_CLOEXEC) != 0) return 0;
  node->told = told[0];
  node->pid = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | SIGCHLD, NULL, NULL, NULL, NULL);
  if (node->pid == 0) {
    close(told[0]);
    dup2(open("/dev/null", O_RDONLY), 0);
    live(told[1], node);
  }
  close(told[1]);
  return node->pid > 0;
}

/* Waits until a node listens, and says so; 0 after the reason was printed. */
static int await(const struct node *node) {
  char answer[LINE_MAX_BYTES];
  ssize_t got = read(node->told, answer, sizeof answer - 1);
  close(node->told);
  if (got > 0 && strncmp(answer, "ok", 2) == 0) {
    printf("%s %d\n", node->name, node->pid);
    return 1;
  }
  answer[got > 0 ? got : 0] = '\0';
  if (got > 0) printf("%s", answer);
  else printf("! %s: died before it said anything\n", node->name);
  return 0;
}

static int read_node(struct node *node) {
  char line[LINE_MAX_BYTES], *rest;
  if (fgets(line, sizeof line, stdin) == NULL || line[0] == '\n') return 0;
  line[strcspn(line, "\n")] = '\0';
  rest = strdup(line);
  node->name = strsep(&rest, "\t");
  node->address = strsep(&rest, "\t");
  node->port = strsep(&rest, "\t");
  node->lower = strsep(&rest, "\t");
  node->dir = rest;
  return node->dir != NULL;
}

static void remove_all(const char *dir) {
  for (int left = REMOVE_MAX; left > 0 && access(dir, F_OK) == 0; left--) {
    pid_t pid = fork();
    if (pid == 0) execl("/usr/bin/rm", "rm", "-rf", "--", dir, (char *)NULL);
    if (pid > 0) waitpid(pid, NULL, 0);
    if (access(dir, F_OK) == 0) usleep(REMOVE_PACE_US);
  }
}

/* Starts the process that removes DIR when the launcher is gone, however it went. Returns the end of a pipe it reads. */
static int keep(const char *dir) {
  int alive[2];
  char byte;
  if (pipe2(alive, O_CLOEXEC) != 0) return -1;
  if (fork() != 0) {
    close(alive[0]);
    return alive[1];
  }
  setsid();
  close(alive[1]);
  dup2(open("/dev/null", O_RDWR), 0);
  dup2(0, 1);
  while (read(alive[0], &byte, 1) > 0);
  remove_all(dir);
  _exit(0);
}

/* Starts nodes as they come, STARTING_MAX at a time; how many there are, those that failed included. */
static int start_all(struct node *nodes) {
  int count = 0, awaited = 0, good = 1;
  while (good && count < NODES_MAX && read_node(&nodes[count])) {
    good = start(&nodes[count]);
    if (!good) printf("! %s: no process: %s\n", nodes[count].name, strerror(errno));
    else if (++count - awaited == STARTING_MAX) good = await(&nodes[awaited++]);
  }
  while (good && awaited < count) good = await(&nodes[awaited++]);
  return count;
}

int main(int count, char **words) {
  static struct node nodes[NODES_MAX];
  int started, keeper;
  char byte;
  if (count != 2) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  keeper = keep(words[1]);
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
    printf("! no namespace of mounts: %s\n", strerror(errno));
    return 1;
  }
  started = start_all(nodes);
  printf("\n");
  while (read(0, &byte, 1) > 0);
  for (int at = 0; at < started; at++) kill(nodes[at].pid, SIGKILL);
  for (int at = 0; at < started; at++) waitpid(nodes[at].pid, NULL, 0);
  /* The keeper, which now removes DIR. */
  close(keeper);
  while (wait(NULL) > 0);
  return 0;
}
