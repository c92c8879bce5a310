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
    return in_turn([once], seconds, least, warm)[0]


def in_turn(calls, seconds, least=3, warm=1):
    """The median times of calls that are made one after the other, again and again."""
    for _ in range(warm):
        for call in calls:
            call()
    times = [[] for _ in calls]
    end = time.perf_counter() + seconds
    while len(times[0]) < least or time.perf_counter() < end:
        for call, taken in zip(calls, times):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return [sorted(taken)[len(taken) // 2] for taken in times]
