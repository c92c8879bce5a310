// A text that is known by its checksum: where it may lie on this machine and where it can be downloaded.
// Not the text itself: the repository holds no downloaded text.

/// A published text: its name, its address, and what proves that a file is it.
package struct RemoteText: Sendable, Equatable {
  /// The word in an experiment file, and the folder in the cache.
  package var name: String
  /// Where curl finds it.
  package var address: String
  /// Its size in bytes.
  package var bytes: Int
  /// Its SHA-256, 64 lower-case hexadecimal digits.
  package var sha256: String
  /// Where it may lie below a data folder, tried in this order.
  package var files: [String]

  package init(name: String, address: String, bytes: Int, sha256: String, files: [String]) {
    self.name = name
    self.address = address
    self.bytes = bytes
    self.sha256 = sha256
    self.files = files
  }

  /// Where it is kept below the cache folder.
  package var cacheFile: String { "\(name)/input.txt" }

  /// Tiny Shakespeare: 1,115,394 characters of the plays, 65 distinct, as char-rnn published them
  /// (Karpathy, "The unreasonable effectiveness of recurrent neural networks", 2015).
  package static let tinyShakespeare = RemoteText(
    name: "tiny-shakespeare",
    address: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/"
      + "tinyshakespeare/input.txt",
    bytes: 1_115_394,
    sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    files: [
      "tinyshakespeare/input.txt", "tiny-shakespeare/input.txt", "tiny-shakespeare.txt",
      "input.txt",
    ])
}
