"""Checks what turns samples into tables, without a network and without measuring anything."""

import gzip
import hashlib
import itertools
import json
import os
import re
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import install
import machine as machines
import page
import results
import rounds
import samples
from child import PEERS, Child, Failed
from works import OURS, Work, attention, generate, vision, vision_training
from works import products as works_products


class Samples(unittest.TestCase):
    def test_quantiles_lie_between_neighbours(self):
        self.assertEqual(samples.median([3, 1, 2]), 2)
        self.assertEqual(samples.median([4, 1, 2, 3]), 2.5)
        self.assertEqual(samples.quartiles([1, 2, 3, 4, 5]), (2, 4))
        self.assertEqual(samples.quartiles([7]), (7, 7))
        self.assertEqual(samples.quartiles([10, 20]), (12.5, 17.5))

    def test_ratios_are_of_the_rounds_that_both_have(self):
        self.assertEqual(samples.ratios([3, None, 8], [2, 5, 4]), [1.5, 2])
        self.assertEqual(samples.ratios([3], [None]), [])


class Machine(unittest.TestCase):
    def test_what_disturbs_is_named(self):
        self.assertEqual(machines.disturbances(0.002, 0.01, 1.02), [])
        self.assertEqual(machines.disturbances(0.05, 0.01, 1.0), ["steal time 5%"])
        self.assertEqual(
            machines.disturbances(0, 0.2, 1.5), ["other programs 20%", "the canary took 1.50 times its best"])

    def test_the_microarchitecture_follows_from_the_numbers(self):
        def named(family, model, vendor="AuthenticAMD"):
            return machines.microarchitecture(machines.cpu_facts(
                f"vendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\n\nvendor_id\t: other\n"))

        self.assertEqual([named(25, 1), named(25, 17), named(26, 2)], ["Zen 3", "Zen 4", "Zen 5"])
        self.assertEqual(named(6, 106, "GenuineIntel"), "Ice Lake")
        self.assertEqual(machines.microarchitecture({"vendor_id": "Intel", "cpu family": "6", "model": "143"}), "")
        self.assertEqual(machines.microarchitecture({}), "")

    def test_results_are_filed_under_processor_and_instruction_set(self):
        self.assertEqual(machines.file_name(MACHINE), "amd-epyc-zen-4-x86-64-v4-2-threads")
        held = MACHINE | {"held_to": "v3", "isa": "x86-64-v3 (AVX2)"}
        self.assertEqual(machines.file_name(held), "amd-epyc-zen-4-x86-64-v3-only-2-threads")
        self.assertIn("held to x86-64-v3 (AVX2)", machines.title(held))

    def test_peers_are_held_to_an_instruction_set_only_where_it_is_asked_for(self):
        with unittest.mock.patch.dict(os.environ, {"ONEDNN_MAX_CPU_ISA": "SSE41"}):
            self.assertNotIn("ONEDNN_MAX_CPU_ISA", install.environment(2))
            self.assertEqual(install.environment(2, "v3")["ONEDNN_MAX_CPU_ISA"], "AVX2")
        self.assertIn("cannot be held", install.Peers(print, "v3").obstacle("llama.cpp"))

    def test_the_last_cache_is_the_largest(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self.assertEqual(machines.last_level_bytes(folder), 0)
            for index, size in enumerate(("48K", "1024K", "32M")):
                Path(folder, f"index{index}").mkdir()
                Path(folder, f"index{index}", "size").write_text(f"{size}\n")
            self.assertEqual(machines.last_level_bytes(folder), 32 << 20)

    def test_this_process_is_counted_and_the_canary_sings(self):
        self.assertGreater(machines.canary(), 0)
        watch = machines.Watch()
        watch.begin([])
        self.assertIsInstance(watch.end([]), list)


class StillWatch:
    """Finds what it is told, round by round."""

    def __init__(self, *findings):
        self.findings = list(findings)

    def begin(self, processes):
        pass

    def end(self, processes):
        return self.findings.pop(0)


class Rounds(unittest.TestCase):
    def measured(self, contestants, findings, count=2):
        self.calls = []

        def noted(name, function):
            def call():
                self.calls.append(name)
                return function()
            return call

        work = Work("train", "one", {name: noted(name, function) for name, function in contestants.items()})
        return rounds.measured(work, count, StillWatch(*findings), lambda: [], lambda text: None)

    def test_a_disturbed_round_is_repeated_and_counted(self):
        result = self.measured({OURS: lambda: {"step": 1}, "peer": lambda: {"step": 2}}, [["steal time 5%"], [], []])
        self.assertEqual((len(result["rounds"]), result["repeated"], result["disturbed"]), (2, 1, 0))
        self.assertEqual(self.calls, [OURS, "peer", "peer", OURS, OURS, "peer"])

    def test_where_quiet_rounds_are_too_few_disturbed_ones_are_kept_and_counted(self):
        result = self.measured({OURS: lambda: {"step": 1}}, [["noise"], [], ["noise"], ["noise"]])
        self.assertEqual((len(result["rounds"]), result["repeated"], result["disturbed"]), (2, 2, 1))

    def test_a_peer_that_fails_is_left_out_with_its_reason(self):
        def fails():
            raise Failed("no such thing")

        result = self.measured({OURS: lambda: {"step": 1}, "peer": fails}, [[], []])
        self.assertEqual(result["obstacles"], {"peer": "no such thing"})
        self.assertEqual(self.calls, [OURS, "peer", OURS])
        with self.assertRaises(Failed):
            self.measured({OURS: fails}, [[]])


class Children(unittest.TestCase):
    def child(self, program):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name, "peer.py")
        path.write_text(program)
        child = Child(sys.executable, path, os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(PEERS)})
        self.addCleanup(child.close)
        return child

    def test_a_peer_answers_again_and_again_whatever_it_says_besides(self):
        child = self.child(
            "import sys\nfrom serve import serve\n"
            "def answer(request):\n    print('x' * 200_000, file=sys.stderr)\n"
            "    return {'twice': 2 * request['one']}\n"
            "serve(answer)\n")
        self.assertEqual([child.ask({"one": 1}, 10), child.ask({"one": 2}, 10)], [{"twice": 2}, {"twice": 4}])
        self.assertEqual(len(child.processes), 1)

    def test_what_a_peer_cannot_do_is_said(self):
        child = self.child("from serve import serve\nserve(lambda request: {'x': 1 / request['zero']})\n")
        with self.assertRaisesRegex(Failed, "ZeroDivisionError: division by zero"):
            child.ask({"zero": 0}, 10)
        with self.assertRaisesRegex(Failed, "no_such_module"):
            self.child("import no_such_module\n").ask({}, 10)


