// ExperimentMutator: experiment files with something wrong in them: bytes, lines, words and keys,
// repeatably.

/// Makes mutations of experiment files.
package struct ExperimentMutator {
  private var state: UInt64
  private let samples: [String]

  /// What stands in files and what never should.
  private static let words = [
    "gqa", "mha", "0", "[]", "{}", "~", "x", "-1", "type", "1e9", "model", "[1, 1]", "1..3",
    "2..9*2",
    "0..1+.25", "1..1e9", "9..1", "1...4", "[1..2, 8]", "null", "true", "'a'", "\"1..2\"", "010",
    "0x1",
    "*a", "&a", "!!int", "<<", "- ", ": ", "[", "]", "{", "}", "#", "?", "|", ">-", "%", "\t",
    "---", "\u{A0}", "\u{2212}1", "\u{201C}", "\u{FF1A}", "\u{2026}", "NA", "007",
    "{type: rope, base: 10000}",
  ]
  private static let lines = [
    "  zip: {workload.sequence: [8, 16], model.layers: 1..2}",
    "  zip: [{workload.batch: 2..3, model.layers: [1, 2]}, {model.norm: [rmsnorm, layernorm]}]",
    "  zip: {workload.batch: [1], model.layers: [1, 2]}", "  zip: 3",
    "  where: workload.sequence * model.layers < 512",
    "  where: [variant == 'modern', seed in [1, 2]]",
    "  where: 1 / (seed - 1) > 0", "  where: ((((", "  where: 'not not - 3'",
    "  where: sequence % 0 == 0", "  where: a.b.c == null and (1 < 2)",
    "  include: [{workload.sequence: 8..32*2, seed: 7}, {}]", "  include: {variant: classic}",
    "  include: [{seed: x}, 3]", "  workload.batch: 1..4", "  model.layers: [2..8*2]",
    "  exclude: [{workload.sequence: 64..256*2}]",
    "  exclude: [{model.attention: {type: gqa, heads: 8}}, {model.norm: {type: rmsnorm}}]",
    "seeds: 1..3", "seeds: [1..2, 9]", "seeds: 3..1",
    "  workload.optimizer.lr: 1e-4..1e-1*10", "  model.attention: [gqa, {type: mha, heads: 2..4}]",
    "compare: {classic: modern}", "matrix:", "variants:", "  modern: {}",
  ]
  private static let operators = [
    "and", "or", "not", "in", "==", "<", "+", "-", "*", "/", "%", "(", ")", "'", ".",
  ]

  package init(seed: Int, samples: [String]) {
    state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    self.samples = samples
  }

  /// The next file, one to four mutations away from a good one; not always UTF-8.
  package mutating func next() -> [UInt8] {
    var text = samples[random(samples.count)]
    for _ in 0...random(4) {
      switch random(4) {
      case 0: text = words(text)
      case 1: text = structure(text)
      default: text = lines(text)
      }
    }
    return random(4) == 0 ? bytes(Array(text.utf8)) : Array(text.utf8)
  }

  private mutating func random(_ count: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int((state >> 11) % UInt64(max(1, count)))
  }

  private mutating func any(_ list: [String]) -> String { list[random(list.count)] }

  private mutating func lines(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let place = random(lines.count)
    switch random(6) {
    case 0: lines.remove(at: place)
    case 1: lines.insert(lines[random(lines.count)], at: place)
    case 2: lines[place] = "  " + lines[place]
    case 3: lines.insert(any(Self.lines), at: place)
    case 4: lines.append(any(Self.lines))
    default: lines[place] += " " + any(Self.words)
    }
    return lines.joined(separator: "\n")
  }

  private mutating func words(_ text: String) -> String {
    var parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    let place = random(parts.count)
    switch random(3) {
    case 0: parts[place] = any(Self.words)
    case 1: parts.insert(any(Self.operators), at: place)
    default: parts[place] = parts[random(parts.count)]
    }
    return parts.joined(separator: " ")
  }

  /// Moves a piece of the file elsewhere, or doubles it.
  private mutating func structure(_ text: String) -> String {
    var characters = Array(text)
    if characters.isEmpty { return text }
    let start = random(characters.count)
    let end = min(characters.count, start + random(60))
    let piece = characters[start..<end]
    if random(2) == 0 { characters.removeSubrange(start..<end) }
    characters.insert(contentsOf: piece, at: random(characters.count + 1))
    return String(characters)
  }

  private mutating func bytes(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random(3) {
      let place = random(bytes.count + 1)
      switch random(4) {
      case 0: bytes.insert(UInt8(random(256)), at: place)
      case 1: if place < bytes.count { bytes[place] = UInt8(random(256)) }
      case 2: if place < bytes.count { bytes.remove(at: place) }
      default: bytes = Array(bytes.prefix(max(1, place)))
      }
    }
    return bytes
  }
}
