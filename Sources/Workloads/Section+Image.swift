// The `image` option of workloads that look at a model without reading anything.

import Config
import Models

extension Section {
  /// The size of the images that the model reads; nil where it reads texts.
  func imageSize() -> ImageSize? {
    let sizes: [Int] =
      read(
        "image", .list(of: .int(in: 1...4096)),
        absent: "texts are read, or images as the stored model has them",
        "height, width and channels of the images that the model reads: [28, 28, 1]") ?? []
    if sizes.isEmpty { return nil }
    guard sizes.count == 3 else {
      fault(
        "image",
        because: .rule("an image has a height, a width and channels, which are three numbers"))
      return nil
    }
    return ImageSize(height: sizes[0], width: sizes[1], channels: sizes[2])
  }

  /// Reports images that a stored model is to read.
  func checkImage(_ image: ImageSize?, _ base: ModelBase?) {
    guard let image, let base else { return }
    guard let own = base.image else {
      fault("image", because: .rule("the stored model at model.from reads texts"), isOfKey: true)
      return
    }
    if image.channels != own.channels {
      fault(
        "image",
        because: .rule(
          "the stored model at model.from reads images of \(own.channels) channels, not "
            + "\(image.channels)"))
    }
  }
}
