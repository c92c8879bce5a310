// Defaults that follow from other options: each cell has its own, and a resolved file gives the
// same cells again. Held for every option that the program has, so that a new default which is
// frozen somewhere is found.

import Config
import Experiments
import Testing

@Suite struct DerivedDefaultTests {
  /// A component or a workload, as the catalogue has it.
  struct ComponentCase: Sendable, CustomTestStringConvertible {
    let path, word: String

    var testDescription: String { "\(path) \(word)" }

    /// Small experiments with it; one under each workload for a part of the model.
    var experiments: [String] {
      let keys = path.split(separator: ".").dropFirst()
      let inner = keys.map { "\($0): {" }.joined() + "type: \(word)"
      let section = "{layers: 1, " + inner + String(repeating: "}", count: keys.count + 1)
      guard path.hasPrefix("model.") else {
        return ["model: {layers: 1}\nworkload: " + section.replacing("layers: 1, ", with: "")]
      }
      if isOfImages {
        let trained = word == "features" ? [] : ["model: \(section)\nworkload: classify"]
        return ["inspect", "position"].map {
          "model: \(section)\nworkload: {type: \($0), image: [8, 8, 3]}"
        } + trained
      }
      return Self.workloads.filter { !isOfTexts || !["classify", "resolution"].contains($0) }.map {
        "model: \(section)\nworkload: \($0)"
      }
    }

    /// RoPE's scalings are of texts: images have other positions where none are written.
    private var isOfTexts: Bool {
      path == "model.position.scaling" || ["token_embedding", "next_token"].contains(word)
    }

    private var isOfImages: Bool {
      ["patch_embedding", "classes", "features", "rope_2d", "sincos_2d"].contains(word)
    }

    static let all = Catalogue.slots.flatMap { slot in
      slot.entries.map { ComponentCase(path: slot.path, word: $0.word) }
    }

    private static let workloads = all.filter { $0.path == "workload" }.map(\.word)
  }

  @Test(arguments: ComponentCase.all)
  func `what follows from another option follows it in every cell`(component: ComponentCase) throws
  {
    for (place, text) in component.experiments.enumerated() {
      let plain = try load(text)
      let options = try recording(of: plain).options
      for option in options where !component.path.hasPrefix(option.path) {
        // Under further workloads only their own options are new.
        if place > 0, !option.path.hasPrefix("workload.") { continue }
        // A stored model has sizes of its own, which those of the text contradict, and what stands in
        // for it is refused without it.
        // So are images, which the components around them must be for.
        let ofSources = [
          "model.from", "model.fallback", "workload.dataset.tokenizer.fallback", "workload.image",
        ]
        if ofSources.contains(option.path) { continue }
        let isOwn = option.path.hasPrefix(component.path + ".")
        var values: [JSON] = []
        var moves = false
        for value in Self.candidates(option) where values.count < 2 {
          // Nor does a model of texts become one of images by another workload alone.
          if option.path == "workload", Self.readsImages(value) != Self.readsImages(option.value) {
            continue
          }
          guard let set = try? load(text, sets: [Self.setting(option, value)]) else { continue }
          if value != .null { values.append(value) }
          let follows = try compare(options, recording(of: set).options, changed: option)
          moves = moves || follows
        }
        #expect(!values.isEmpty, "no value of \(option.path) is allowed in \(text)")
        if isOwn || moves { try sweep(text, plain, option, values) }
      }
    }
  }

  private static func readsImages(_ workload: JSON) -> Bool {
    ["classify", "resolution"].contains(workload.text)
  }

