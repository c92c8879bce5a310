// PlannedImages: the images that cells declare, each read once. What a plan needs to know of them
// is kept, and not their pixels.

import Records
import Workloads

/// What was found for the declarations of images.
struct PlannedImages {
  private let loader: ImageLoader
  private let progress: Download.Progress?
  private var known: [(declaration: ImageDeclaration, found: Result<Found, DataError>)] = []

  /// Images without their pixels.
  struct Found {
    let record: RunRecord.Dataset
    let facts: ImageFacts
    /// Why others stand in for those that were asked for.
    let note: String?
    let warnings: [String]

    fileprivate init(_ images: LoadedImages) {
      record = images.record
      facts = ImageFacts(images.images)
      (note, warnings) = (images.note, images.warnings)
    }
  }

  init(_ loader: DatasetLoader, _ progress: Download.Progress? = nil) {
    self.loader = loader.images
    self.progress = progress
  }

  /// Those that were found.
  var all: [Found] { known.compactMap { try? $0.found.get() } }

  /// Why others were not.
  var missing: [DataError] {
    known.compactMap { if case .failure(let error) = $0.found { error } else { nil } }
  }

  mutating func find(_ declaration: ImageDeclaration) -> Result<Found, DataError> {
    if let known = known.first(where: { $0.declaration == declaration }) { return known.found }
    // Images that are there are the same whatever would stand in for them.
    if loader.known(declaration)?.insteadOf == nil {
      for (other, found) in known where other.dataset == declaration.dataset {
        if case .success(let images) = found, images.record.insteadOf == nil { return found }
      }
    }
    let found = Result { () throws(DataError) in
      Found(try loader.load(declaration, progress: progress))
    }
    known.append((declaration, found))
    return found
  }
}
