// ModelReadings: the models of documents, as they were read. The documents of a matrix mostly differ
// in their workload alone, and to read and build the same model again takes half of reading one.

import Config
import Models
import Synchronization
import Workloads

/// A model as it was read; one thread has it at a time.
struct ModelReading: @unchecked Sendable {
  /// What was read of its section, of which copies are handed on; nil where no other document may
  /// have the same.
  fileprivate let section: Section?
  fileprivate let length: Int
  fileprivate let image: ImageSize?
  /// Declared, without memory.
  let built: Transformer
}

/// Those that were read last.
final class ModelReadings: Sendable {
  /// As many threads may want one at a time.
  private static let most = 16
  private let kept = Mutex<[ModelReading]>([])

  /// Reads a model's section, or takes over what was read of it in another document; it is given
  /// back by `keep`.
  func read(
    _ model: CellModel, from section: Section, length: Int, image: ImageSize?
  ) -> ModelReading {
    // What is laid over a stored model is another section in each document.
    let isPlain = model.base == nil && !section.isMuted && !section.hasFault()
    if isPlain, let known = take(section, length, image), let read = known.section {
      section.adopt(read)
      return known
    }
    let built = model.build(from: section, vocabulary: 1, length: length, image: image)
    // Faults are found anew in each document, by a reading of its own.
    let isShared = isPlain && section.recordedFaults.isEmpty
    return ModelReading(
      section: isShared ? section.copied : nil, length: length, image: image, built: built)
  }

  private func take(_ section: Section, _ length: Int, _ image: ImageSize?) -> ModelReading? {
    kept.withLock { kept in
      let place = kept.firstIndex { reading in
        reading.length == length && reading.image == image
          && reading.section?.isWritten(as: section) == true
      }
      return place.map { kept.remove(at: $0) }
    }
  }

  func keep(_ reading: ModelReading) {
    if reading.section == nil { return }
    kept.withLock { kept in
      if kept.count == Self.most { kept.removeFirst() }
      kept.append(reading)
    }
  }
}
