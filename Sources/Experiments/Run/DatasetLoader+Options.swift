// A loader of texts and images for what the command line and the environment say.

import Foundation
package import Records
package import Workloads

extension DatasetLoader {
  package init(_ options: RunOptions, environment: [String: String]) {
    self.init(
      locations: DataLocations(
        dataDirectory: options.dataDirectory, offline: options.offline, environment: environment,
        baseDirectory: FileManager.default.currentDirectoryPath),
      download: Download(environment: environment))
  }
}
