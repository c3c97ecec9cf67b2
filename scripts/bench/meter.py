#!/usr/bin/python3
"""meter.py GROUP INPUT OUTPUT COMMAND...: runs a command and prints, as JSON, what it cost.

cpu_ms      user and system time of the command and of everything that descends from it, as the kernel accounts it. What
            the command leaves running (Ansible's SSH masters) is ended afterwards and counted too.
wall_ms     from its start to its end.
peak_mib    the most memory of the whole tree at once: PSS, which shares out what processes share, sampled.
largest_mib the most resident memory of any one of its processes, as the kernel kept it.
all_ms      CPU of every process in the control group GROUP during that wall: the command, the nodes, this meter.
busy_ms     CPU of every process of the machine, ours and others'. Both are null where GROUP is `-`.

status is its exit status. The command reads INPUT and writes OUTPUT; its standard error is ours.
"""
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

SAMPLE_S = 0.5
PR_SET_CHILD_SUBREAPER = 36
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def descendants(pid):
    for child in children(pid):
        yield child
        yield from descendants(child)


def pss_kib(pid):
    """What of a process's memory is its own, with its part of what is shared; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def watch(peak, ended):
    while not ended.wait(SAMPLE_S):
        peak[0] = max(peak[0], sum(pss_kib(pid) for pid in descendants(os.getpid())))


def machine(group):
    """CPU in ms: of the control group, and of the machine. Idle, waiting for a disk and stolen are nobody's."""
    if group == "-":
        return None
    with open(f"{group}/cpu.stat") as file:
        ours = int(next(line.split()[1] for line in file if line.startswith("usage_usec"))) / 1000
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq = map(int, file.readline().split()[1:8])
    return ours, (user + nice + system + irq + softirq) * 1000 / TICKS_A_SECOND


def end_the_rest():
    """Ends what the command left, and waits for it: only what was waited for is accounted."""
    for pid in list(descendants(os.getpid())):
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def main(group, source, target, *command):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    peak, ended = [0], threading.Event()
    with open(source) as stdin, open(target, "w") as stdout:
        sampler = threading.Thread(target=watch, args=(peak, ended))
        before, started = machine(group), time.monotonic()
        child = subprocess.Popen(command, stdin=stdin, stdout=stdout)
        sampler.start()
        status = child.wait()
        wall, after = time.monotonic() - started, machine(group)
    ended.set()
    sampler.join()
    end_the_rest()
    cost = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = {
        "status": status,
        "cpu_ms": (cost.ru_utime + cost.ru_stime) * 1000,
        "wall_ms": wall * 1000,
        "peak_mib": peak[0] / 1024,
        "largest_mib": cost.ru_maxrss / 1024,
        "all_ms": after[0] - before[0] if before else None,
        "busy_ms": after[1] - before[1] if before else None,
    }
    print(json.dumps(report))


main(*sys.argv[1:])