MACHINE = {
    "cpu": "AMD EPYC", "microarchitecture": "Zen 4", "isa": "x86-64-v4 (AVX-512)", "cores": 2, "threads": 2,
    "runexp": "0.2.0", "commit": "abc",
}


def result():
    """Of two rounds of one work: 1 and 2 s against 3 s, at 80 and 40 % of peak."""
    records = [
        {"disturbed": [], "results": {OURS: {"step": seconds, "shares": {"step": share}, "resident_bytes": 5},
                                      "PyTorch eager": {"step": 3.0, "version": "9.9+cpu"}}}
        for seconds, share in ((1.0, 0.8), (2.0, 0.4))]
    work = {"group": "train", "name": "modern, f32, 16 x 256, width 256", "rounds": records, "repeated": 3,
            "disturbed": 0, "goals": {"PyTorch eager": 1.5, "share": 0.75},
            "obstacles": {"torch.compile": "no compiler"}}
    group = {"title": "Training steps", "limit": "peak", "about": "One step.", "unit": "seconds", "works": [work],
             "measured": "2026-01-02, commit abc"}
    return {"machine": MACHINE, "mode": "full", "date": "2026-01-02", "groups": [group],
            "obstacles": {"llama.cpp": "no network"}}


class Page(unittest.TestCase):
    def test_a_row_has_medians_quartiles_shares_and_ratios(self):
        row = page.group_table(result()["groups"][0]).splitlines()[2]
        self.assertEqual(
            row,
            "| modern, f32, 16 x 256, width 256 | 1.5 s [1.25 s, 1.75 s] | 60.0 %, goal 75 % | 2.25 [1.88, 2.62] |")

    def test_a_single_round_has_no_quartiles(self):
        group = result()["groups"][0]
        del group["works"][0]["rounds"][1:]
        self.assertNotIn("[", page.group_table(group))

    def test_a_goal_may_be_of_one_figure_alone(self):
        group = result()["groups"][0]
        group["works"][0]["goals"] = {"PyTorch eager": {"other": 9.0}, "share": {"step": 0.7}}
        self.assertEqual(
            page.group_table(group).splitlines()[2],
            "| modern, f32, 16 x 256, width 256 | 1.5 s [1.25 s, 1.75 s] | 60.0 %, goal 70 % | 2.25 [1.88, 2.62] |")

    def test_the_page_says_what_is_left_out_and_how_many_rounds_were_repeated(self):
        text = page.page(result())
        for words in ("2 cores of AMD EPYC (Zen 4), x86-64-v4 (AVX-512)", "PyTorch 9.9",
                      "2 rounds a work; 3 disturbed rounds repeated", "llama.cpp is left out: no network",
                      "torch.compile is left out: no compiler"):
            self.assertIn(words, text)

    def test_what_was_reached_stands_beside_the_times(self):
        group = result()["groups"][0]
        for record, ours, theirs in zip(group["works"][0]["rounds"], (90.5, 90.7), (90.1, 90.3)):
            record["results"][OURS] |= {"accuracy": ours, "images_per_s": 3000}
            record["results"]["PyTorch eager"]["accuracy"] = theirs
        self.assertIn(
            "width 256; accuracy in % 90.60 [90.55, 90.65], PyTorch eager 90.20 [90.15, 90.25]; images/s 3000 |",
            page.group_table(group))

    def test_units_fit_the_size(self):
        self.assertEqual([page.time_text(seconds) for seconds in (12.34, 0.01234, 1.234e-5, 5e-9)],
                         ["12.3 s", "12.3 ms", "12.3 µs", "5 ns"])
        self.assertEqual(page.size_text(3 << 20), "3 MiB")

    def test_the_readme_keeps_what_is_around_the_tables(self):
        with tempfile.TemporaryDirectory() as folder:
            readme = Path(folder, "README.md")
            readme.write_text(f"before\n{page.MARKERS[0]}old\n{page.MARKERS[1]}after\n")
            for _ in range(2):  # a second time changes nothing
                page.put_into_readme(readme, [result()])
                text = readme.read_text()
            self.assertTrue(text.startswith("before\n") and text.endswith("after\n") and "old" not in text)
            self.assertIn("| modern, f32, 16 x 256, width 256 | 1.5 s | 60.0 %, goal 75 % |", text)
            held = result() | {"machine": MACHINE | {"held_to": "v3", "isa": "x86-64-v3 (AVX2)"}}
            self.assertIn("| modern, f32, 16 x 256, width 256 | 1.5 s |", page.readme_tables([held]))
            self.assertIn("x86-64-v3-only-2-threads.md", page.readme_tables([held]))
            held["groups"][0]["works"][0]["group"] = "memory"
            self.assertNotIn("1.5 s", page.readme_tables([held]))
            readme.write_text("no markers")
            with self.assertRaises(ValueError):
                page.put_into_readme(readme, [result()])


