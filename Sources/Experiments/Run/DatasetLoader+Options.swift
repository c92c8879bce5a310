// A loader of texts for what the command line and the environment say.

import Foundation
import Records
import Workloads

extension DatasetLoader {
  init(_ options: RunOptions, environment: [String: String]) {
    self.init(
      locations: DataLocations(
        dataDirectory: options.dataDirectory, offline: options.offline, environment: environment,
        baseDirectory: FileManager.default.currentDirectoryPath),
      download: Download(environment: environment))
  }
}
