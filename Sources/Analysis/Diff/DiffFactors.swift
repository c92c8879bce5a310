// DiffFactors: what is not the same on both sides: configuration, program, machine, data, what ran.

package import Config
import Records

/// A configuration key with its values on both sides.
package struct KeyChange: Equatable, Sendable {
  /// The dotted path.
  package let key: String
  /// As JSON; null where that side has no such key.
  package let base: JSON
  package let new: JSON
  /// Whether both values followed from other options.
  package let isDerived: Bool
  /// Matched points where it differs so, of all that were matched.
  package fileprivate(set) var points: Int

  /// Whether it is of a schedule and changes in proportion to a number elsewhere in the workload.
  func follows(_ other: KeyChange) -> Bool {
    let schedule = "workload.schedule."
    guard key.hasPrefix(schedule), other.key.hasPrefix("workload."),
      !other.key.hasPrefix(schedule), let before = base.number, let after = new.number,
      let from = other.base.number, let to = other.new.number, from != 0
    else { return false }
    // Steps are whole numbers, rounded.
    let slack = base.whole == nil ? 1e-6 * abs(after) : 0.5
    return abs(before * to / from - after) <= slack
  }
}

/// Everything that differs between two sides beside the results.
package struct DiffFactors: Sendable {
  /// Configuration keys that differ, and only those.
  package let keys: [KeyChange]
  /// Keys that are the same everywhere.
  package let sameKeys: Int
  /// Matched points.
  package let points: Int
  /// The stored models of both sides, where their weights differ and no key says so; nil where they
  /// do not.
  package let weights: (base: String, new: String)?
  /// Program, machine, data and circumstances that differ, in words.
  package let conditions: [String]

  init(_ base: DiffSide, _ new: DiffSide, _ matches: [DiffMatch]) {
    let pairs = matches.filter(\.isOnBothSides)
    let versions = [base, new].map { $0.run.record?.program.version }
    var changes: [KeyChange] = []
    var places: [String: Int] = [:]
    var all: Set<String> = []
    for pair in pairs {
      let sides = [pair.base, pair.new].map { Self.flat($0[0].configuration) }
      let (before, after) = (
        Self.expanded(sides[0], like: sides[1]), Self.expanded(sides[1], like: sides[0])
      )
      let values = Dictionary(after, uniquingKeysWith: { $1 })
      let known = Set(before.map(\.0))
      all.formUnion(known)
      all.formUnion(after.map(\.0))
      let both =
        before.map { ($0.0, $0.1, values[$0.0] ?? .null) }
        + after.filter { !known.contains($0.0) }.map { ($0.0, JSON.null, $0.1) }
      for (key, old, new) in both where old.canonical != new.canonical {
        if pair.hasSame(key) { continue }
        let cells = [pair.base[0], pair.new[0]]
        let follows = cells.map { $0.derived?.contains(key) ?? false }
        let isUntold = zip(cells, [old, new]).contains { $0.derived == nil && $1 == .null }
        // It follows on both sides, and one does not tell to which value.
        if isUntold, follows.contains(true) { continue }
        if Self.isOldDefault(key, old, of: versions[0], against: new)
          || Self.isOldDefault(key, new, of: versions[1], against: old)
        {
          continue
        }
        // Another share is a change of its own; the same one follows.
        let shares = cells.map { $0.share(of: key) }
        let isDerived = follows.allSatisfy(\.self) && shares[0] == shares[1]
        let name = "\(key)\n\(old.line)\n\(new.line)\n\(isDerived)"
        if let place = places[name] {
          changes[place].points += 1
        } else {
          places[name] = changes.count
          changes.append(KeyChange(key: key, base: old, new: new, isDerived: isDerived, points: 1))
        }
      }
    }
    keys = changes
    points = pairs.count
    sameKeys = all.subtracting(changes.map(\.key)).count
    weights =
      changes.contains { DiffMatch.hashFact(of: $0.key) == "checkpoint_sha256" }
      ? nil : pairs.lazy.filter(\.hasOtherModel).map(\.models).first
    conditions =
      Self.recorded(base.run.record, new.run.record)
      + pairs.filter(\.hasOtherData).map {
        $0.readsImages ? "the images differ" : "the text differs"
      }.unique
      + Self.tokenizers(pairs, changes)
      + Self.machines([base, new], pairs) + Self.circumstances(pairs)
  }

  /// Whether a value is a default that version 0.1.0 wrote out and later ones leave open.
  private static func isOldDefault(
    _ key: String, _ value: JSON, of version: String?, against other: JSON
  ) -> Bool {
    version == "0.1.0" && key == "workload.sample.prompt" && value == "\n" && other == .null
  }

  /// Components whose type or options differ count as one factor: `model.norm` with its epsilon.
  ///
  /// What followed from other options is no factor of its own, nor is a schedule that stretches
  /// with the rate or the steps. Weights are one like any key.
  package var factors: [String] {
    (weights == nil ? [] : ["weights"]) + keyFactors
  }

  private var keyFactors: [String] {
    keys.filter { change in
      !change.isDerived && !keys.contains { change.follows($0) }
    }.map { change in
      let parts = change.key.split(separator: ".").map(String.init)
      return parts.count > 2 ? parts.prefix(2).joined(separator: ".") : change.key
    }.unique
  }

  /// Why a difference cannot be laid to one cause; nil where it can.
  package var confounded: String? {
    var causes = conditions
    if factors.count > 1 {
      causes.append("\(factors.count) factors differ: \(factors.joined(separator: ", "))")
    }
    return causes.isEmpty ? nil : causes.joined(separator: "; ")
  }

  private static func flat(_ value: JSON, under path: String = "") -> [(String, JSON)] {
    guard case .object(let members) = value, !members.isEmpty else {
      return path.isEmpty ? [] : [(path, value)]
    }
    return members.flatMap { member in
      flat(member.value, under: path.isEmpty ? member.key : "\(path).\(member.key)")
    }
  }

  /// The options of one side, a bare word as the `type` of a component where the other side has it
  /// as one.
  private static func expanded(
    _ options: [(String, JSON)], like others: [(String, JSON)]
  ) -> [(String, JSON)] {
    let keys = Set(others.map(\.0))
    return options.map { key, value in
      value.text != nil && keys.contains("\(key).type") ? ("\(key).type", value) : (key, value)
    }
  }

  private static func recorded(_ base: RunRecord?, _ new: RunRecord?) -> [String] {
    guard let base, let new else { return [] }
    var found: [String] = []
    func compare<Value: Equatable>(
      _ noun: String, _ value: (RunRecord) -> Value?, text: (Value) -> String = { "\($0)" }
    ) {
      guard let old = value(base), let now = value(new), old != now else { return }
      found.append("the \(noun) differs: \(text(old)), \(text(now))")
    }
    compare("plugin's build", { $0.plugin?.sha256 }, text: { String($0.prefix(8)) })
    let before = found.count
    compare("program's version") { $0.program.version }
    if found.count == before {
      compare("program's build", { $0.program.sha256 }, text: { String($0.prefix(8)) })
    }
    return found
  }

  /// Tokenizers whose contents differ, where no key says so: another file at the same path.
  private static func tokenizers(_ pairs: [DiffMatch], _ changes: [KeyChange]) -> [String] {
    let isTold = changes.contains {
      ["tokenizer_sha256", "checkpoint_sha256"].contains(DiffMatch.hashFact(of: $0.key))
    }
    return !isTold && pairs.contains(where: \.hasOtherTokenizer) ? ["the tokenizer differs"] : []
  }

  /// The machines that the cells ran on: other ones on the two sides, or several on one.
  private static func machines(_ sides: [DiffSide], _ pairs: [DiffMatch]) -> [String] {
    guard let hosts = Optional(sides.compactMap { $0.run.record?.host }), hosts.count == 2 else {
      return []
    }
    var found: [String] = []
    let compared =
      pairs.isEmpty ? sides.map(\.cells) : [pairs.flatMap(\.base), pairs.flatMap(\.new)]
    for fact in MachineFact.allCases {
      let values = zip(compared, hosts).map { cells, host in
        let values = cells.filter { $0.row.status == .ok }.compactMap {
          fact.value(of: $0.row, host)
        }
        return values.isEmpty ? [fact.value(of: host)].compactMap(\.self) : values.unique
      }
      if values.contains([]) { continue }
      if Set(values[0]) != Set(values[1]) {
        let texts = values.map { $0.joined(separator: "/") }
        found.append("the \(fact.noun) differs: \(texts[0]), \(texts[1])")
      } else if values[0].count > 1 {
        found.append(
          "the cells of each side ran on several \(fact.noun)s: \(values[0].joined(separator: ", "))"
        )
      }
    }
    // Of a cluster, the machine that it was prepared on says nothing.
    let isOfCluster = compared.joined().contains { $0.row.fact("node") != nil }
    let cores = hosts.filter { !$0.isa.isEmpty }.map(\.logicalCores)
    if !isOfCluster, cores.count == 2, cores[0] != cores[1] {
      found.append("the number of processors differs: \(cores[0]), \(cores[1])")
    }
    return found
  }

  /// What ran where, where a side had it different throughout.
  private static func circumstances(_ pairs: [DiffMatch]) -> [String] {
    let facts = [
      ("device", "device"), ("gpu", "GPU"), ("threads", "number of threads"),
      ("kernel", "attention kernel that ran"),
      ("concurrent_cells", "number of cells that ran at once"),
    ]
    return facts.compactMap { key, noun in
      let values = pairs.map { pair in
        [pair.base, pair.new].map { cells in
          cells.compactMap { $0.row.fact(key) }.map { $0.text ?? $0.line }.unique
            .joined(separator: "/")
        }
      }
      guard
        let first = values.first(where: {
          $0[0] != $0[1] && (key == "concurrent_cells" || !$0.contains(""))
        })
      else { return nil }
      let text = first.map { $0.isEmpty ? "1" : $0 }
      return "the \(noun) differs: \(text[0]), \(text[1])"
    }
  }
}
