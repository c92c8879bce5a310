// AbsolutePath: what a relative path stands for, written so that it means the same from any folder.

import Glibc

/// Makes paths absolute.
package enum AbsolutePath {
  /// The folder that the program was started in.
  package static var currentFolder: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
  }

  /// `path` as an absolute one: `~/` is the home folder, anything else is relative to `folder`.
  ///
  /// - Parameters:
  ///   - folder: an absolute path.
  ///   - home: the home folder; where it is not known, `~` is a name like any other.
  package static func of(
    _ path: String, in folder: String = currentFolder,
    home: String? = getenv("HOME").map { String(cString: $0) }
  ) -> String {
    if path.hasPrefix("/") { return path }
    if let home, path == "~" || path.hasPrefix("~/") { return home + path.dropFirst() }
    // `..` stays: it leaves the folder that a link before it leads to, which the text does not
    // tell.
    let parts = path.split(separator: "/").filter { $0 != "." }.map { "/" + $0 }
    return (folder == "/" ? "" : folder) + parts.joined()
  }
}
