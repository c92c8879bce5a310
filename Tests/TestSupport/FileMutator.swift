// FileMutator: files with something wrong in them, repeatably; and what became of them when they
// were read.

/// Makes mutations of the bytes of files.
package struct FileMutator {
  private var random: FixedRandom
  /// Pieces of text that such files have, and others that they should not have.
  private let words: [[UInt8]]
  /// Numbers at which counts and sums go wrong.
  private static let extremes: [UInt64] = [
    0, 1, 2, 7, 8, 9, 31, 32, 255, 1 << 16, 1 << 31, 1 << 32, 1 << 61, 1 << 62, 1 << 63,
    (1 << 63) - 1, .max, .max - 7,
  ]

  package init(seed: Int, words: [String]) {
    random = FixedRandom(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    self.words = words.map { Array($0.utf8) }
  }

  package mutating func number(below count: Int) -> Int {
    Int((random.next() >> 20) % UInt64(max(1, count)))
  }

  package mutating func any<Element>(_ elements: [Element]) -> Element {
    elements[number(below: elements.count)]
  }

  /// One to four mutations away from a good file, most of them where it says most.
  ///
  /// - Parameters:
  ///   - header: its first bytes, which say much.
  ///   - trailer: its last bytes, which do.
  package mutating func next(_ file: [UInt8], header: Int, trailer: Int = 0) -> [UInt8] {
    var bytes = file
    for _ in 0...number(below: 4) {
      let (first, last) = (min(header, bytes.count), min(trailer, bytes.count))
      let edge = number(below: first + last)
      let place =
        number(below: 8) == 0
        ? number(below: bytes.count) : edge < first ? edge : bytes.count - 1 - (edge - first)
      change(&bytes, at: place)
    }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], at place: Int) {
    guard place >= 0, place < bytes.count else { return }
    let some = min(bytes.count - place, 1 + number(below: 24))
    switch number(below: 10) {
    case 0: bytes[place] ^= 1 << UInt8(number(below: 8))
    case 1: bytes[place] = UInt8(number(below: 256))
    case 2: bytes.removeSubrange(place..<place + some)
    case 3: bytes.insert(contentsOf: bytes[place..<place + some], at: number(below: bytes.count))
    case 4: bytes.removeSubrange(place...)
    case 5: bytes[place] = bytes[place] &+ (number(below: 2) == 0 ? 1 : 255)
    case 6, 7:
      let value = any(Self.extremes)
      let size = number(below: 2) == 0 ? 4 : 8
      for index in 0..<min(size, bytes.count - place) {
        bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
      }
    default:
      let word = any(words)
      if number(below: 2) == 0 { bytes.removeSubrange(place..<place + some) }
      bytes.insert(contentsOf: word, at: min(place, bytes.count))
    }
  }
}

/// What became of mutated files.
package struct MutationOutcome {
  package private(set) var read = 0
  package private(set) var refused = 0
  /// What should not be, a sentence each.
  package private(set) var faults: [String] = []

  package init() {}

  /// Notes what a read did that should not throw but errors of one sentence, and not take long.
  ///
  /// - Parameter read: gives what it finds wrong.
  package mutating func note(_ read: () throws -> String?) {
    let start = threadSeconds()
    do {
      if let fault = try read() { faults.append(fault) }
      self.read += 1
    } catch {
      let text = "\(error)"
      if text.count >= 2000 || text.contains(where: \.isNewline) {
        faults.append("no one sentence: \(text)")
      }
      refused += 1
    }
    let seconds = threadSeconds() - start
    if seconds > 30 { faults.append("it took \(seconds) s") }
  }
}
