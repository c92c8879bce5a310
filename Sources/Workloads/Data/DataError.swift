// What can be wrong with a text or with images, and how it is worded.
// Not what can go wrong with a download: DownloadFailure is part of `unavailable` here.

import Config

/// A reason why there is nothing to train on.
package enum DataError: Error, Equatable {
  /// A named text is in no folder and was not downloaded.
  case unavailable(RemoteText, lookedIn: DataSearch, DownloadFailure, putAt: String?)
  /// There is no such text file.
  case missing(path: String)
  /// A text file cannot be read; `reason` is the system's.
  case unreadable(path: String, reason: String)
  /// A text file is not UTF-8; `offset` is the first byte, from 0, that is wrong.
  case notUTF8(path: String, offset: Int)
  /// A text file holds nothing.
  case empty(path: String)
  /// A text is not made of the tokens that it should be.
  case notTokens(path: String, problem: String)
  /// There is no tokenizer where one is named.
  case noTokenizer(path: String, problem: String)
  /// A text is not the one that the run was planned with.
  case changed(name: String)
  /// Images are not those that the run was planned with.
  case imagesChanged(name: String)
  /// A split, or a text that is one alone, cannot be cut into windows.
  case tooShort(name: String, split: String?, tokens: Int, sequence: Int)
  /// Named images are in no folder and were not downloaded; `putAt` is the folder for them.
  case imagesMissing(KnownImages, lookedIn: DataSearch, DownloadFailure, putAt: String?)
  /// There is no such folder of images.
  case noImages(path: String)
  /// A file of images cannot be used; `problem` names it.
  case wrongImages(problem: String)
}

/// Where data were looked for, and what lies there that is not they.
package struct DataSearch: Sendable, Equatable {
  let places: [DataLocations.Place]
  /// A sentence on each, with its path and what is wrong with it.
  let passedOver: [String]
}

extension DataError: CustomStringConvertible {
  /// One sentence; for `unavailable` also what was tried and what would help, a line each.
  package var description: String {
    switch self {
    case .unavailable(let text, let lookedIn, let failure, let putAt):
      Self.unavailable(text, lookedIn, failure, putAt)
    case .imagesMissing(let images, let lookedIn, let failure, let putAt):
      Self.missing(images, lookedIn, failure, putAt)
    case .wrongImages(let problem): problem
    case .missing, .noImages:
      summary + ". A relative path starts at the folder of the experiment file that it is written "
        + "in, one of the command line at the current folder"
    case .unreadable(let path, let reason):
      "cannot read the text file '\(path)': \(reason)"
    case .notUTF8(let path, let offset):
      "'\(path)' is not a UTF-8 text: byte \(offset) is invalid (counted from 0)"
    case .empty(let path):
      "the text file '\(path)' is empty"
    case .notTokens(let path, let problem): "cannot read the text '\(path)': \(problem)"
    case .noTokenizer(let path, let problem):
      "'\(path)' is no tokenizer: \(problem)"
    case .changed(let name):
      "the text '\(name)' is not the one that the run was planned with"
    case .imagesChanged(let name):
      "the images '\(name)' are not those that the run was planned with"
    case .tooShort(let name, let split, let tokens, let sequence):
      "'\(name)' is too short: \(split.map { "its \($0) split" } ?? "it") has "
        + "\(Wording.count(tokens, "token")), and a sequence of \(sequence) needs at least "
        + "\(sequence + 2)"
    }
  }

  /// What it is about, as it was looked for: a text, a tokenizer or a folder of images; empty where
  /// its words name a file.
  var place: String {
    switch self {
    case .unavailable(let text, _, _, _): text.name
    case .imagesMissing(let images, _, _, _): images.name
    case .wrongImages: ""
    case .noImages(let path), .missing(let path), .unreadable(let path, _),
      .notUTF8(let path, _), .empty(let path), .notTokens(let path, _), .noTokenizer(let path, _):
      path
    case .changed(let name), .imagesChanged(let name), .tooShort(let name, _, _, _): name
    }
  }

  var isOfTokenizer: Bool { if case .noTokenizer = self { true } else { false } }

  /// What could be downloaded and was not, and why.
  package var notDownloaded: (name: String, failure: DownloadFailure)? {
    switch self {
    case .unavailable(let text, _, let failure, _): (text.name, failure)
    case .imagesMissing(let images, _, let failure, _): (images.name, failure)
    default: nil
    }
  }

  /// What was found in the place of such data and cannot be used, a sentence each.
  package var passedOver: [String] {
    switch self {
    case .unavailable(_, let search, _, _), .imagesMissing(_, let search, _, _):
      search.passedOver
    default: []
    }
  }

  /// The same in one sentence, for the note that goes with a fallback.
  package var summary: String {
    if case .missing(let path) = self { return "there is no text file '\(path)'" }
    if case .noImages(let path) = self { return "there is no folder '\(path)'" }
    guard let (name, failure) = notDownloaded else { return description }
    return "'\(name)' was not found on this machine and not downloaded: \(failure)"
  }

