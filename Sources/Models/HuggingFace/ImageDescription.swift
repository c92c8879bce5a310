// ImageDescription: what families of vision transformers have in common: how their patches and tokens
// are laid out, and where their files have what is ours.

import Config

/// The part of a model that reads images.
struct ImageDescription {
  let image: ImageSize
  let patch: Int
  var hasClassToken = true
  var registers = 0
  /// Whether a trained row is added to each token beside what the positions do.
  var addsPositions = false

  /// - Throws: where the patches do not divide the image.
  init(_ image: ImageSize, patch: Int) throws(ImportFault) {
    guard image.height % patch == 0, image.width % patch == 0 else {
      throw ImportFault("patches of \(patch) x \(patch) pixels do not divide images of \(image)")
    }
    (self.image, self.patch) = (image, patch)
  }

  var grid: PatchGrid {
    PatchGrid(
      rows: image.height / patch, columns: image.width / patch,
      extra: registers + (hasClassToken ? 1 : 0))
  }

  /// The `input` of a model section.
  var input: JSON {
    let members: [JSON.Member] = [
      .init("type", .string(PatchEmbedding.word)), .init("patch", .integer(patch)),
      .init("class_token", .bool(hasClassToken)), .init("registers", .integer(registers)),
    ]
    return .object(members + (addsPositions ? [.init("positions", true)] : []))
  }

  /// Where a file has what we call `name`, whose tokens stand first, the class token before the
  /// registers.
  ///
  /// - Parameters:
  ///   - pairs: what is called otherwise, and how; the first that fits is taken.
  ///   - width: of the model.
  func source(
    _ name: String, renamed pairs: [(String, String)], width: Int
  ) -> TensorSource {
    var source = TensorSource(pairs.reduce(name) { $0.replacing($1.0, with: $1.1) })
    switch name {
    case "model.patch_embed.weight": source.shape = [width, image.channels, patch, patch]
    case "model.class_token": source.shape = [1, 1, width]
    case "model.register_tokens": source.shape = [1, registers, width]
    case Learned.tableName:
      let (grid, first) = (grid, hasClassToken ? 1 : 0)
      source.shape = [1, grid.tokens, width]
      source.rows = [grid.extra..<grid.tokens, first..<grid.extra, 0..<first]
        .filter { !$0.isEmpty }
    default: break
    }
    return source
  }
}

extension ImportedModel {
  /// A model of images.
  ///
  /// - Parameters:
  ///   - classes: nil where it knows none.
  ///   - pool: what stands for the whole image.
  ///   - prefixes: what stands before the names of tensors in some files.
  init(
    _ description: ModelDescription, _ images: ImageDescription, classes: Int?, pool: String,
    others prefixes: [String] = [], source: @escaping (String) -> TensorSource
  ) {
    var description = description
    description.input = images.input
    let output = classes == nil ? Features.word : Classes.word
    description.output = ["type": .string(output), "pool": .string(pool)]
    section = description.section
    vocabulary = classes ?? description.width
    length = images.grid.tokens
    image = images.image
    self.source = source
    self.prefixes = ("", prefixes)
  }
}

extension FamilyConfig {
  /// A height and a width: a number that is both, or a list of them.
  func sides(_ key: String, or standard: Int? = nil, most: Int) throws(ImportFault) -> [Int] {
    guard let list = self[key], case .array(let items) = list else {
      let side = try size(key, or: standard, most: most)
      return [side, side]
    }
    let sides = items.compactMap(\.whole)
    guard items.count == 2, sides.count == 2, sides.allSatisfy({ (1...most).contains($0) }) else {
      throw fault(key, "it must be one whole number or two, from 1 to \(most)")
    }
    return sides
  }

  /// The side of a patch.
  func patch(_ key: String) throws(ImportFault) -> Int {
    let sides = try sides(key, or: 16, most: 1024)
    guard sides[0] == sides[1] else { throw fault(key, "patches must be square") }
    return sides[0]
  }

  /// The part that reads images, by the keys that transformers has.
  func images() throws(ImportFault) -> ImageDescription {
    let sides = try sides("image_size", or: 224, most: 4096)
    let channels = try size("num_channels", or: 3, most: 4096)
    return try ImageDescription(
      ImageSize(height: sides[0], width: sides[1], channels: channels), patch: patch("patch_size"))
  }
}
