// What diff says of two runs: what is the same, what differs, what cannot be said, and what is not
// comparable.

import Analysis
import Config
import Foundation
import Records
import Statistics
import Testing

@Suite("diff")
struct DiffTests {
  private let cases: DiffCases

  init() throws { cases = try DiffCases() }

  @Test("the same bits are the same, without a test")
  func same() throws {
    let cells = DiffCases.seeds(.valLoss, [1.5, 1.6, 1.7])
    let diff = RunDiff(try cases.side(cells), try cases.side(cells))
    #expect(diff.changes.map(\.verdict) == [.same])
    #expect(diff.tests == 0)
    #expect(diff.exitCode == 0)
    #expect(diff.factors.keys.isEmpty)
    #expect(diff.factors.confounded == nil)
    #expect(diff.compared == 3)
  }

  @Test("an effect in every one of eight seeds is found, with its sign, and is a regression")
  func effect() throws {
    let base = [1.50, 1.52, 1.49, 1.51, 1.53, 1.48, 1.50, 1.52]
    let new = zip(base, [5.0, 6, 5.5, 4.8, 6.2, 5.1, 5.4, 5.9]).map { $0 + $1 / 100 }
    let before = try cases.side(DiffCases.seeds(.valLoss, base))
    let after = try cases.side(DiffCases.seeds(.valLoss, new))
    let worse = RunDiff(before, after)
    #expect(worse.changes.map(\.verdict) == [.worse])
    #expect(worse.changes[0].values.testName == "paired t")
    #expect(worse.changes[0].values.exactTest?.p == 2.0 / 256)
    #expect(worse.exitCode == 2)
    #expect(worse.regressions == ["val_loss"])
    let better = RunDiff(after, before)
    #expect(better.changes.map(\.verdict) == [.better])
    #expect(better.exitCode == 0)
    var options = RunDiff.Options()
    options.threshold = 0.1
    #expect(RunDiff(before, after, options).exitCode == 0, "below the threshold")
  }

  @Test("an effect far beyond the scatter of three seeds is found")
  func threeSeeds() throws {
    let noise = [0.01, -0.01, 0.02]
    for shift in [0.1, 1, 10, 1000] {
      let base = [1.5, 1.6, 1.7]
      let diff = RunDiff(
        try cases.side(DiffCases.seeds(.valLoss, base)),
        try cases.side(DiffCases.seeds(.valLoss, zip(base, noise).map { $0 + shift * (1 + $1) })))
      #expect(diff.changes.map(\.verdict) == [.worse])
      #expect(diff.exitCode == 2)
    }
    // Without pairs as well.
    let apart = RunDiff(
      try cases.side(DiffCases.seeds(.valLoss, [1, 1.1, 1.2])),
      try cases.side(DiffCases.seeds(.valLoss, [9, 9.1, 9.2], from: 11)))
    #expect(apart.changes.first?.values.testName == "Welch t")
    #expect(apart.changes.first?.verdict == .worse)
  }

  @Test("three seeds rule out what is larger than the interval, and fewer are too few to say")
  func fewSeeds() throws {
    func diff(_ base: [Double], _ new: [Double]) throws -> RunDiff {
      RunDiff(
        try cases.side(DiffCases.seeds(.valLoss, base)),
        try cases.side(DiffCases.seeds(.valLoss, new)))
    }
    let three = try diff([1.5, 1.6, 1.7], [1.51, 1.58, 1.71])
    #expect(three.changes.first?.verdict.word == "none_larger")
    #expect(three.page.text.contains("no difference larger than 0.043"))
    let two = try diff([1.5, 1.6], [1.51, 1.58])
    #expect(two.changes.first?.verdict == .undecided(.fewSeeds(2)))
    #expect(two.page.text.contains("2 seeds are too few to say"))
    #expect(two.page.text.contains("3 seeds or more, the same on both sides"))
    #expect(try diff([1.5], [1.7]).changes.first?.verdict == .undecided(.fewSeeds(1)))
  }