class Products(unittest.TestCase):
    def test_peers_multiply_what_a_layer_does_in_the_order_of_a_step(self):
        with (unittest.mock.patch.dict(os.environ, {"OMP_NUM_THREADS": "1"}),
              unittest.mock.patch.object(sys, "path", [str(PEERS), *sys.path])):
            import products
        calls, count = [], itertools.count()
        layer = products.linear(
            lambda rows, columns: (next(count), rows, columns),
            lambda *arguments: lambda: calls.append(arguments), lambda *arguments: calls.append(arguments))
        for call in layer(8, 3, 2):
            call()
        (y, x, weight, *forward), (dy, numbers), (dweight, dy1, x1, *to_weight), (dx, dy2, weight2, *to_input) = calls
        self.assertEqual((dy1, dy2, x1, weight2), (dy, dy, x, weight))
        self.assertEqual([matrix[1:] for matrix in (x, weight, y, numbers, dy, dx, dweight)],
                         [(8, 3), (2, 3), (8, 2), (8, 2), (8, 2), (8, 3), (2, 3)])
        self.assertEqual((forward, to_weight, to_input), ([False, True], [True, False], [False, False]))
        calls.clear()
        figures = products.measure({"layers": {"3 to 2": (8, 3, 2)}, "seconds": 0}, layer)
        self.assertEqual(list(figures), ["3 to 2, forward", "3 to 2, backward"])
        self.assertEqual(len(calls), (2 + 3) * 4)  # to warm up, and the least
        self.assertEqual([len(call) for call in calls], [5, 2, 5, 5] * 5)

    def test_ours_and_peers_name_the_same_layers(self):
        class Surroundings:
            seconds, asked, machine = 1.0, None, {"has_bf16_products": True}

            def __init__(self, is_quick):
                self.is_quick, self.program = is_quick, self

            def kernels(self, only, precision, seconds):
                return [{"shapes": shapes, "forward": {"seconds": 1.0, "share_of_peak": 0.5},
                         "backward": {"seconds": 2.0, "share_of_peak": 0.25}}
                        for shapes in (
                            "[16, 256, 256] [704, 256]", "[12, 64, 128] [50257, 128]", "[2, 3, 4] [5, 4]")]

            def child(self, program):
                return self

            def ask(self, request):
                self.asked = request
                return {}

        for is_quick, rest in ((True, []), (False, ["768 rows, 128 to 50257"])):
            context = Surroundings(is_quick)
            contestants = works_products.groups(context)[0].works[0].contestants
            found = contestants[OURS]()
            names = ["4096 rows, 256 to 704", *rest]
            self.assertEqual(
                list(found["shares"]), [f"{name}, {way}" for name in names for way in ("forward", "backward")])
            self.assertEqual(found["4096 rows, 256 to 704, backward"], 2.0)
            contestants["oneDNN"]()
            self.assertEqual(list(context.asked["layers"])[7:], rest)
            self.assertEqual(context.asked["layers"]["4096 rows, 256 to 704"], (4096, 256, 704))


