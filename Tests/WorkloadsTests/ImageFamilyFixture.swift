// A fixture of a family that reads images: a tiny vision transformer whose tensors follow from a
// formula, with what timm or transformers computed for it in f32. See Tests/Fixtures/README.md.

import Config
import Foundation
import Models
import Records
import Tensors
import Testing
import Workloads

struct ImageFamilyFixture: Sendable, CustomTestStringConvertible {
  /// All of them, in alphabetical order.
  static let names: [String] = {
    let folder = "\(Fixture.folder)/image-families"
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder)
    return (files ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
  }()

  /// Images, and what is said of them.
  struct Images: Sendable {
    /// [count, channels, height, width].
    let pixels: FamilyFixture.Tensor
    /// Of each image.
    let logits: [[Float]]

    init(_ json: JSON, seed: Int) throws {
      pixels = try FamilyFixture.Tensor(
        .init("pixels", try #require(json["pixels"])), seed: seed)
      logits = try #require(json["logits"]).elements.map { row in
        row.elements.compactMap(\.number).map { Float($0) }
      }
    }

    var size: ImageSize {
      ImageSize(height: pixels.shape[2], width: pixels.shape[3], channels: pixels.shape[1])
    }

    /// What a model reads of them.
    func read(by model: Transformer, on device: Device) throws -> ModelInput {
      let (grid, values, size) = (try #require(model.input.grid), pixels.values(), size)
      let order = PatchOrder(size, grid)
      let plane = size.height * size.width
      let patches = pixels.shape[0]
      let read = (0..<patches).flatMap { image in
        // From planes of channels to pixels side by side.
        order.patches(
          (0..<plane).flatMap { place in
            (0..<size.channels).map { values[(image * size.channels + $0) * plane + place] }
          })
      }
      return .patches(
        Tensor(
          read, [patches, grid.patches, read.count / patches / grid.patches], kind: .data,
          on: device))
    }
  }

  let name: String
  let config: JSON
  let tensors: [FamilyFixture.Tensor]
  let images: Images
  /// Of another size.
  let resized: Images?

  init(_ name: String) throws {
    self.name = name
    let json = try Fixture.document("image-families/\(name)")
    let seed = try #require(json["seed"]?.whole)
    config = try #require(json["config"])
    tensors = try #require(json["tensors"]).members.map { try FamilyFixture.Tensor($0, seed: seed) }
    images = try Images(json, seed: seed)
    resized = try json["resized"].map { try Images($0, seed: seed) }
  }

  var testDescription: String { name }

  /// Writes the model as a folder.
  ///
  /// - Parameter config: another `config.json` than the model's own.
  func write(to folder: String, config: JSON? = nil) throws {
    let file = SafeTensorsWriter(
      tensors.map { tensor in .init(tensor.name, tensor.shape) { tensor.values() } },
      metadata: [("format", "pt")])
    try RunFolder.makeFolders(folder)
    try file.write(to: "\(folder)/model.safetensors")
    try AtomicFile.write((config ?? self.config).line, to: "\(folder)/config.json")
  }
}