  @Test("the same text elsewhere is no factor, and is found again on an axis")
  func sameText() throws {
    func cell(_ path: String, _ hash: String, onAxis: Bool) -> DiffCases.Cell {
      DiffCases.Cell(
        axes: onAxis ? ["workload.dataset.name": .string(path)] : [:],
        metrics: [(.valLoss, 1)],
        configuration: ["workload": ["type": "train", "dataset": ["name": .string(path)]]],
        facts: ["dataset_sha256": .string(hash)])
    }
    for onAxis in [false, true] {
      let base = try cases.side([cell("/a/x.txt", "1", onAxis: onAxis)])
      let moved = RunDiff(base, try cases.side([cell("/b/x.txt", "1", onAxis: onAxis)]))
      #expect(moved.compared == 1 && moved.changes.map(\.verdict) == [.same])
      #expect(moved.factors.keys.isEmpty && moved.factors.confounded == nil)
      let other = RunDiff(base, try cases.side([cell("/b/x.txt", "2", onAxis: onAxis)]))
      #expect(other.factors.keys.map(\.key) == ["workload.dataset.name"])
      #expect(other.factors.confounded?.contains("the text differs") == true)
    }
    let texts = [("/a/x.txt", "1"), ("/a/y.txt", "2")]
    let base = try cases.side(texts.map { cell($0.0, $0.1, onAxis: true) })
    let new = try cases.side(
      [("/b/y.txt", "2"), ("/b/z.txt", "3"), ("/b/x.txt", "1")].map {
        cell($0.0, $0.1, onAxis: true)
      })
    #expect(RunDiff(base, new).compared == 2)
  }

  @Test("a time must exceed the noise of the host")
  func noise() throws {
    let base = (0..<8).map { 0.1 + Double($0) * 1e-5 }
    let before = try cases.side(DiffCases.seeds(.stepSeconds, base))
    let after = try cases.side(DiffCases.seeds(.stepSeconds, base.map { $0 * 1.03 }))
    let unknown = RunDiff(before, after)
    #expect(unknown.changes[0].verdict == .undecided(.notCalibrated))
    #expect(unknown.exitCode == 0)
    #expect(unknown.page.text.contains("'runexp calibrate' measures it"))
    var options = RunDiff.Options()
    options.floor = { _, _ in 0.02 }
    #expect(RunDiff(before, after, options).changes[0].verdict == .worse)
    #expect(RunDiff(before, after, options).exitCode == 2)
    // The floor bounds logarithms: -3 % is further than +3 %, which lies within 0.03.
    options.floor = { _, _ in 0.03 }
    #expect(RunDiff(before, after, options).exitCode == 0)
    #expect(RunDiff(after, before, options).exitCode == 0)
    options.floor = { _, _ in 0.05 }
    options.calibration = "noise of this host: 5 %"
    let diff = RunDiff(before, after, options)
    #expect(diff.changes[0].verdict == .undecided(.withinNoise(0.05)))
    #expect(diff.exitCode == 0)
    #expect(diff.page.text.contains("noise of this host: 5 %"))
  }

  @Test(
    "variants of one run took turns, so their times need no calibration: the summary says the same")
  func oneRun() throws {
    let base = [0.100, 0.101, 0.102]
    let cells =
      DiffCases.seeds(.stepSeconds, base, variant: "a")
      + DiffCases.seeds(.stepSeconds, [0.110, 0.1112, 0.1121], variant: "b")
    let run = try cases.side(cells).run
    let diff = RunDiff(DiffSide(run, variant: "a"), DiffSide(run, variant: "b"))
    #expect(diff.changes.map(\.verdict) == [.worse])
    #expect(!diff.page.text.contains("calibrate"))
    let line = try #require(run.summary.blocks.first?.line(.stepSeconds)?.comparisons.first)
    #expect(line.winner == "a")
    #expect(line.values.p == diff.changes[0].values.p)
  }

