"""A peer's process: it stays, so that imports and compilations are paid once, and answers a JSON line with another."""

import json
import selectors
import subprocess
import tempfile
import time
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"


class Failed(Exception):
    """A contestant cannot do a work; the message says why."""


class Child:
    def __init__(self, python, program, environment):
        self.command = [str(python), str(PEERS / program)]
        self.environment = environment
        self.process = None

    @property
    def processes(self):
        return [self.process.pid] if self.process and self.process.poll() is None else []

    def ask(self, request, patience=900):
        """The answer to a request.

        - patience: seconds after which the child is ended.
        """
        if not self.processes:
            # A file, for nobody reads while the child works: a pipe that is full would stop it.
            self.errors = tempfile.TemporaryFile("w+")
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
                env=self.environment)
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            answer = self.line(patience)
        except BrokenPipeError:
            answer = ""
        if not answer:
            errors = self.close().strip().splitlines()
            raise Failed(errors[-1] if errors else "it ended without a word")
        answer = json.loads(answer)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def line(self, patience):
        """The next line of its output; empty where it ended, or did not answer in time."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            end = time.monotonic() + patience
            while (left := end - time.monotonic()) > 0:
                if selector.select(left):
                    return self.process.stdout.readline()
        self.process.kill()
        return ""

    def close(self):
        """Ends it; gives what it said on standard error."""
        if not self.process:
            return ""
        try:
            self.process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.process.kill()
            self.process.communicate()
        self.process = None
        with self.errors:
            self.errors.seek(0)
            return self.errors.read()
