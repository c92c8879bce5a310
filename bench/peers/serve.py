"""What every peer's program does: read requests from standard input, a JSON object a line, and answer each with one."""

import json
import os
import sys
import time

THREADS = int(os.environ["OMP_NUM_THREADS"])


def serve(answer):
    """- answer: a function of a request."""
    channel, sys.stdout = sys.stdout, sys.stderr  # so that no library writes between the answers
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # the driver leaves this work out for this peer, and says why
            words = str(error).strip().splitlines()
            reply = {"error": f"{type(error).__name__}: {words[0] if words else ''}"}
        print(json.dumps(reply), file=channel, flush=True)


def repeated(once, seconds, least=3, warm=1):
    """The median time of a call, repeated for so many seconds and at least so many times."""
    for _ in range(warm):
        once()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]