  @Test("exact figures compare exactly, from one seed")
  func exact() throws {
    let before = try cases.side(DiffCases.seeds(.peakBytes, [1000]))
    #expect(
      RunDiff(before, try cases.side(DiffCases.seeds(.peakBytes, [1100]))).exitCode == 2)
    let less = RunDiff(before, try cases.side(DiffCases.seeds(.peakBytes, [980])))
    #expect(less.changes.map(\.verdict) == [.better])
    let alike = RunDiff(before, try cases.side(DiffCases.seeds(.peakBytes, [1008])))
    #expect(alike.changes.map(\.verdict) == [.negligible(0.01)])
    #expect(alike.page.text.contains("the same within 1 %") && alike.exitCode == 0)
    let sized = RunDiff(
      try cases.side(DiffCases.seeds(.parameters, [10])),
      try cases.side(DiffCases.seeds(.parameters, [20])))
    #expect(sized.changes.map(\.verdict) == [.differs])
    #expect(sized.exitCode == 0)
  }

  @Test("only keys that differ are shown; more than one factor, program, machine or text confound")
  func factors() throws {
    var cell = DiffCases.Cell(metrics: [(.valLoss, 1)])
    let before = try cases.side([cell])
    cell.configuration = [
      "model": ["norm": ["type": "layernorm", "bias": true]], "workload": ["type": "train"],
    ]
    let one = RunDiff(before, try cases.side([cell]))
    #expect(one.factors.keys.map(\.key) == ["model.norm.type", "model.norm.bias"])
    #expect(one.factors.confounded == nil, "a component and its options are one factor")
    #expect(one.factors.sameKeys == 1)
    cell.configuration = [
      "model": ["norm": ["type": "layernorm"]], "workload": ["type": "train", "steps": 7],
    ]
    let two = RunDiff(before, try cases.side([cell]))
    #expect(two.factors.confounded == "2 factors differ: model.norm, workload.steps")
    let plain = DiffCases.Cell(metrics: [(.valLoss, 1)])
    #expect(
      RunDiff(before, try cases.side([plain], program: "q")).factors.confounded?
        .contains("build differs") == true)
    #expect(
      RunDiff(before, try cases.side([plain], cpu: "d")).factors.confounded?
        .contains("processor differs: c, d") == true)
    var text = DiffCases.Cell(metrics: [(.valLoss, 2)], facts: ["dataset_sha256": "sha256-1"])
    let first = try cases.side([text])
    text.facts = ["dataset_sha256": "sha256-2"]
    let other = RunDiff(first, try cases.side([text]))
    #expect(other.factors.confounded?.contains("text differs") == true)
    #expect(other.changes.map(\.verdict) == [.undecided(.otherText)])
  }

  @Test("the machines are those that the cells ran on, and several of them confound")
  func machines() throws {
    func side(_ cpus: [String?], cpu: String) throws -> DiffSide {
      try cases.side(
        cpus.enumerated().map { index, cpu in
          var cell = DiffCases.Cell(seed: index + 1, metrics: [(.valLoss, 1)])
          if let cpu { cell.facts = ["cpu": .string(cpu), "node": .string("n\(index)")] }
          return cell
        }, cpu: cpu)
    }
    let local = try side([nil, nil], cpu: "Zen")
    // It was prepared on a machine that ran no cell.
    #expect(RunDiff(local, try side(["Zen", "Zen"], cpu: "Xeon")).factors.confounded == nil)
    #expect(
      RunDiff(local, try side(["Xeon", "Xeon"], cpu: "Zen")).factors.confounded
        == "the processor differs: Zen, Xeon")
    #expect(
      RunDiff(local, try side(["Zen", "Xeon"], cpu: "Zen")).factors.confounded
        == "the processor differs: Zen, Zen/Xeon")
    let mixed = try side(["Zen", "Xeon"], cpu: "Zen")
    #expect(
      RunDiff(mixed, mixed).factors.confounded
        == "the cells of each side ran on several processors: Zen, Xeon")
  }

  @Test("what follows from other options on both sides is shown, and is no factor of its own")
  func derived() throws {
    func side(width: Int, hidden: Int, derived: [String]) throws -> DiffSide {
      var cell = DiffCases.Cell(metrics: [(.valLoss, 1)])
      cell.configuration = [
        "model": ["width": .integer(width), "ffn": ["hidden": .integer(hidden)]]
      ]
      cell.derived = derived
      return try cases.side([cell])
    }
    let base = try side(width: 64, hidden: 256, derived: ["model.ffn.hidden"])
    let follows = RunDiff(base, try side(width: 96, hidden: 384, derived: ["model.ffn.hidden"]))
    #expect(follows.factors.keys.map(\.key) == ["model.width", "model.ffn.hidden"])
    #expect(follows.factors.keys.map(\.isDerived) == [false, true])
    #expect(follows.factors.factors == ["model.width"])
    #expect(follows.factors.confounded == nil)
    let written = RunDiff(base, try side(width: 96, hidden: 256 * 2, derived: []))
    #expect(written.factors.factors == ["model.width", "model.ffn"])
  }

  @Test(
    "what an older run left to follow is the same as what follows now, and not as what is written")
  func older() throws {
    func side(hidden: JSON, derived: [String]?) throws -> DiffSide {
      var cell = DiffCases.Cell(metrics: [(.valLoss, 1)])
      cell.configuration = ["model": ["ffn": ["hidden": hidden]]]
      cell.derived = derived
      return try cases.side([cell])
    }
    let old = try side(hidden: .null, derived: nil)
    let now = try side(hidden: 256, derived: ["model.ffn.hidden"])
    #expect(RunDiff(old, now).factors.keys.isEmpty)
    #expect(RunDiff(now, old).factors.keys.isEmpty)
    for written in [try side(hidden: 256, derived: []), try side(hidden: 256, derived: nil)] {
      #expect(RunDiff(old, written).factors.factors == ["model.ffn"])
    }
  }

  @Test("the prompt that version 0.1.0 wrote out by default is that of a run that leaves it open")
  func oldPrompt() throws {
    func side(_ prompt: JSON, version: String) throws -> DiffSide {
      var cell = DiffCases.Cell(metrics: [(.valLoss, 1)])
      cell.configuration = ["workload": ["sample": ["tokens": 0, "prompt": prompt]]]
      return try cases.side([cell], version: version)
    }
    let (old, now) = (try side("\n", version: "0.1.0"), try side(.null, version: "0.2.0"))
    for diff in [RunDiff(old, now), RunDiff(now, old)] {
      #expect(diff.factors.keys.isEmpty && diff.factors.factors.isEmpty)
    }
    #expect(RunDiff(try side("\n", version: "0.2.0"), now).factors.keys.count == 1)
    #expect(RunDiff(try side("a", version: "0.1.0"), now).factors.keys.count == 1)
  }

  @Test("a schedule that stretches with the rate or the steps is no factor of its own")
  func schedule() throws {
    func side(rate: Double, least: Double, steps: Int, warmup: Int) throws -> DiffSide {
      try cases.side([
        DiffCases.Cell(
          metrics: [(.valLoss, 1)],
          configuration: [
            "workload": [
              "type": "train", "steps": .integer(steps), "optimizer": ["lr": .real(rate)],
              "schedule": ["warmup": .integer(warmup), "min_lr": .real(least)],
            ]
          ])
      ])
    }
    let base = try side(rate: 1e-3, least: 1e-4, steps: 60, warmup: 6)
    func factors(_ new: DiffSide) -> [String] { RunDiff(base, new).factors.factors }
    #expect(
      try factors(side(rate: 3e-3, least: 3e-4, steps: 60, warmup: 6)) == ["workload.optimizer"])
    #expect(try factors(side(rate: 1e-3, least: 1e-4, steps: 75, warmup: 7)) == ["workload.steps"])
    #expect(
      try factors(side(rate: 3e-3, least: 1e-5, steps: 60, warmup: 6))
        == ["workload.optimizer", "workload.schedule"])
  }

  @Test("cells of one side are listed, and one that no longer ends well is a regression")
  func gaps() throws {
    func cell(_ length: Int, _ seed: Int, _ status: CellStatus = .ok) -> DiffCases.Cell {
      DiffCases.Cell(
        seed: seed, axes: ["workload.sequence": .integer(length)], status: status,
        reason: status == .ok ? nil : "why", metrics: status == .ok ? [(.valLoss, 1)] : [])
    }
    let base = try cases.side([cell(64, 1), cell(64, 2), cell(128, 1), cell(128, 2), cell(256, 1)])
    let new = try cases.side([
      cell(64, 1), cell(64, 2), cell(128, 1, .oom), cell(128, 2), cell(512, 1),
    ])
    let diff = RunDiff(base, new)
    #expect(
      diff.gaps.map(\.label) == [
        "sequence 128, seed 1", "sequence 256, seed 1", "sequence 512, seed 1",
      ])
    #expect(diff.regressions == ["sequence 128, seed 1"])
    #expect(diff.exitCode == 2)
    #expect(diff.compared == 3)
    #expect(diff.planned == 6)
    let text = diff.page.text
    #expect(text.contains("sequence 128, seed 1: base ok, new oom: why"))
    #expect(text.contains("sequence 256, seed 1: only in base (ok)"))
    #expect(text.contains("sequence 512, seed 1: only in new (ok)"))
    #expect(text.contains("3 of 6 cells compared"))
  }

  @Test(
    "what one run varies and the other has set is matched; variants alone are matched by themselves"
  )
  func matching() throws {
    let set = DiffCases.Cell(
      metrics: [(.valLoss, 1)], configuration: ["workload": ["type": "train", "sequence": 64]])
    var varied = set
    varied.axes = ["workload.sequence": 64]
    var longer = set
    longer.axes = ["workload.sequence": 128]
    longer.configuration = ["workload": ["type": "train", "sequence": 128]]
    let diff = RunDiff(try cases.side([set]), try cases.side([varied, longer]))
    #expect(diff.compared == 1)
    #expect(diff.gaps.count == 1)
    let two =
      DiffCases.seeds(.valLoss, [1], variant: "classic")
      + DiffCases.seeds(.valLoss, [2], variant: "modern")
    let between = RunDiff(
      try cases.side(two, variant: "classic"), try cases.side(two, variant: "modern"))
    #expect(between.compared == 1)
    #expect(between.changes.first?.difference == 1)
  }

  @Test(
    "single points are matched whatever they are called, and their setting is a key that differs")
  func singlePoints() throws {
    func side(_ length: Int, _ variant: String) throws -> DiffSide {
      try cases.side([
        DiffCases.Cell(
          variant: variant, axes: ["workload.sequence": .integer(length)], metrics: [(.valLoss, 1)],
          configuration: ["workload": ["type": "train", "sequence": .integer(length)]])
      ])
    }
    for other in ["a", "b"] {
      let diff = RunDiff(try side(64, "a"), try side(128, other))
      #expect(diff.compared == 1)
      #expect(diff.factors.keys.map(\.key) == ["workload.sequence"])
    }
  }

  @Test("few common seeds among many are not worth pairing; a side's every seed, or six, are")
  func pairing() throws {
    func diff(_ base: ClosedRange<Int>, _ new: ClosedRange<Int>) throws -> RunDiff {
      func cells(_ seeds: ClosedRange<Int>, _ shift: Double) -> [DiffCases.Cell] {
        DiffCases.seeds(
          .valLoss, seeds.map { shift + 0.01 * Double($0 % 3) }, from: seeds.lowerBound)
      }
      return RunDiff(try cases.side(cells(base, 1)), try cases.side(cells(new, 2)))
    }
    let apart = try diff(1...6, 5...10)
    #expect(apart.changes[0].values.isPaired == false)
    #expect(apart.changes[0].verdict == .worse)
    #expect(apart.compared == 10 && apart.planned == 10 && apart.gaps.isEmpty)
    let within = try diff(1...6, 2...4)
    #expect(within.changes[0].values.isPaired)
    #expect(within.changes[0].base.n == 3)
    #expect(within.compared == 3 && within.gaps.map(\.seed) == [1, 5, 6])
    let many = try diff(1...9, 4...12)
    #expect(many.changes[0].values.isPaired && many.changes[0].base.n == 6)
  }

  @Test("the seeds that would show a change are those of the t test's power")
  func seedsNeeded() throws {
    // G*Power, two-sided 5 %, power 0.8: 10 pairs for a difference of one standard deviation, 34
    // for half of one.
    for (ratio, expected) in [(1.0, 10), (0.5, 34)] {
      let noise = [-1.0, -0.5, 0.5, 1]
      let sd = try #require(Sample(noise).sd)
      let diff = RunDiff(
        try cases.side(DiffCases.seeds(.valLoss, noise.map { _ in 10 })),
        try cases.side(DiffCases.seeds(.valLoss, noise.map { 10 + $0 / sd + ratio })))
      #expect(diff.changes[0].values.seedsNeeded(tests: diff.tests) == expected)
      #expect(diff.page.text.contains("four times in five"))
    }
    let faint = RunDiff(
      try cases.side(DiffCases.seeds(.valLoss, [1, 2, 3])),
      try cases.side(DiffCases.seeds(.valLoss, [2, 1, 3.001])))
    #expect(faint.page.text.contains("> 100"))
  }

  @Test("losses on another text do not compare, times and other points do")
  func otherText() throws {
    func side(_ text: String) throws -> DiffSide {
      try cases.side(
        [64, 128].map { length in
          DiffCases.Cell(
            axes: ["workload.sequence": .integer(length)],
            metrics: [(.valLoss, Double(length)), (.gradNormMax, 1), (.peakBytes, 7)],
            facts: ["dataset_sha256": .string(length == 64 ? "sha256-1" : text)])
        })
    }
    var options = RunDiff.Options()
    options.showsAll = true
    let diff = RunDiff(try side("sha256-1"), try side("sha256-2"), options)
    let text = Comparison.Verdict.undecided(.otherText)
    // Perplexity and bits are the loss in other units.
    #expect(diff.changes.map(\.metric.name).contains("val_perplexity"))
    for change in diff.changes {
      let isOfOtherText = change.point.contains("128") && change.metric.name != "peak_bytes"
      #expect(
        change.verdict == (isOfOtherText ? text : .same), "\(change.point) \(change.metric.name)")
    }
    #expect(diff.factors.confounded == "the text differs")
  }

  @Test("of images it is other images that do not compare")
  func otherImages() throws {
    func side(_ images: String) throws -> DiffSide {
      try cases.side([
        DiffCases.Cell(
          metrics: [(.accuracy, 90), (.valLoss, 0.3), (.peakBytes, 7)],
          facts: ["dataset_sha256": .string(images), "tokens": .string(CellRow.patches)])
      ])
    }
    let diff = RunDiff(try side("sha256-1"), try side("sha256-2"))
    for change in diff.changes {
      let isCounted = change.metric == .peakBytes
      #expect(change.verdict == (isCounted ? .same : .undecided(.otherImages)))
    }
    #expect(diff.factors.confounded == "the images differ")
    #expect(diff.page.text.contains("cannot say: other images"))
    #expect(!diff.page.text.contains("text"), "\(diff.page.text)")
  }

  @Test("nothing in common is not comparable, which is not the same as worse")
  func obstacles() throws {
    let train = try cases.side(DiffCases.seeds(.valLoss, [1]))
    var cell = DiffCases.Cell(metrics: [(.forwardSeconds, 1)])
    cell.configuration = ["workload": ["type": "attention"]]
    let attention = try cases.side([cell])
    #expect(RunDiff(train, attention).exitCode == 5)
    let far = try cases.side([
      DiffCases.Cell(axes: ["workload.sequence": 1], metrics: [(.valLoss, 1)]),
      DiffCases.Cell(axes: ["workload.sequence": 2], metrics: [(.valLoss, 1)]),
    ])
    #expect(RunDiff(train, far).exitCode == 5)
    #expect(RunDiff(train, try cases.side(DiffCases.seeds(.peakBytes, [1]))).exitCode == 5)
  }

  @Test("JSON and CSV hold what the text says")
  func formats() throws {
    let diff = RunDiff(
      try cases.side(DiffCases.seeds(.valLoss, [1, 2, 3])),
      try cases.side(DiffCases.seeds(.valLoss, [1.1, 2.2, 3.1])))
    let json = try JSON(reading: diff.json.document)
    #expect(json["metrics"]?.elements.first?["verdict"]?.text == "none_larger")
    #expect(abs((json["metrics"]?.elements.first?["p"]?.number ?? 0) - 0.0572) < 1e-3)
    #expect(json["metrics"]?.elements.first?["base_values"]?.elements.count == 3)
    #expect(json["exit"]?.whole == 0)
    let lines = diff.csv.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].split(separator: ",").count == 26)
    #expect(!diff.csv.contains("nan"))
    #expect(diff.page.markdown.contains("| val_loss"))
  }
}
