// JSONVariation: one of many values that differ little, such as the documents of a matrix, kept as
// what differs from one that they share.

/// A value in little memory, comments included.
package struct JSONVariation: Sendable {
  private let common: Common
  /// In the order of their places.
  private let changes: [Change]

  private final class Common: Sendable {
    let value: JSON

    init(_ value: JSON) { self.value = value }
  }

  /// Another value at one place of the common one.
  private struct Change: Sendable {
    let trail: Trail
    let value: JSON

    func isSame(as other: Change) -> Bool {
      trail == other.trail && value.isSame(as: other.value)
    }
  }

  /// With so many changes or more a value is rather one that others share.
  private static let limit = 32

  /// - Parameter other: one that differs little, as is hoped; what they share is then in one place
  ///   of memory.
  package init(_ value: JSON, like other: JSONVariation? = nil) {
    if let other {
      var changes: [Change] = []
      Self.compare(other.common.value, value, at: Trail(), &changes)
      if changes.count < Self.limit, changes.first?.trail.count != 0 {
        common = other.common
        // What is no single value is the same more than once.
        self.changes = changes.map { change in
          other.changes.first { $0.isSame(as: change) } ?? change
        }
        return
      }
    }
    common = Common(value)
    changes = []
  }

  package var json: JSON { Self.changed(common.value, by: changes[...], below: 0) }

  /// Whether the values under a key of two objects are known to be the same.
  package func isSame(as other: JSONVariation, at key: String) -> Bool {
    guard common === other.common,
      let place = common.value.members.firstIndex(where: { $0.key == key })
    else { return false }
    let (own, others) = (changes(under: place), other.changes(under: place))
    return own.count == others.count && zip(own, others).allSatisfy { $0.isSame(as: $1) }
  }

  private func changes(under place: Int) -> [Change] {
    changes.filter { $0.trail[0] == place }
  }

  private static func compare(
    _ old: JSON, _ new: JSON, at trail: Trail, _ changes: inout [Change]
  ) {
    if case .object(let olds) = old, case .object(let news) = new, olds.count == news.count,
      trail.hasRoom(for: olds.count),
      zip(olds, news).allSatisfy({ $0.key == $1.key && $0.comment == $1.comment })
    {
      for place in olds.indices {
        compare(olds[place].value, news[place].value, at: trail.to(place), &changes)
      }
    } else if !new.isSame(as: old) {
      changes.append(Change(trail: trail, value: new))
    }
  }

  /// - Parameter depth: how many places of the changes' trails lead to `value`.
  private static func changed(
    _ value: JSON, by changes: ArraySlice<Change>, below depth: Int
  ) -> JSON {
    guard let first = changes.first else { return value }
    if first.trail.count == depth { return first.value }
    guard case .object(var members) = value else { return value }
    var rest = changes
    while let place = rest.first?.trail[depth] {
      let own = rest.prefix { $0.trail[depth] == place }
      rest = rest.dropFirst(own.count)
      let member = members[place]
      members[place] = JSON.Member(
        member.key, changed(member.value, by: own, below: depth + 1), comment: member.comment)
    }
    return .object(members)
  }
}

/// The places of members that lead from an object to a value in it, a byte each.
private struct Trail: Equatable {
  private static let depth = 8

  /// From the lowest byte on; counted from 1, so that 0 is the end.
  private var places: UInt64 = 0

  var count: Int { Self.depth - places.leadingZeroBitCount / 8 }

  /// Whether a place in an object of so many members can follow.
  func hasRoom(for members: Int) -> Bool { count < Self.depth && members < 255 }

  func to(_ place: Int) -> Trail {
    var trail = self
    trail.places |= UInt64(place + 1) << UInt64(8 * count)
    return trail
  }

  subscript(depth: Int) -> Int { Int(places >> UInt64(8 * depth) & 255) - 1 }
}
