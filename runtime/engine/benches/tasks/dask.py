"""The workloads with Dask's threaded scheduler. Arguments: seconds, rounds, tasks of the warm-up, workload, size, threads."""

import operator
import sys
import time

import dask
from dask import delayed

WIDTH = 200
MASK = (1 << 40) - 1

inc = delayed(lambda x: x + 1, pure=False)
add = delayed(operator.add, pure=False)
total = delayed(lambda xs: sum(xs) & MASK, pure=False)


def map_and_sum(n):
    return total([inc(i) for i in range(n)])


def tree(n):
    level = [inc(i) for i in range(n // 2)]
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [add(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]


def chain(n):
    x = inc(0)
    for _ in range(1, n):
        x = inc(x)
    return x


def stencil(n):
    row = [inc(i) for i in range(WIDTH)]
    for _ in range(1, n // WIDTH):
        row = [
            total([row[max(x - 1, 0)], row[x], row[min(x + 1, WIDTH - 1)]])
            for x in range(WIDTH)
        ]
    return total(row)


def peak():
    with open("/proc/self/status") as status:
        return next(line.split()[1] for line in status if line.startswith("VmHWM"))


def main(seconds, max_rounds, n_warm_up, name, n, n_threads):
    workload = {"L1": map_and_sum, "L2": tree, "L3": chain, "L4": stencil}[name]
    dask.config.set(scheduler="threads", num_workers=int(n_threads))
    workload(int(n_warm_up)).compute()
    begun = time.perf_counter()
    for _ in range(int(max_rounds)):
        start = time.perf_counter()
        graph = workload(int(n))
        built = time.perf_counter()
        dask.optimize(graph)
        planned = time.perf_counter()
        value = graph.compute()
        computed = time.perf_counter()
        # `compute` plans, too.
        plan = planned - built
        run = max(computed - planned - plan, 0.0)
        print("round", built - start, plan, run, value, flush=True)
        if computed - begun > float(seconds):
            break
    print("peak", peak(), flush=True)


main(*sys.argv[1:])
