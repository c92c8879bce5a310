// ImageConventions: what the weights of a model of images do not tell: how images are prepared for
// it, and what the classes that it tells apart are called.

package import Config

/// What a model of images was trained with, as far as it is known.
package struct ImageConventions: Equatable, Sendable {
  /// What is subtracted from the brightness of each channel, from 0 to 1, and what it is then
  /// divided by; empty where that is not known.
  package let means, deviations: [Double]
  /// The names of the classes, by number; empty where they are not known.
  package let classes: [String]
  /// How images of other sizes are brought to its own; nil where that is not known.
  package let preparation: ImagePreparation?

  package init(
    means: [Double] = [], deviations: [Double] = [], classes: [String] = [],
    preparation: ImagePreparation? = .whole
  ) {
    let isKnown =
      means.count == deviations.count && means.allSatisfy(\.isFinite)
      && deviations.allSatisfy { $0.isFinite && $0 > 0 }
    self.means = isKnown ? means : []
    self.deviations = isKnown ? deviations : []
    self.classes = classes
    self.preparation = preparation
  }

  /// The same of a model of so many channels and classes: what is of others is not known.
  package func ofModel(channels: Int, classes count: Int) -> ImageConventions {
    // One number may stand for all channels.
    func all(_ values: [Double]) -> [Double] {
      values.count == 1
        ? [Double](repeating: values[0], count: channels) : values.count == channels ? values : []
    }
    return ImageConventions(
      means: all(means), deviations: all(deviations),
      classes: classes.count == count ? classes : [], preparation: preparation)
  }
}

// In our own checkpoints, whose images are all of one size.

extension ImageConventions {
  private static let keys = (means: "mean", deviations: "deviation", classes: "classes")

  /// Null where nothing is known.
  package var json: JSON {
    let members: [JSON.Member] = [
      .init(Self.keys.means, .array(means.map { .real($0) })),
      .init(Self.keys.deviations, .array(deviations.map { .real($0) })),
      .init(Self.keys.classes, .array(classes.map { .string($0) })),
    ]
    return self == ImageConventions() ? .null : .object(members)
  }

  /// Of what cannot be read nothing is known.
  package init(json: JSON) {
    self.init(
      means: Self.numbers(json[Self.keys.means]),
      deviations: Self.numbers(json[Self.keys.deviations]),
      classes: Self.texts(json[Self.keys.classes]?.elements ?? []))
  }

  private static func numbers(_ value: JSON?) -> [Double] {
    let numbers = value?.elements.map(\.number) ?? []
    return numbers.contains { $0 == nil } ? [] : numbers.compactMap(\.self)
  }

  private static func texts(_ values: [JSON]) -> [String] {
    let texts = values.map(\.text)
    return texts.contains { $0 == nil } ? [] : texts.compactMap(\.self)
  }
}

// In folders of timm and transformers.

extension ImageConventions {
  /// The file in which transformers says how pixels are normalised.
  package static let preprocessorFile = "preprocessor_config.json"

  /// - Parameters:
  ///   - config: the `config.json`; timm's says all.
  ///   - preprocessor: the file beside it; nil where there is none.
  package init(config: JSON, preprocessor: JSON?) {
    if let own = config["pretrained_cfg"] {
      let names = config["label_names"] ?? own["label_names"]
      self.init(
        means: Self.numbers(own["mean"]), deviations: Self.numbers(own["std"]),
        classes: Self.texts(names?.elements ?? []), preparation: ImagePreparation(timm: own))
      return
    }
    let (means, deviations) = preprocessor.map(Self.normalisation) ?? ([], [])
    let preparation: ImagePreparation? =
      if let preprocessor { ImagePreparation(transformers: preprocessor) } else { .whole }
    self.init(
      means: means, deviations: deviations, classes: Self.labels(config["id2label"]),
      preparation: preparation)
  }

