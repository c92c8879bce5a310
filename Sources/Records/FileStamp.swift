// FileStamp: what tells, without reading a file, that it is the one that was read before.

internal import Foundation

/// A file's name, size, time of modification and inode.
package struct FileStamp: Equatable, Sendable, Record {
  /// Within its folder.
  package var name = ""
  package var bytes = 0
  /// When it was last modified, in nanoseconds since 1970.
  package var modified = 0
  package var inode = 0

  package init() {}

  /// The stamp of a file as it is now; nil where there is none.
  ///
  /// - Parameter name: under which it is recorded.
  package init?(file path: String, as name: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.name = name
    bytes = Int(status.st_size)
    modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    inode = Int(truncatingIfNeeded: status.st_ino)
  }

  package static var fields: [Field<Self>] {
    [
      Field("name", \.name, isRequired: true), Field("bytes", \.bytes, isRequired: true),
      Field("modified_ns", \.modified, isRequired: true),
      Field("inode", \.inode, isRequired: true),
    ]
  }

  /// Nanoseconds for which a file must have been left alone before its stamp tells it from a later
  /// one: file systems count time in steps, of up to two seconds.
  private static let rest = 2_500_000_000

  /// Whether a change from now on would show.
  package var isSettled: Bool {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return modified < now.tv_sec * 1_000_000_000 + now.tv_nsec - Self.rest
  }
}
