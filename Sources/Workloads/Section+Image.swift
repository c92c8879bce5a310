// The `image` option of workloads that look at a model without reading anything.

import Config
import Models

extension Section {
  /// The size of the images that the model reads; nil where it reads texts.
  ///
  /// Where what is written is none, images are read, of a size that is not known.
  func imageSize() -> ImageSize? {
    let sizes = read(
      "image", .tuple("height", "width", "channels", of: .int(in: 1...4096)),
      absent: "texts are read, or images as the stored model has them",
      "height, width and channels of the images that the model reads: [28, 28, 1]")
    guard let sizes, sizes.count == 3 else { return hasFault("image") ? .unknown : nil }
    return ImageSize(height: sizes[0], width: sizes[1], channels: sizes[2])
  }

  /// What is said of options that a model of images takes no notice of.
  ///
  /// - Parameter keys: and whether each has another value than its default.
  static func warnings(ofImages keys: [(key: String, isSet: Bool)]) -> [String] {
    keys.filter(\.isSet).map {
      "workload.\($0.key) is for texts: images have as many tokens as patches, and no cache"
    }
  }

  /// Reports images that a stored model is to read.
  func checkImage(_ image: ImageSize?, _ base: ModelBase?) {
    guard let image, let base, !hasFault("image") else { return }
    guard let own = base.image else {
      fault("image", because: .rule("the stored model at model.from reads texts"), isOfKey: true)
      return
    }
    if image.channels != own.channels {
      fault(
        "image",
        because: .rule(
          "the stored model at model.from reads images of "
            + "\(Wording.count(own.channels, "channel")), not \(image.channels)"))
    }
  }
}
