// PodFiles: what the cells of a run read from files of this machine, which pods may not have.

import Config
internal import Foundation
package import Records
import Workloads

extension RunRecord {
  /// The texts, images, tokenizers and stored models that cells read, and the plugin that was
  /// named for them, of those that pods have only where somebody puts them; each once, by whole
  /// paths.
  ///
  /// What the program makes itself has no path, and what it can download is fetched, unless it was
  /// to come from a folder that was named.
  ///
  /// - Parameters:
  ///   - results: the folder of all results on this machine.
  ///   - mount: where pods have it.
  package func filesOutside(_ results: String, mountedAt mount: String) -> [String] {
    let data = datasets.flatMap { data in
      [
        (path: data.path, isDownloadable: data.isDownloadable),
        (path: data.validation?.path, isDownloadable: data.validation?.isDownloadable ?? false),
      ]
    }
    let folder = options.dataDirectory
    let copied = data.filter { data in
      options.offline || !data.isDownloadable
        || folder.map { Self.isPath(data.path ?? "", below: $0) } ?? false
    }
    // What all cells leave unused was told of when the run was prepared.
    let named = plugin == nil ? nil : options.plugin
    let read =
      copied.compactMap(\.path) + tokenizers.map(\.path) + checkpoints.map(\.path)
      + [named].compactMap(\.self)
    // What is built in goes by a word.
    return read.filter { $0.hasPrefix("/") }.unique.filter { path in
      // Pods look for it under this path, and have there what leads into the folder here.
      !path.hasPrefix(mount + "/") || !Self.isPath(path, below: results)
    }
  }

  /// Whether a path leads into a folder, links followed.
  private static func isPath(_ path: String, below folder: String) -> Bool {
    let real = [path, folder].map { path in
      let found = realpath(path, nil)
      defer { free(found) }
      return found.map { String(cString: $0) } ?? path
    }
    return real[0].hasPrefix(real[1] + "/")
  }
}

extension RunRecord.Dataset {
  /// Whether a machine that lacks it fetches it.
  fileprivate var isDownloadable: Bool {
    // Of images the name says it: a folder that is called so is `./` and that.
    if images != nil { return name == KnownImages.fashionMNIST.name }
    return RemoteText.tinyShakespeare.isText(name, sha256)
  }
}

extension RunRecord.Validation {
  /// Whether a machine that lacks it fetches it.
  fileprivate var isDownloadable: Bool { RemoteText.tinyShakespeare.isText(name, sha256) }
}

extension RemoteText {
  /// Whether a text of a run's record is this one, asked for by its word.
  fileprivate func isText(_ name: String, _ sha256: String) -> Bool {
    name == self.name && sha256 == self.sha256
  }
}
