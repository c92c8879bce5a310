// A folder of safetensors files: one file, or several with an index that says which tensor is in
// which.

import Glibc
import Records

extension StoredTensors {
  private static let file = "model.safetensors"
  private static let index = "model.safetensors.index.json"

  /// The tensors of a folder; nil where there is no folder at the path.
  ///
  /// Links in it are followed, since a cache of downloads keeps its files elsewhere; names that lead
  /// out of it are refused.
  ///
  /// - Throws: `ResultsError.unreadable` naming a file and what is wrong with it.
  init?(folder path: String) throws(ResultsError) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
    let index = "\(path)/\(Self.index)"
    if AtomicFile.exists("\(path)/\(Self.file)") {
      self = try SafeTensors(file: "\(path)/\(Self.file)").tensors
    } else if AtomicFile.exists(index) {
      self = try Self.sharded(index: index, in: path)
    } else {
      let pickled = ["pytorch_model.bin", "pytorch_model.bin.index.json"].first {
        AtomicFile.exists("\(path)/\($0)")
      }
      throw .unreadable(
        path: path,
        problem: "it has neither '\(Self.file)' nor '\(Self.index)'"
          + (pickled.map { ", and '\($0)' cannot be read: save it as safetensors" } ?? ""))
    }
  }

  /// The names of the files that hold a folder's tensors, the index first where there is one.
  static func files(in folder: String) throws(ResultsError) -> [String] {
    if AtomicFile.exists("\(folder)/\(file)") { return [file] }
    let shards = try MappedFile("\(folder)/\(index)").parse {
      (bytes) throws(WeightFileError) in try WeightIndex(bytes).shards
    }
    return [index] + shards
  }

  private static func sharded(
    index path: String, in folder: String
  ) throws(ResultsError) -> StoredTensors {
    let file = try MappedFile(path)
    let index = try file.parse { (bytes) throws(WeightFileError) in try WeightIndex(bytes) }
    var shards: [StoredTensors] = []
    for name in index.shards { shards.append(try SafeTensors(file: "\(folder)/\(name)").tensors) }
    return try file.parse { (_) throws(WeightFileError) in try index.tensors(of: shards) }
  }
}
