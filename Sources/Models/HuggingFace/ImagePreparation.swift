// ImagePreparation: how an image of any size becomes one of the size that a model reads, as timm
// and transformers say it.

import Config

/// How images are brought to their size before they are normalised.
package struct ImagePreparation: Equatable, Sendable {
  /// What becomes of an image of another shape; timm's `crop_mode`.
  package enum Mode: String, Sendable {
    /// Height and width are scaled apart.
    case squash
    /// What is too long is cut off at both ends.
    case center
    /// What is too short is filled up at both ends.
    case border
  }

  /// How pixels are interpolated, in timm's words.
  package let interpolation: String
  /// The share of the scaled image's sides that is read, its middle; timm's `crop_pct`.
  package let crop: Double
  package let mode: Mode

  package init(_ interpolation: String, crop: Double, _ mode: Mode) {
    (self.interpolation, self.crop, self.mode) = (interpolation, crop, mode)
  }

  /// Of our own models: images whole, whatever their size was.
  package static let whole = ImagePreparation("bilinear", crop: 1, .squash)

  /// The side of a scaled image of which so many pixels are read.
  private func scaled(_ side: Int) -> Int { Int((Double(side) / crop).rounded(.down)) }
}

// As timm says it.

extension ImagePreparation {
  /// - Parameter own: a `pretrained_cfg`; timm has defaults for what that does not say.
  /// - Returns: nil where a share of the image is none.
  init?(timm own: JSON) {
    let crop = own["crop_pct"]?.number ?? 0.875
    guard (0.01...1).contains(crop) else { return nil }
    self.init(
      own["interpolation"]?.text ?? "bicubic", crop: crop,
      own["crop_mode"]?.text.flatMap { Mode(rawValue: $0) } ?? .center)
  }

  /// Members of a `pretrained_cfg`.
  var timm: [JSON.Member] {
    [
      .init("interpolation", .string(interpolation)), .init("crop_pct", .real(crop)),
      .init("crop_mode", .string(mode.rawValue)),
    ]
  }
}

// As transformers says it.

extension ImagePreparation {
  /// By Pillow's numbers.
  private static let interpolations = [
    "nearest", "lanczos", "bilinear", "bicubic", "box", "hamming",
  ]

  /// - Parameter file: a `preprocessor_config.json` of a vision transformer.
  /// - Returns: nil where images are not brought to one size, or as is not known here.
  init?(transformers file: JSON) {
    let number = file["resample"]?.whole ?? 2
    guard file["do_resize"] != false, Self.interpolations.indices.contains(number) else {
      return nil
    }
    let interpolation = Self.interpolations[number]
    guard file["do_center_crop"] == true else {
      guard file["size"] == nil || Self.sides(file["size"]) != nil else { return nil }
      self.init(interpolation, crop: 1, .squash)
      return
    }
    guard let read = Self.sides(file["crop_size"]) else { return nil }
    if let shortest = file["size"]?["shortest_edge"]?.whole {
      guard read.height == read.width, let crop = Self.share(read.height, of: shortest) else {
        return nil
      }
      self.init(interpolation, crop: crop, .center)
    } else {
      guard let size = Self.sides(file["size"]),
        let crop = Self.share(read.height, of: size.height),
        Self.share(read.width, of: size.width) != nil
      else { return nil }
      self.init(interpolation, crop: crop, .squash)
      guard scaled(read.width) == size.width else { return nil }
    }
  }

  private static func sides(_ value: JSON?) -> (height: Int, width: Int)? {
    if let side = value?.whole { return (side, side) }
    guard let height = value?["height"]?.whole, let width = value?["width"]?.whole else {
      return nil
    }
    return (height, width)
  }

  /// The share that so many pixels are of a side, by which that follows from them; nil where it is
  /// none.
  private static func share(_ read: Int, of side: Int) -> Double? {
    guard (1...1 << 20).contains(read), (read...100 * read).contains(side) else { return nil }
    let share = Double(read) / Double(side)
    // Rounded, it might be a pixel less.
    return (Double(read) / share).rounded(.down) < Double(side) ? share.nextDown : share
  }

  /// Members of a `preprocessor_config.json`; nil where that cannot say it.
  ///
  /// - Parameter image: what the model reads.
  func transformers(_ image: ImageSize) -> [JSON.Member]? {
    guard let number = Self.interpolations.firstIndex(of: interpolation) else { return nil }
    let size: JSON
    switch mode {
    case .squash: size = Self.size(scaled(image.height), scaled(image.width))
    // Of other shapes, the two scale another side.
    case .center where image.height == image.width:
      size = ["shortest_edge": .integer(scaled(image.height))]
    case .center, .border: return nil
    }
    let members: [JSON.Member] = [
      .init("do_resize", true), .init("size", size), .init("resample", .integer(number)),
    ]
    if self == ImagePreparation(interpolation, crop: 1, .squash) { return members }
    return members + [
      .init("do_center_crop", true), .init("crop_size", Self.size(image.height, image.width)),
    ]
  }

  private static func size(_ height: Int, _ width: Int) -> JSON {
    ["height": .integer(height), "width": .integer(width)]
  }
}
