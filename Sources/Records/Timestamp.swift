// Times as runs write them (RFC 3339, UTC, to the second), read back and shortened for people.

package import Config
internal import Foundation

/// A moment in UTC, to the second: `2026-11-22T22:48:37Z` (RFC 3339).
package struct Timestamp: Equatable, Sendable, CustomStringConvertible, JSONRepresentable {
  package let secondsSince1970: Double

  package init(secondsSince1970: Double) {
    self.secondsSince1970 = secondsSince1970.rounded(.down)
  }

  package static var now: Timestamp {
    Timestamp(secondsSince1970: Date().timeIntervalSince1970)
  }

  package init?(json: JSON) {
    guard let seconds = json.text.flatMap(Self.seconds) else { return nil }
    self.init(secondsSince1970: seconds)
  }

  package var json: JSON { .string(description) }

  package var description: String {
    var seconds = time_t(secondsSince1970)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Seconds since 1970 of `2026-11-22T22:48:37Z`; nil for any other text.
  package static func seconds(_ text: String) -> Double? {
    let shape = "dddd-dd-ddTdd:dd:ddZ"
    guard text.utf8.count == shape.utf8.count,
      zip(text.utf8, shape.utf8).allSatisfy({ digit, place in
        place == UInt8(ascii: "d") ? (0x30...0x39).contains(digit) : digit == place
      })
    else { return nil }
    let fields = text.split { !$0.isNumber }.compactMap { Int32($0) }
    var parts = tm()
    parts.tm_year = fields[0] - 1900
    parts.tm_mon = fields[1] - 1
    parts.tm_mday = fields[2]
    parts.tm_hour = fields[3]
    parts.tm_min = fields[4]
    parts.tm_sec = fields[5]
    return Double(timegm(&parts))
  }

  /// `2026-11-22 22:48`; the text itself where it is no time.
  package static func short(_ text: String) -> String {
    seconds(text) == nil ? text : String(text.prefix(16)).replacing("T", with: " ")
  }

  /// The time that a run's name begins with.
  package static func text(ofRun id: RunID) -> String? {
    let parts = id.description.split(separator: "-")
    guard parts.count == 4 else { return nil }
    let (day, clock) = (parts[1], parts[2])
    let date = "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.dropFirst(6))"
    return "\(date)T\(clock.prefix(2)):\(clock.dropFirst(2).prefix(2)):\(clock.dropFirst(4))Z"
  }

  /// `3 min`, `5 h`, `12 d`: an age for people.
  package static func age(_ seconds: Double) -> String {
    switch seconds {
    case ..<90: "\(Int(max(0, seconds))) s"
    case ..<5400: "\(Int(seconds / 60)) min"
    case ..<172_800: "\(Int(seconds / 3600)) h"
    default: "\(Int(min(seconds / 86400, 1e6))) d"
    }
  }

  /// A duration for people: `42 s`, `3:07`, `1:02:09`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(max(0, seconds).rounded())
    if whole < 60 { return "\(whole) s" }
    let hours = whole / 3600
    if hours == 0 { return String(format: "%d:%02d", whole / 60, whole % 60) }
    return String(format: "%d:%02d:%02d", hours, whole / 60 % 60, whole % 60)
  }
}

// The clock that durations are taken from: it never goes backwards, whatever is done to the time of
// day.

/// CLOCK_MONOTONIC.
package enum MonotonicClock {
  /// Seconds since some fixed moment; never goes backwards.
  package static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
