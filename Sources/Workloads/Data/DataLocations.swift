// Where texts are looked for on this machine, as the options and the environment say.
// Reads neither itself: both are handed in, so that a test can hand in its own.

internal import Config

/// The folders to look in, and whether the network may be used.
package struct DataLocations: Sendable, Equatable {
  /// A folder and who named it.
  package struct Place: Sendable, Equatable {
    /// `--data-dir`, `RUNEXP_DATA` or `cache`.
    package let origin: String
    /// An absolute path.
    package let path: String
  }

  /// The folders that may hold a text, in the order they are looked in.
  package let places: [Place]
  /// The folder downloads are kept in; nil where the environment names no home.
  package let cache: String?
  /// True: nothing is downloaded.
  package let offline: Bool
  private let home: String?
  private let baseDirectory: String

  /// Works the folders out.
  ///
  /// - Parameters:
  ///   - dataDirectory: the value of `--data-dir`.
  ///   - offline: the flag; `RUNEXP_OFFLINE` set to anything but nothing, 0, false or no means it
  ///     as well.
  ///   - environment: `RUNEXP_DATA`, `XDG_CACHE_HOME` (ignored unless absolute, as the XDG base
  ///     directory specification has it), `HOME` and `RUNEXP_OFFLINE` are read.
  ///   - baseDirectory: an absolute path: what relative paths are relative to.
  package init(
    dataDirectory: String? = nil, offline: Bool = false, environment: [String: String],
    baseDirectory: String
  ) {
    func value(_ name: String) -> String? {
      environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    let home = value("HOME")
    self.home = home
    self.baseDirectory = baseDirectory
    if let cacheHome = value("XDG_CACHE_HOME"), cacheHome.hasPrefix("/") {
      cache = cacheHome + "/runexp"
    } else {
      cache = home.map { $0 + "/.cache/runexp" }
    }
    let switchedOff = ["0", "false", "no"]
    self.offline =
      offline
      || value("RUNEXP_OFFLINE").map { !switchedOff.contains($0.lowercased()) } ?? false

    var places: [Place] = []
    if let dataDirectory {
      places.append(
        Place(
          origin: "--data-dir",
          path: AbsolutePath.of(dataDirectory, in: baseDirectory, home: home)))
    }
    if let named = value("RUNEXP_DATA") {
      places.append(
        Place(
          origin: "RUNEXP_DATA",
          path: AbsolutePath.of(named, in: baseDirectory, home: home)))
    }
    if let cache {
      places.append(Place(origin: "cache", path: cache))
    }
    self.places = places
  }

  /// `path` as an absolute one: `~/` is the home folder, anything else relative to the base.
  package func absolute(_ path: String) -> String {
    AbsolutePath.of(path, in: baseDirectory, home: home)
  }
}