class Decode(unittest.TestCase):
    def test_all_caches_of_a_round_are_measured_once_and_goals_are_of_what_exceeds_the_last_cache(self):
        class Program:
            asked = 0

            def kernels(self, only, precision, seconds):
                self.asked += 1
                return [{"detail": f"flash2, {cache}, decode, MHA",
                         "forward": {"seconds": self.asked * seconds, "share_of_bandwidth": 0.5}}
                        for cache, seconds in (("f32", 4.0), ("bf16", 2.0), ("q8", 1.0))]

        class Surroundings:
            program, seconds, machine = Program(), 1.0, {"last_level_bytes": 32 << 20}

        work = generate.Decoding(Surroundings()).work()
        for round in (1, 2):
            order = list(work.contestants)[:: 1 if round == 1 else -1]
            found = {name: work.contestants[name]() for name in order}
            self.assertEqual(found[OURS]["MHA, q8"], round)
            self.assertEqual(found[generate.F32], {"MHA, bf16": 4.0 * round, "MHA, q8": 4.0 * round})
            self.assertEqual(found[generate.BF16], {"MHA, q8": 2.0 * round})
        self.assertEqual(Surroundings.program.asked, 2)
        self.assertIn("MHA, f32", work.goals["share"])
        self.assertNotIn("GQA, f32", work.goals["share"])
        self.assertEqual(work.goals[generate.F32], {f"{kind}, q8": 3.0 for kind in ("4 x MHA", "16 x GQA", "32 x MQA")})

    def test_a_q8_cache_is_held_against_one_in_bf16_in_the_same_rounds(self):
        with unittest.mock.patch.object(
                generate, "ours", lambda context, kv_heads, cache: {"prefill": 5.0, "decode": len(cache)}):
            bf16, q8 = (generate.work(None, 4, cache) for cache in ("bf16", "q8"))
            self.assertNotIn(generate.BF16, bf16.contestants)
            self.assertEqual(q8.contestants[generate.BF16](), {"decode": 4})
            self.assertEqual((q8.contestants[OURS]()["decode"], q8.goals[generate.BF16]), (2, 1.0))


