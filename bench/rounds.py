"""Rounds: in each, every contestant does the work once, in turn; a round that other work disturbed is repeated."""

import time

from child import Failed
from works import OURS


def measured(work, rounds, watch, processes, say):
    """What a work's rounds gave.

    - rounds: how many are wanted undisturbed; twice as many are tried at most, and disturbed ones then fill up.
    - processes: a function that gives our own processes that live on.
    """
    contestants = dict(work.contestants)
    obstacles, kept, disturbed = {}, [], []
    tries = 0
    while contestants and len(kept) < rounds and tries < 2 * rounds:
        # Whoever is first may find another machine than who is last: every other round goes backwards.
        order = list(contestants)[:: 1 if tries % 2 == 0 else -1]
        watch.begin(processes())
        start = time.perf_counter()
        results = {}
        for name in order:
            try:
                results[name] = contestants[name]()
            except Failed as failure:
                if name == OURS:
                    raise
                obstacles[name] = str(failure)
                del contestants[name]
        found = watch.end(processes())
        tries += 1
        record = {"seconds": time.perf_counter() - start, "disturbed": found, "results": results}
        (disturbed if found else kept).append(record)
        say(f"{work.group}: {work.name}: round {tries}, {record['seconds']:.1f} s"
            + (f", disturbed: {', '.join(found)}" if found else ""))
    lacking = max(rounds - len(kept), 0)
    return {
        "group": work.group, "name": work.name, "goals": work.goals, "rounds": kept + disturbed[:lacking],
        "repeated": len(disturbed) - len(disturbed[:lacking]), "disturbed": len(disturbed[:lacking]),
        "obstacles": obstacles,
    }
