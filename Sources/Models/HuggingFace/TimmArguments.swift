// What the vision transformers of timm have in common: the name of an architecture, arguments laid
// over those that it stands for, and where images and classes stand in them.

import Config

/// What the name of an architecture stands for.
struct TimmArchitecture {
  let width, layers, heads, patch, image: Int

  init(width: Int, layers: Int, heads: Int, patch: Int, image: Int) {
    (self.width, self.layers, self.heads) = (width, layers, heads)
    (self.patch, self.image) = (patch, image)
  }

  /// `PREFIX_SIZE_patchP_I` alone: whatever follows in a longer name says that something else
  /// differs.
  ///
  /// - Parameter sizes: width, layers and heads by the word that stands for them.
  init(
    _ config: FamilyConfig, prefix: String, sizes: [String: (Int, Int, Int)]
  ) throws(ImportFault) {
    // What stands behind a full stop names the weights.
    let word = try config.word("architecture", or: "")
    let parts = (word.split(separator: ".").first ?? "").split(separator: "_")
    guard parts.count == 4, parts[0] + "_" == prefix, let size = sizes[String(parts[1])],
      parts[2].hasPrefix("patch"), let patch = Int(parts[2].dropFirst(5)), let image = Int(parts[3])
    else {
      throw config.fault(
        "architecture",
        "known are vit_SIZE_patchP_I with a SIZE of tiny, small, base, large or huge, "
          + "eva02_SIZE_patchP_I with a SIZE of tiny or small, "
          + "vit_SIZE_patch16_dinov3 and vit_SIZE_patch16_dinov3_qkvb")
    }
    (width, layers, heads) = size
    (self.patch, self.image) = (patch, image)
  }
}

extension FamilyConfig {
  /// The arguments that are laid over those of the architecture.
  func timmArguments() throws(ImportFault) -> FamilyConfig {
    if let given = try object("model_args") { return given }
    return try FamilyConfig([:], under: "model_args")
  }

  /// The part that reads images, of a model's arguments.
  ///
  /// - Parameters:
  ///   - own: the `pretrained_cfg`.
  ///   - registers: the key of their number.
  ///   - standardCount: that number where the key is absent.
  func timmImages(
    _ own: FamilyConfig?, _ named: TimmArchitecture, registers key: String,
    or standardCount: Int = 0
  ) throws(ImportFault) -> ImageDescription {
    let input = own?["input_size"]?.elements.compactMap(\.whole) ?? []
    let standard = input.count == 3 ? input : [3, named.image, named.image]
    let sides =
      try self["img_size"] == nil ? Array(standard[1...]) : sides("img_size", most: 4096)
    let channels = try size("in_chans", or: standard[0], most: 4096)
    guard sides.allSatisfy({ (1...4096).contains($0) }), (1...4096).contains(channels) else {
      throw ImportFault("'input_size' is \(standard): each must be a number from 1 to 4096")
    }
    let patch = try self["patch_size"] == nil ? named.patch : patch("patch_size")
    guard (1...1024).contains(patch) else {
      throw ImportFault("patches of \(patch) pixels are not known")
    }
    var images = try ImageDescription(
      ImageSize(height: sides[0], width: sides[1], channels: channels), patch: patch)
    images.hasClassToken = try flag("class_token", or: true)
    let registers = try number(key, or: Double(standardCount))
    guard let count = Int(exactly: registers), (0...64).contains(count) else {
      throw fault(key, "it must be a whole number from 0 to 64")
    }
    images.registers = count
    return images
  }

  /// The number of classes of a whole configuration; 0 says that there are none.
  func timmClasses(_ own: FamilyConfig?, _ arguments: FamilyConfig) throws(ImportFault) -> Int? {
    _ = self["num_classes"]
    for source in [arguments, self, own].compactMap(\.self) where source["num_classes"] != nil {
      return try source["num_classes"] == 0
        ? nil : source.size("num_classes", most: 10_000_000)
    }
    return 1000
  }
}

extension TensorSource {
  /// Where queries, keys and values lie, whose weights are one tensor; nil of other names.
  init?(timmFused name: String, width: Int) {
    for (index, own) in ["q_proj", "k_proj", "v_proj"].enumerated()
    where name.contains(".self_attn.\(own).") {
      let fused = name.replacing(".self_attn.\(own).", with: ".attn.qkv.")
      self.init(
        fused.replacing("model.layers.", with: "blocks."),
        rows: [index * width..<(index + 1) * width])
      return
    }
    return nil
  }
}
