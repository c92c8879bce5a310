// Why a download gave no usable text, and how that is worded.
// Data only: Download finds out which case it is.

/// A reason why a text was not downloaded.
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
  /// There is more than the text could be.
  case tooLarge(address: String, limit: Int)
  /// All of it came, and it is not the text.
  case wrongContent(address: String, bytes: Int, sha256: String, expected: RemoteText)
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
    case .wrongContent(let address, let bytes, let sha256, let text):
      "what lies at \(address) is not the file expected: it has \(bytes) bytes with sha256 "
        + "\(sha256), not \(text.bytes) with \(text.sha256)"
    case .other(let address, let status, let detail):
      "curl failed with status \(status) for \(address)" + Self.parenthesised(detail)
    }
  }

  private static func parenthesised(_ detail: String) -> String {
    detail.isEmpty ? "" : " (\(detail))"
  }
}
