// StoredTensors: the tensors of a model on disk by name, whatever the format and however many the
// files.

package import Records

/// Named tensors, each name once.
package struct StoredTensors: Sendable {
  /// In the order of the file.
  package let all: [StoredTensor]
  private let places: [String: Int]

  /// - Throws: `WeightFileError` naming a tensor that is there twice.
  init(_ all: [StoredTensor]) throws(WeightFileError) {
    var places = [String: Int](minimumCapacity: all.count)
    for (index, tensor) in all.enumerated()
    where places.updateValue(index, forKey: tensor.name) != nil {
      throw WeightFileError("'\(tensor.name)' is there twice")
    }
    self.all = all
    self.places = places
  }

  package var names: [String] { all.map(\.name) }

  package subscript(name: String) -> StoredTensor? { places[name].map { all[$0] } }

  /// - Throws: `WeightFileError` naming a tensor whose type cannot be read.
  package func requireReadable() throws(WeightFileError) {
    for tensor in all { try tensor.requireReadable() }
  }
}

extension StoredTensors {
  /// What is at a path: a folder with safetensors files, one such file, or a GGUF file.
  ///
  /// - Throws: `ResultsError.unreadable` naming a file and what is wrong with it.
  package init(at path: String) throws(ResultsError) {
    if let folder = try Self(folder: path) {
      self = folder
      return
    }
    self = try MappedFile(path).parse { (bytes) throws(WeightFileError) in
      GGUF.isOne(bytes) ? try GGUF(bytes).tensors : try SafeTensors(bytes).tensors
    }
  }
}
