// What can be wrong with a text, and how it is worded.
// Not what can go wrong with a download: DownloadFailure is part of `unavailable` here.

/// A reason why there is no text to train on.
package enum DataError: Error, Equatable {
  /// A named text is in no folder and was not downloaded.
  case unavailable(RemoteText, lookedIn: [DataLocations.Place], DownloadFailure, putAt: String?)
  /// There is no such text file.
  case missing(path: String)
  /// A text file cannot be read; `reason` is the system's.
  case unreadable(path: String, reason: String)
  /// A text file is not UTF-8; `offset` is the first byte, from 0, that is wrong.
  case notUTF8(path: String, offset: Int)
  /// A text file holds nothing.
  case empty(path: String)
  /// A text is not the one that the run was planned with.
  case changed(name: String)
  /// A split cannot be cut into windows.
  case tooShort(name: String, split: String, characters: Int, sequence: Int)
}

extension DataError: CustomStringConvertible {
  /// One sentence; for `unavailable` also what was tried and what would help, a line each.
  package var description: String {
    switch self {
    case .unavailable(let text, let lookedIn, let failure, let putAt):
      Self.unavailable(text, lookedIn, failure, putAt)
    case .missing:
      summary + ". A relative path starts at the folder of the experiment file that it is written "
        + "in, one of the command line at the current folder"
    case .unreadable(let path, let reason):
      "cannot read the text file '\(path)': \(reason)"
    case .notUTF8(let path, let offset):
      "'\(path)' is not a UTF-8 text: byte \(offset) is invalid (counted from 0)"
    case .empty(let path):
      "the text file '\(path)' is empty"
    case .changed(let name):
      "the text '\(name)' is not the one that the run was planned with"
    case .tooShort(let name, let split, let characters, let sequence):
      "'\(name)' is too short: its \(split) split has \(characters) "
        + (characters == 1 ? "character" : "characters")
        + ", and a sequence of \(sequence) needs at least \(sequence + 2)"
    }
  }

  /// The same in one sentence, for the note that goes with a fallback.
  package var summary: String {
    if case .missing(let path) = self { return "there is no text file '\(path)'" }
    guard case .unavailable(let text, _, let failure, _) = self else { return description }
    return "'\(text.name)' was not found on this machine and not downloaded: \(failure)"
  }

  private static func unavailable(
    _ text: RemoteText, _ lookedIn: [DataLocations.Place], _ failure: DownloadFailure,
    _ putAt: String?
  ) -> String {
    var lines = ["data set '\(text.name)' is not available: it was not found and \(failure)"]
    for place in lookedIn {
      lines.append(
        "note: looked in '\(place.path)' (\(place.origin)) for "
          + text.files.joined(separator: ", "))
    }
    var help = ["set RUNEXP_DATA to a folder that holds \(text.cacheFile)"]
    if let putAt { help.insert("put the file at '\(putAt)'", at: 0) }
    help.append("declare a fallback: dataset: {name: \(text.name), fallback: synthetic-plays}")
    lines.append("help: " + help.joined(separator: ", or "))
    return lines.joined(separator: "\n")
  }
}
