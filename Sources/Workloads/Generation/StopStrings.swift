// StopStrings: texts that end a generation, wherever tokens cut them.

/// Passes a text on as it comes, up to the first of some strings; what may be the beginning of one is
/// held back until more of the text tells.
package struct StopStrings {
  private let stops: [[UInt8]]
  private var waiting: [UInt8] = []
  /// The string that has ended the text.
  package private(set) var found: String?

  /// - Parameter stops: none of them empty.
  package init(_ stops: [String]) {
    precondition(stops.allSatisfy { !$0.isEmpty }, "a stop string without a character")
    self.stops = stops.map { Array($0.utf8) }
  }

  /// What of the text so far is certain to come before any stop string, beyond what was given.
  package mutating func append(_ text: String) -> String {
    guard found == nil else { return "" }
    waiting += text.utf8
    for place in waiting.indices {
      let rest = waiting[place...]
      if let stop = stops.first(where: { rest.starts(with: $0) }) {
        found = String(decoding: stop, as: UTF8.self)
        return pass(place)
      }
    }
    let held = waiting.indices.first { place in
      let rest = waiting[place...]
      return stops.contains { $0.count > rest.count && $0.starts(with: rest) }
    }
    return pass(held ?? waiting.count)
  }

  /// Whether a stop string is found if a text comes next.
  package func find(in text: String) -> Bool {
    if text.isEmpty { return false }
    var filter = self
    _ = filter.append(text)
    return filter.found != nil
  }

  /// What was held back, at the end of the text.
  package mutating func finish() -> String {
    defer { waiting = [] }
    return found == nil ? String(decoding: waiting, as: UTF8.self) : ""
  }

  private mutating func pass(_ count: Int) -> String {
    defer { waiting.removeFirst(count) }
    return String(decoding: waiting[..<count], as: UTF8.self)
  }
}
