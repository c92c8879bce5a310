// The keys of an experiment file that are not part of any one document: name, seeds, variants and
// what each is compared with.

import Config
import Records

/// A named overlay on the document.
struct Variant {
  let name: String
  let overlay: Node?
}

/// What an experiment file says outside its document.
struct SpecHeader {
  static let nameLimit = 64

  let name: String
  let seeds: [Int]
  let variants: [Variant]
  let declaresVariants: Bool
  /// Variants that state what they are compared with, and that.
  let compare: [(variant: String, baseline: String)]
  /// The metrics that are to get a verdict; empty for those of the workload.
  let primary: [String]
  let expectations: [ExpectedBound]
  let matrixNode: Node?

  /// Reads the root of a file; keys of the document count as known.
  init(_ root: Section, fileName: String, documentKeys: [String]) {
    name = Self.name(root, fileName: fileName)
    for key in documentKeys { _ = root.node(key) }
    seeds = Self.seeds(root)
    let variants = Self.variants(root)
    declaresVariants = !variants.isEmpty
    self.variants = variants.isEmpty ? [Variant(name: "base", overlay: nil)] : variants
    (compare, primary) = Self.compare(root, known: self.variants.map(\.name))
    expectations = Self.expectations(root, variants: self.variants.map(\.name))
    matrixNode = root.node("matrix")
  }

  private static func name(_ root: Section, fileName: String) -> String {
    let name = root.read(
      "name", .string, derived: nameOfFile(fileName), rule: "the file's name",
      "names the results' folder")
    if !root.isDerived("name"), let fault = fault(of: name, what: "name", prefix: "experiment") {
      root.fault("name", because: .spec(fault))
    }
    return name
  }

  private static func seeds(_ root: Section) -> [Int] {
    let seeds = root.read(
      "seeds", .list(of: .int(in: 0...Int(Int32.max))), default: [1],
      "each cell runs once with each of these")
    var seen: Set<Int> = []
    for seed in seeds where !seen.insert(seed).inserted {
      root.fault("seeds", because: .spec(.duplicateValue(String(seed), list: "seeds")))
    }
    return seeds.filter { seen.remove($0) != nil }
  }

  private static func variants(_ root: Section) -> [Variant] {
    let section = root.section("variants", "named overlays on the document, compared side by side")
    return section.writtenKeys.compactMap { name in
      guard let node = section.node(name) else { return nil }
      if let fault = fault(of: name, what: "variant", prefix: "variant") {
        section.fault(name, because: .spec(fault), isOfKey: true)
      }
      if node.isNull { return Variant(name: name, overlay: nil) }
      guard node.entries != nil else {
        let found = Wording.found(node)
        let path = section.path(of: name)
        section.fault(
          name,
          because: .wrongType(path, expected: "a mapping", found: found, hint: nil))
        return nil
      }
      return Variant(name: name, overlay: node)
    }
  }

  private static func compare(
    _ root: Section, known: [String]
  ) -> (variants: [(variant: String, baseline: String)], metrics: [String]) {
    let section = root.section("compare", "for a variant, the one it is compared with")
    // A variant may be called so: then the key is its own.
    let hasMetrics = !known.contains("metrics")
    let variants = section.writtenKeys.filter { !hasMetrics || $0 != "metrics" }
    let pairs = variants.compactMap { pair(of: $0, section, known: known) }
    return (pairs, hasMetrics ? metrics(section) : [])
  }

  private static func metrics(_ section: Section) -> [String] {
    let names =
      section.read(
        "metrics", .list(of: .string), absent: "the workload's", "the metrics that get a verdict")
      ?? []
    let known = Metric.all.filter { $0.better != .none }.map(\.name)
    for name in names where !known.contains(name) {
      section.fault("metrics", because: .spec(.unknownMetric(name, known: known)))
    }
    return names
  }

  private static func pair(
    of variant: String, _ section: Section, known: [String]
  ) -> (variant: String, baseline: String)? {
    guard let node = section.node(variant) else { return nil }
    let path = section.path(of: variant)
    guard known.contains(variant) else {
      section.fault(
        variant, because: .spec(.unknownVariant(variant, known: known)), isOfKey: true)
      return nil
    }
    guard let baseline = node.scalar?.text, !node.isNull else {
      let found = Wording.found(node)
      section.fault(
        variant,
        because: .wrongType(path, expected: "the name of a variant", found: found, hint: nil))
      return nil
    }
    guard known.contains(baseline) else {
      section.fault(variant, because: .spec(.unknownVariant(baseline, known: known)))
      return nil
    }
    guard baseline != variant else {
      section.fault(variant, because: .rule("\(path) compares a variant with itself"))
      return nil
    }
    return (variant, baseline)
  }

  private static func expectations(_ root: Section, variants: [String]) -> [ExpectedBound] {
    let section = root.section("expect", "bounds that metrics are expected to keep")
    return section.writtenKeys.flatMap { key -> [ExpectedBound] in
      guard section.node(key)?.entries != nil else {
        return [expectation(of: key, section, variant: nil)].compactMap(\.self)
      }
      if !variants.contains(key) {
        section.fault(
          key, because: .spec(.unknownVariant(key, known: variants)), isOfKey: true)
      }
      let own = section.section(key, "bounds for one variant")
      return own.writtenKeys.compactMap { expectation(of: $0, own, variant: key) }
    }
  }

  private static func expectation(
    of metric: String, _ section: Section, variant: String?
  ) -> ExpectedBound? {
    guard let node = section.node(metric) else { return nil }
    guard Metric.named(metric) != nil else {
      let known = Metric.all.map(\.name)
      section.fault(metric, because: .spec(.notAMetric(metric, known: known)), isOfKey: true)
      return nil
    }
    guard let bound = node.scalar.flatMap({ MetricBound($0.text) }) else {
      section.fault(
        metric,
        because: .wrongType(
          section.path(of: metric), expected: MetricBound.expected, found: Wording.found(node),
          hint: nil))
      return nil
    }
    return ExpectedBound(metric: metric, variant: variant, bound: bound.text)
  }

  /// What is wrong with a name, which is a folder's and stands in the results' tables.
  private static func fault(of name: String, what: String, prefix: String) -> SpecFault? {
    if !isSafe(name) { return .badName(name, what: what) }
    return TypeInference.of(name).map {
      .inferred(name, what: what, $0, write: "\(prefix)-\(name)")
    }
  }

  /// Whether the text can name a folder on any file system, and never looks like an option.
  static func isSafe(_ name: String) -> Bool {
    guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= nameLimit else {
      return false
    }
    return name.utf8.allSatisfy { isAlphanumeric($0) || "_-+.".utf8.contains($0) }
  }

  /// `experiments/modern.yaml` is named `modern`; what no folder can be called becomes `-`, and
  /// what is no name to readers of tables gets a word before it.
  private static func nameOfFile(_ path: String) -> String {
    var base = path.split(separator: "/").last.map(String.init) ?? ""
    for ending in [".yaml", ".yml"] where base.hasSuffix(ending) {
      base = String(base.dropLast(ending.count))
    }
    let name = base.utf8.prefix(nameLimit).map { byte -> Character in
      isAlphanumeric(byte) || "_-+.".utf8.contains(byte)
        ? Character(Unicode.Scalar(byte)) : "-"
    }
    let trimmed = String(name.drop { !($0.isLetter || $0.isNumber) })
    if trimmed.isEmpty { return "experiment" }
    // `2024-01-02.yaml` is as good a file as any.
    return TypeInference.of(trimmed) == nil ? trimmed : "experiment-\(trimmed)"
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
