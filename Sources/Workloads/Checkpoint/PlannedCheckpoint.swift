// A stored model as a run records it when it is planned, and whether it is still that one when a cell
// reads it.

package import Records

/// A stored model is not the one that the run was planned with.
package struct CheckpointChanged: Error, CustomStringConvertible {
  let path: String

  package var description: String { "the checkpoint '\(path)' has changed" }
}

extension RunRecord.Checkpoint {
  /// The model at a path as it is now, without a hash where it cannot be read.
  package init(reading path: String) {
    // Before they are read: a change from then on shows.
    let files = Self.stamps(of: path)
    self.init(
      path: path, sha256: try? Checkpoint.sha256(of: path),
      files: files.allSatisfy(\.isSettled) ? files : [])
  }

  /// The stamps of its files; none where there is one that cannot be had.
  private static func stamps(of path: String) -> [FileStamp] {
    let files = (try? Checkpoint.files(of: path)) ?? []
    let stamps = files.compactMap { FileStamp(file: $0.path, as: $0.name) }
    return stamps.count == files.count ? stamps : []
  }

  /// The hash of the model at its path: the recorded one where its files have the stamps that they
  /// had, else that of what is in them.
  ///
  /// - Throws: `ResultsError` where they cannot be read.
  package func currentHash() throws(ResultsError) -> String {
    if let sha256, !files.isEmpty, Self.stamps(of: path) == files { return sha256 }
    return try Checkpoint.sha256(of: path)
  }
}