class Vision(unittest.TestCase):
    class Surroundings:
        """Notes what ours and the peer are asked for."""

        is_quick, seconds = False, 1.0

        def __init__(self):
            self.asked = []
            self.program = self

        def run(self, experiment, settings):
            self.asked.append(settings)
            return {"seconds": 2.0, "accuracy_percent": 90.0, "parameters": 7}, [], 0

        def child(self, program):
            return self

        def ask(self, request, patience=0):
            self.asked.append(request)
            return {"training": 3.0, "accuracy": 89.0, "parameters": 7}

    def test_the_peer_is_told_what_the_experiment_says(self):
        text = ("# width: 5\nmodel: {layers: 6, width: 96, hidden: 256, patch: 4}\n  attention: {heads: 3}\n"
                "  init_std: 0.06  # 0.02 is usual\n  batch: 32\n  steps: 7510\n  optimizer: {lr: 8.0e-4}\n"
                "  schedule: {warmup: 5 %, min_lr: 0}\n")
        found = vision.recipe(text)
        self.assertEqual(
            [found[key] for key in ("width", "heads", "init_std", "steps", "lr", "warmup", "min_lr")],
            [96, 3, 0.06, 7510, 8e-4, 375.5, 0])
        self.assertEqual(vision.recipe(text.replace("min_lr: 0", "min_lr: 50 %"))["min_lr"], 4e-4)
        for other in (text.replace("min_lr: 0", "min_lr: none"), text.replace("steps: 7510", ""), text + "width: 64\n"):
            with self.assertRaisesRegex(ValueError, "the experiment must say '(min_lr|steps|width)' once, as a number"):
                vision.recipe(other)
        # Whatever the experiment becomes, it is one that can be told.
        self.assertEqual(vision.RECIPE, vision.recipe(vision.EXPERIMENT.read_text()))

    def test_each_round_has_a_seed_alike_for_both(self):
        context = self.Surroundings()
        work = vision_training.whole(context, Path("data"))
        found = rounds.measured(work, 2, StillWatch([], []), lambda: [], lambda text: None)
        seeds = [asked["seeds"] if "seeds" in asked else f"[{asked['seed']}]" for asked in context.asked]
        self.assertEqual(seeds, ["[1]", "[1]", "[2]", "[2]"])
        self.assertEqual(found["rounds"][0]["results"][OURS]["accuracy"], 90.0)

    def test_neither_is_evaluated_on_the_way(self):
        context = self.Surroundings()
        for contestant in vision_training.whole(context, Path("data")).contestants.values():
            contestant()
        self.assertEqual(context.asked[0]["workload.evaluate_every"], 0)
        self.assertNotIn("evaluate", " ".join(context.asked[1]["recipe"]))
        self.assertIn("without evaluations on the way", vision_training.groups(context)[0].about)

    def test_images_are_those_that_the_program_reads(self):
        source = vision.EXPERIMENT.parent.parent / "Sources" / "Workloads" / "Data" / "Images" / "ImageDataset.swift"
        hashes = re.findall('"([0-9a-f]{64})"', source.read_text())
        self.assertEqual(sorted(vision_training.FILES.values()), sorted(hashes))

    def test_without_the_images_the_whole_training_is_left_out_with_the_reason(self):
        with tempfile.TemporaryDirectory() as name:
            first, second = Path(name, "fashion-mnist"), Path(name, "elsewhere")
            hashes = {}
            for folder in (first, second):
                folder.mkdir()
                for file in vision_training.FILES:
                    data = file.encode()
                    hashes[file] = hashlib.sha256(data).hexdigest()
                    (folder / f"{file}.gz").write_bytes(gzip.compress(data))
            (second / "t10k-labels-idx1-ubyte").write_bytes(b"t10k-labels-idx1-ubyte")
            (first / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"digits"))
            with (unittest.mock.patch.object(vision_training, "FILES", hashes),
                  unittest.mock.patch.object(vision_training, "folders", lambda: places)):
                places = [first, second]  # files that are others are passed over
                self.assertEqual(vision_training.fashion_mnist(), (second, ""))
                self.assertEqual(len(vision_training.groups(self.Surroundings())[0].works), 1)
                for places, words in (
                        ([first], "It is left out: '.*t10k-images-idx3-ubyte.gz' is not Fashion-MNIST's: the SHA-256"),
                        ([Path(name)], "It is left out: there is no Fashion-MNIST here")):
                    group = vision_training.groups(self.Surroundings())[0]
                    self.assertEqual(group.works, [])
                    self.assertRegex(group.about, words)
                (first / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"pixels")[:-6])
                self.assertRegex(vision_training.problem(first), "'.*train-images.*' cannot be read: ")
                (second / "train-labels-idx1-ubyte.gz").unlink()
                self.assertRegex(vision_training.problem(second), "'.*train-labels-idx1-ubyte' is missing")

    def test_images_are_looked_for_where_the_program_does(self):
        with unittest.mock.patch.dict(os.environ, {"RUNEXP_DATA": "/data", "XDG_CACHE_HOME": "/cache"}):
            self.assertEqual([str(folder) for folder in vision_training.folders()], [
                "/data/fashion-mnist", "/data", "/usr/share/datasets/fashion-mnist", "/usr/share/datasets",
                "/cache/runexp/fashion-mnist", "/cache/runexp"])

    def test_both_are_told_that_attention_is_not_causal(self):
        context = self.Surroundings()
        work = attention.work(context, 196, is_causal=False)
        with unittest.mock.patch.object(attention, "ours", lambda *arguments: context.asked.append(arguments[-1])):
            for contestant in work.contestants.values():
                contestant()
        self.assertEqual(context.asked[0], {"workload.causal": "false"})
        self.assertFalse(context.asked[1]["is_causal"])