  /// Whether a derived default is another one now; a plain default that is must be declared as
  /// derived.
  private func compare(_ before: [Read], _ after: [Read], changed: Read) throws -> Bool {
    let old = Dictionary(before.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    var moves = false
    for read in after where !read.path.hasPrefix(changed.path) {
      guard let absence = old[read.path]?.absence, absence != read.absence else { continue }
      if case .derived = read.absence {
        moves = true
      } else {
        Issue.record("the default of \(read.path) follows from \(changed.path): read it as derived")
      }
    }
    return moves
  }

  /// An axis over these values, and null where it is allowed; the same by settings; and both of the
  /// resolved file.
  private func sweep(
    _ text: String, _ plain: PlannedExperiment, _ option: Read, _ values: [JSON]
  ) throws {
    // Null may come to a value that is there already, which is a fault of its own.
    let isOther = Self.takesNull(option) && !values.contains(option.value)
    let values = values + (isOther ? [.null] : [])
    let list = JSON.array(values).inlineYAML
    let swept = try load(text, vary: ["\(option.path)=\(list)"])
    let again = try load(swept.resolvedYAML)
    #expect(again.cells.map(\.label) == swept.cells.map(\.label))
    #expect(again.cells.map(\.canonical) == swept.cells.map(\.canonical), "\(swept.resolvedYAML)")
    #expect(again.cells.map { $0.axes.map(\.value) } == swept.cells.map { $0.axes.map(\.value) })
    #expect(again.resolvedYAML == swept.resolvedYAML)
    #expect(swept.cells.count == values.count)
    for (cell, value) in zip(swept.cells, values) {
      let setting = Self.setting(option, value)
      let one = try #require(load(text, sets: [setting]).cells.first)
      #expect(one.canonical == cell.canonical, "\(setting)")
      let later = try #require(load(plain.resolvedYAML, sets: [setting]).cells.first)
      #expect(later.canonical == cell.canonical, "\(setting) over \(plain.resolvedYAML)")
      let alone = try #require(load(cell.resolvedYAML).cells.first)
      #expect(alone.canonical == cell.canonical, "\(cell.resolvedYAML)")
      #expect(alone.resolvedYAML == cell.resolvedYAML)
    }
  }

  @Test func `an axis over a derived option has its value where it is null`() throws {
    let experiment = try loadSpec(
      """
      matrix:
        model.attention.heads: [8, 4]
        model.attention.kv_heads: [null, 1]
        where: kv_heads != 2

      """)
    #expect(
      experiment.cells.map(\.label) == [
        "heads=8/kv_heads=4", "heads=8/kv_heads=1", "heads=4/kv_heads=2",
        "heads=4/kv_heads=1",
      ])
    #expect(
      experiment.cells.map { $0.axes.map(\.value) } == [
        [8, 4], [8, 1], [4, 2], [4, 1],
      ])
    #expect(
      experiment.cells.map(\.exclusion) == [nil, nil, "where kv_heads != 2 is false", nil])
    let again = try loadSpec(experiment.resolvedYAML)
    #expect(again.cells.map(\.canonical) == experiment.cells.map(\.canonical))
    #expect(again.cells.map(\.label) == experiment.cells.map(\.label))
  }

  @Test func `a default that followed and the same value written are the same cell`() throws {
    let derived = try load("workload: {optimizer: {lr: 0.003}, steps: 70}").cells[0]
    let written = try load(
      "workload: {optimizer: {lr: 3e-3}, steps: 70, schedule: {min_lr: 3e-4, warmup: 7}}"
    ).cells[0]
    #expect(derived.canonical == written.canonical)
    #expect(derived.derived.map(\.path).contains("workload.schedule.min_lr"))
    #expect(!written.derived.map(\.path).contains("workload.schedule.min_lr"))
    #expect(derived.resolvedYAML.contains("min_lr: null  # 0.0003, a tenth of lr\n"))
  }

  @Test(arguments: [
    "{model: {attention: {kv_heads: 3}}}", "{model: {layers: 0}}", "{model: {layers: many}}",
    "{model: {layers: [1, 2]}}", "{model: {layers: '010'}}", "{model: {layers: null}}",
    "{model: {norm: batchnorm}}", "{model: {norm: {type: batchnorm, epsilon: 3}}}",
    "{model: {attention: {type: gqaa, kv_heads: 2}}}", "{model: {attention: {groups: 2}}}",
    "{model: {attention: {kv_heads: 3000}}}", "{workload: {data: 7}}",
    "{workload: {optimizer: {lr: -1, momentum: {first: 0.9}}}}",
  ])
  func `an excluded cell that is wrong is the same again, and no other`(overlay: String) throws {
    let experiment = try loadSpec(
      "variants: {right: {}, wrong: \(overlay)}\n"
        + "matrix: {workload.sequence: [8, 16], exclude: [{variant: wrong}]}\n")
    let cells = experiment.cells.map(\.canonical)
    #expect(Set(cells).count == 4)
    let again = try loadSpec(experiment.resolvedYAML)
    #expect(again.cells.map(\.canonical) == cells, "\(experiment.resolvedYAML)")
    #expect(again.resolvedYAML == experiment.resolvedYAML)
  }

  // MARK: Values to try

  private static func takesNull(_ option: Read) -> Bool {
    switch option.absence {
    case .derived, .none: true
    case .value, .required: false
    }
  }

  /// Values that an option may have, those that it has not first; some may break a rule between
  /// options.
  private static func candidates(_ option: Read) -> [JSON] {
    let all = candidates(option.type, near: option.value)
    return all.filter { $0 != option.value } + [option.value]
  }

  private static func candidates(_ type: ReadType, near value: JSON) -> [JSON] {
    switch type {
    case .integer(let bounds):
      var known = 8
      if case .integer(let number) = value { known = number }
      return [2 * known, known / 2, 4 * known, known + 1, 2, 1, 64].filter { number in
        number >= bounds.lower ?? .min && number <= bounds.upper ?? .max
      }.map { .integer($0) }
    case .number:
      var known = 0.5
      if case .real(let number) = value { known = number }
      return [known / 2, 2 * known, known + 0.25, known + 1].map { .real($0) }
    case .share(_, let number): return ["25 %"] + candidates(number, near: value)
    case .boolean: return [.bool(true), .bool(false)]
    case .text: return ["a", "b"].map { .string($0) }
    case .path(let words, _): return (words + ["./a.txt"]).map { .string($0) }
    case .word(let choices), .component(let choices): return choices.map { .string($0.word) }
    case .list(let element, let none):
      let one = candidates(element, near: value)
      return [.array(Array(one.prefix(2)))] + one + (none.map { [.string($0)] } ?? [])
    case .tuple(let element, let names):
      return candidates(element, near: .integer(14)).map { value in
        .array(names.map { _ in value })
      }
    }
  }

  private static func setting(_ option: Read, _ value: JSON) -> String {
    "\(option.path)=\(value.inlineYAML)"
  }

  private func load(
    _ text: String, sets: [String] = [], vary: [String] = []
  ) throws -> PlannedExperiment {
    try PlannedExperiment.load(
      text: text, name: "x.yaml", sets: sets, vary: vary, reader: .standard)
  }

  private func recording(of experiment: PlannedExperiment) throws -> Recording {
    try #require(experiment.recordings.first).recording
  }
}
