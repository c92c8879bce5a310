"""A real Slurm on this machine, from Debian's packages, without installing them: munge, slurmctld and one slurmd a node,
with no systemd, no control groups and no accounting. Needs root. The nodes have mounts and, where this machine can make
one, a network of their own, and share the rest; else they share the loopback address."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

PACKAGES = """slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge libmunge2 libhwloc15 libipmimonitoring6
libfreeipmi17 liblua5.3-0 libjson-c5 libnuma1 librrd8 libjwt0 libhttp-parser2.9 libpmix2""".split()


class Missing(Exception):
    """Slurm cannot be had or started here, and why."""


def fetch(cache):
    """The folder into which the packages are unpacked; they are downloaded the first time."""
    root = Path(cache, "root")
    if Path(root, "complete").exists():
        return root
    if os.geteuid() != 0:
        raise Missing("Slurm is started by root alone")
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Missing("the packages are Debian's, and there is no apt-get")
    packages = Path(cache, "packages")
    packages.mkdir(parents=True, exist_ok=True)
    found = subprocess.run(["apt-get", "download", "-qq", *PACKAGES], cwd=packages, capture_output=True, text=True)
    if found.returncode != 0:
        raise Missing(f"the packages cannot be had: {found.stderr.strip().splitlines()[-1:]}")
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, root], check=True)
    Path(root, "complete").touch()
    return root


def free_ports(count):
    """Ports that nobody listens on at this moment."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Network:
    """A network namespace a node, on a bridge that the controller is on as well. `missing` says why there is none."""

    def __init__(self, nodes):
        self.name = f"rx{os.getpid()}"
        self.spaces = {node: f"{self.name}n{place}" for place, node in enumerate(nodes)}
        self.subnet = f"10.231.{os.getpid() % 250}"
        self.missing = None if shutil.which("ip") else "there is no ip(8)"

    def __enter__(self):
        if self.missing:
            return self
        try:
            self._ip("link", "add", self.name, "type", "bridge")
            self._ip("addr", "add", f"{self.controller}/24", "dev", self.name)
            self._ip("link", "set", self.name, "up")
            for node, space in self.spaces.items():
                self._ip("netns", "add", space)
                self._ip("link", "add", space, "type", "veth", "peer", "name", "eth0", "netns", space)
                self._ip("link", "set", space, "master", self.name, "up")
                self._ip("-n", space, "addr", "add", f"{self.address(node)}/24", "dev", "eth0")
                for device in ["lo", "eth0"]:
                    self._ip("-n", space, "link", "set", device, "up")
        except subprocess.CalledProcessError as error:
            self.__exit__()
            self.missing = error.stderr.strip()
        return self

    def __exit__(self, *_):
        if self.missing:
            return
        for space in self.spaces.values():
            subprocess.run(["ip", "netns", "del", space], capture_output=True)
        subprocess.run(["ip", "link", "del", self.name], capture_output=True)

    def _ip(self, *words):
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)

    @property
    def controller(self):
        return "127.0.0.1" if self.missing else f"{self.subnet}.1"

    def address(self, node):
        return "127.0.0.1" if self.missing else f"{self.subnet}.{2 + list(self.spaces).index(node)}"

    def within(self, node):
        """The beginning of a command that runs in a node's network. Not `ip netns exec`, which would hide /sys/fs/cgroup."""
        return [] if self.missing else ["nsenter", f"--net=/run/netns/{self.spaces[node]}"]