class Results(unittest.TestCase):
    def test_a_kind_of_work_that_is_not_measured_again_stays(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            results.store(result(), folder)
            other = result()
            other["date"], other["groups"][0]["title"] = "2026-02-03", "Attention"
            results.store(other, folder)
            results.store(result() | {"mode": "quick"}, folder)
            kept = results.kept(folder)
            self.assertEqual(len(kept), 1)
            self.assertEqual([group["title"] for group in kept[0]["groups"]], ["Training steps", "Attention"])
            self.assertIn("## Attention", (folder / f"{machines.file_name(MACHINE)}.md").read_text())

    def test_pages_and_the_readmes_tables_are_those_of_the_results_that_are_kept(self):
        root = Path(__file__).resolve().parent.parent
        folder, readme = root / "results" / "bench", (root / "README.md").read_text(encoding="utf-8")
        for file in folder.glob("*.json"):
            self.assertEqual(
                file.with_suffix(".md").read_text(encoding="utf-8"), page.page(json.loads(file.read_text())), file.name)
        # A machine that was measured since, such as a user's own, is not in the README yet.
        shown = [kept for kept in results.kept(folder) if f"{machines.file_name(kept['machine'])}.md" in readme]
        self.assertTrue(shown)
        for kept in shown:
            if page.readme_tables([kept]) not in readme:
                self.fail(f"{machines.title(kept['machine'])}: python3 bench --readme writes its tables anew")


def run():
    """Runs them all; ends the process with 1 where one fails."""
    unittest.main(module="selftest", argv=["bench"])