  private static func normalisation(
    _ preprocessor: JSON
  ) -> (means: [Double], deviations: [Double]) {
    // What 1 is of a brightness: 255, unless pixels are divided by it first.
    var white = 255.0
    if preprocessor["do_rescale"] != false {
      white *= preprocessor["rescale_factor"]?.number ?? 1 / 255
    }
    let isNormalised = preprocessor["do_normalize"] != false
    let means = isNormalised ? numbers(preprocessor["image_mean"]) : [0]
    let deviations = isNormalised ? numbers(preprocessor["image_std"]) : [1]
    return (means.map { $0 / white }, deviations.map { $0 / white })
  }

  /// The names of an `id2label`; none where they are those that transformers makes up.
  private static func labels(_ names: JSON?) -> [String] {
    let count = names?.members.count ?? 0
    let labels = texts((0..<count).map { names?["\($0)"] ?? .null })
    return labels == (0..<count).map(madeUp) ? [] : labels
  }

  /// What a class is called that has no name.
  static func madeUp(_ number: Int) -> String { "LABEL_\(number)" }
}

extension ExportedModel {
  /// The members of `config.json`, with the names of the classes and, of timm's, how images are
  /// prepared.
  package func configuration(saying conventions: ImageConventions) -> [JSON.Member] {
    let classes = conventions.classes
    return config.flatMap { member -> [JSON.Member] in
      switch (member.key, classes.isEmpty) {
      case ("id2label", false), ("label2id", false):
        return [JSON.Member(member.key, Self.labels(classes, byName: member.key == "label2id"))]
      case ("model_args", false):
        return [JSON.Member("label_names", .array(classes.map { .string($0) })), member]
      case ("pretrained_cfg", _):
        return [JSON.Member(member.key, .object(member.value.members + Self.timm(conventions)))]
      default: return [member]
      }
    }
  }

  /// Names by number, or numbers by name; of a name that several have, the first number.
  private static func labels(_ classes: [String], byName: Bool) -> JSON {
    var seen: Set<String> = []
    var members: [JSON.Member] = []
    for (number, name) in classes.enumerated() {
      if !byName {
        members.append(JSON.Member("\(number)", .string(name)))
      } else if seen.insert(name).inserted {
        members.append(JSON.Member(name, .integer(number)))
      }
    }
    return .object(members)
  }

  /// Nothing of images of ours whose pixels are not known.
  private static func timm(_ conventions: ImageConventions) -> [JSON.Member] {
    let isKnown = !conventions.means.isEmpty
    let pixels: [JSON.Member] = [
      .init("mean", .array(conventions.means.map { .real($0) })),
      .init("std", .array(conventions.deviations.map { .real($0) })),
    ]
    let preparation = isKnown || conventions.preparation != .whole ? conventions.preparation : nil
    return (preparation?.timm ?? []) + (isKnown ? pixels : [])
  }

  /// The `preprocessor_config.json` of transformers; nil of timm's models, and where it is not
  /// known how pixels are normalised.
  ///
  /// Where that file cannot say how images are brought to their size, they must have it.
  package func preprocessor(_ conventions: ImageConventions, _ image: ImageSize) -> JSON? {
    let type = config.first { $0.key == "model_type" }?.value.text
    guard let processor = type.flatMap({ Self.processors[$0] }), !conventions.means.isEmpty else {
      return nil
    }
    var members: [JSON.Member] = [.init("image_processor_type", .string(processor))]
    members += conventions.preparation?.transformers(image) ?? [.init("do_resize", false)]
    members += [
      .init("do_rescale", true), .init("rescale_factor", .real(1.0 / 255)),
      .init("do_normalize", true),
      .init("image_mean", .array(conventions.means.map { .real($0) })),
      .init("image_std", .array(conventions.deviations.map { .real($0) })),
    ]
    return .object(members)
  }

  private static let processors = [
    "vit": "ViTImageProcessor", "dinov3_vit": "DINOv3ViTImageProcessorFast",
  ]
}