class Slurm:
    """A controller and its nodes; `with Slurm(...) as slurm` starts them and stops them by their numbers."""

    # A partition with a node that nothing else takes, for what needs long and does not compute.
    ASIDE = "aside"

    def __init__(self, root, folder, nodes=2, cpus=1, largest_array=1001, most_jobs=10000):
        self.root, self.folder = Path(root), Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.nodes = [f"node{number + 1}" for number in range(nodes)]
        self.aside = f"node{nodes + 1}"
        self.cpus, self.largest_array, self.most_jobs = cpus, largest_array, most_jobs
        self.network = Network([*self.nodes, self.aside])
        self.daemons = {}
        plugins = self.root / "usr/lib/x86_64-linux-gnu"
        self.environment = {
            **os.environ,
            "LD_LIBRARY_PATH": f"{plugins}:{plugins}/slurm-wlm",
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.root}/usr/bin:{self.root}/usr/sbin:{os.environ['PATH']}",
        }

    def __enter__(self):
        try:
            self.network.__enter__()
            self._munge()
            self._configure()
            self._start("slurmctld", ["slurmctld-wlm", "-D"])
            nodes = [*self.nodes, self.aside]
            for node in nodes:
                self.start_node(node)
            self.wait(lambda: self.states() == ["idle"] * len(nodes), 30, "the nodes are idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in list(self.daemons)[::-1]:
            self.stop(name)
        self.network.__exit__()

    def _start(self, name, words):
        log = open(self.folder / f"{name}.out", "ab")
        self.daemons[name] = subprocess.Popen(
            words, env=self.environment, stdout=log, stderr=log, start_new_session=True, cwd=self.folder)

    def stop(self, name, number=signal.SIGTERM):
        """Ends a daemon and what it has started; a session of its own has the daemon's number."""
        process = self.daemons.pop(name)
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start_node(self, node):
        """Starts a node in mounts of its own, where the kernel seems to be another one: another machine, for a program."""
        boot = self.folder / f"boot-{node}"
        boot.write_text(f"{uuid.uuid4()}\n", encoding="utf-8")
        self._start(node, [
            *self.network.within(node), "unshare", "--mount", "sh", "-c",
            'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"', boot,
            "slurmd-wlm", "-D", "-N", node, "-d", f"{self.root}/usr/sbin/slurmstepd-wlm"])

    def processes(self, node):
        """The numbers of the processes of jobs on a node, which have its name in their environment, in the order in which
        they were started: Slurm's own step first, which would tell the controller how the others ended."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                variables = (place / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            wanted = [f"SLURMD_NODENAME={node}", f"SLURM_CONF={self.environment['SLURM_CONF']}"]
            if all(text.encode() in variables for text in wanted):
                found.append(int(place.name))
        steps = set()
        for process in found:
            with contextlib.suppress(OSError):
                parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
                if "slurmstepd" in Path(f"/proc/{parent}/comm").read_text():
                    steps.add(parent)
        return sorted(steps) + sorted(set(found) - steps)

    def _munge(self):
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        self._start("munged", [
            "munged", "-F", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.sock",
            f"--pid-file={self.folder}/munge.pid", f"--log-file={self.folder}/munge.log",
            f"--seed-file={self.folder}/munge.seed"])
        self.wait((self.folder / "munge.sock").exists, 10, "munged listens")

    def _configure(self):
        host = socket.gethostname()
        all_nodes = [*self.nodes, self.aside]
        controller, *ports = free_ports(1 + len(all_nodes))
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr={self.network.address(node)} Port={port} CPUs={self.cpus} "
            "RealMemory=1500 Feature=kind State=UNKNOWN" for node, port in zip(all_nodes, ports))
        for name in ["state", *[f"spool-{node}" for node in all_nodes]]:
            (self.folder / name).mkdir()
        (self.folder / "slurm.conf").write_text(f"""
ClusterName=test
SlurmctldHost={host}({self.network.controller})
SlurmctldPort={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={self.folder}/munge.sock,cred_expire=5
CredType=cred/munge
PluginDir={self.root}/usr/lib/x86_64-linux-gnu/slurm-wlm
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={self.folder}/jobs.txt
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
MaxArraySize={self.largest_array}
MaxJobCount={self.most_jobs}
ReturnToService=2
KillWait=5
OverTimeLimit=0
SlurmdTimeout=30
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool-%n
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd-%n.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd-%n.log
{nodes}
PartitionName=debug Nodes={",".join(self.nodes)} Default=YES MaxTime=INFINITE State=UP
PartitionName={self.ASIDE} Nodes={self.aside} MaxTime=INFINITE State=UP
""", encoding="utf-8")

    def run(self, *words, check=True):
        """Runs one of Slurm's programs, or any other that is to find them; what it printed."""
        found = subprocess.run(words, env=self.environment, capture_output=True, text=True)
        if check and found.returncode != 0:
            raise RuntimeError(f"{words} ended with {found.returncode}: {found.stderr}{found.stdout}")
        return found.stdout

    def states(self):
        return [line.split()[0].rstrip("*~#") for line in self.run("sinfo", "-h", "-N", "-o", "%t", check=False).splitlines()]

    def queue(self, partition="debug"):
        """The jobs of a partition that wait or run: task, name, state and node."""
        lines = self.run("squeue", "-h", "-r", "-p", partition, "-o", "%i %j %T %N").splitlines()
        return [line.split() for line in lines]

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"not within {seconds} s: {what}\n{self.report()}")
            time.sleep(0.1)

    def wait_until_empty(self, seconds=90):
        self.wait(lambda: not self.queue(), seconds, "the queue is empty")

    def report(self):
        """The ends of the logs, for who must find out what went wrong."""
        parts = []
        for path in sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.out")):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
            parts.append(f"--- {path.name}\n" + "\n".join(lines))
        return "\n".join(parts)