  private static func unavailable(
    _ text: RemoteText, _ lookedIn: DataSearch, _ failure: DownloadFailure, _ putAt: String?
  ) -> String {
    var lines = ["data set '\(text.name)' is not available: it was not found and \(failure)"]
    lines += lookedIn.passedOver.map { "note: \($0)" }
    for place in lookedIn.places {
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

  private static func missing(
    _ images: KnownImages, _ lookedIn: DataSearch, _ failure: DownloadFailure, _ putAt: String?
  ) -> String {
    let passedOver = lookedIn.passedOver.map { "note: \($0)" }
    let notes = lookedIn.places.map {
      "note: looked in '\($0.path)' (\($0.origin)) for \(images.name)/train-images-idx3-ubyte.gz"
    }
    let help =
      ["apt-get install \(images.package)"]
      + (putAt.map { ["put its four IDX files into '\($0)'"] } ?? []) + [
        "set RUNEXP_DATA to a folder that holds \(images.name) with its four IDX files",
        "declare a fallback: dataset: {name: \(images.name), fallback: synthetic-shapes}",
      ]
    return
      (["data set '\(images.name)' is not available: it was not found and \(failure)"]
      + passedOver + notes + ["help: " + help.joined(separator: ", or ")])
      .joined(separator: "\n")
  }
}

// Why a download gave no usable file, and how that is worded.
// Data only: Download finds out which case it is.

/// A reason why a file was not downloaded.
///
/// Each is worded as one clause, without a capital or a full stop, so that it can end a sentence.
package enum DownloadFailure: Error, Equatable {
  /// Downloading was switched off.
  case offline
  /// Nothing is downloaded for what is only planned.
  case onlyPlanned
  /// The user asked to stop.
  case interrupted
  /// There is no curl to run.
  case curlMissing(String)
  /// curl is there and cannot be started; `reason` is the system's.
  case curlNotStarted(path: String, reason: String)
  /// The name has no address, or nothing answers there.
  case noConnection(address: String, detail: String)
  /// The server's certificate was not accepted, or no certificates are installed.
  case insecure(address: String, detail: String)
  /// The server answered with an error status, as HTTP defines it.
  case status(Int, address: String)
  /// Nothing, or not all of it, came in time.
  case timedOut(address: String, received: Int)
  /// The connection ended early.
  case truncated(address: String, received: Int, expected: Int)
  /// There is more than the file could be.
  case tooLarge(address: String, limit: Int)
  /// All of it came, and it is not the file.
  ///
  /// Bytes and hash are those of the contents, unpacked where they were packed.
  case wrongContent(address: String, bytes: Int, sha256: String, expected: RemoteFile)
  /// What came is packed, and cannot be unpacked.
  case damaged(address: String, problem: String)
  /// curl failed in another way.
  case other(address: String, status: Int, detail: String)

  /// Whether the same request may well succeed a moment later.
  var isPassing: Bool {
    switch self {
    case .truncated: true
    case .status(let code, _): code >= 500 || code == 408 || code == 429
    case .other(_, let status, _): status == 52 || status == 56  // empty reply, receive error
    default: false
    }
  }
}

extension DownloadFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .offline:
      "downloading is switched off (--offline or RUNEXP_OFFLINE)"
    case .onlyPlanned: "a plan downloads nothing"
    case .interrupted: "the download was interrupted"
    case .curlMissing(let name):
      "there is no program '\(name)' to download with (apt install curl)"
    case .curlNotStarted(let path, let reason):
      "'\(path)' could not be started: \(reason)"
    case .noConnection(let address, let detail):
      "there is no connection to \(address)" + Self.parenthesised(detail)
    case .insecure(let address, let detail):
      "the certificate of \(address) could not be verified (is ca-certificates installed?)"
        + Self.parenthesised(detail)
    case .status(let code, let address):
      "the server answered with status \(code) for \(address)"
    case .timedOut(let address, let received):
      "\(address) did not answer in time (\(received) bytes received)"
    case .truncated(let address, let received, let expected):
      "the connection ended after \(received) of \(expected) bytes of \(address)"
    case .tooLarge(let address, let limit):
      "what lies at \(address) is larger than \(limit) bytes, so it is another file"
    case .wrongContent(let address, let bytes, let sha256, let file):
      "what lies at \(address) is not the file expected: it has \(bytes) "
        + "\(file.unpackedBytes == nil ? "" : "unpacked ")bytes with sha256 \(sha256), not "
        + "\(file.unpackedBytes ?? file.bytes) with \(file.sha256)"
    case .damaged(let address, let problem):
      "what lies at \(address) is not the file expected: \(problem)"
    case .other(let address, let status, let detail):
      "curl failed with status \(status) for \(address)" + Self.parenthesised(detail)
    }
  }

  private static func parenthesised(_ detail: String) -> String {
    detail.isEmpty ? "" : " (\(detail))"
  }
}
