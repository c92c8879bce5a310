// The DINOv3 of timm 1 by its names: the Eva of TimmEVA.swift with positions of normalised
// coordinates, registers and LayerScale (arXiv 2508.10104).

import Config

enum TimmDINOv3 {
  private static let (prefix, middle, ending) = ("vit_", "_patch16_dinov3", "_qkvb")

  private static let sizes = [
    "tiny": (192, 12, 3), "small": (384, 12, 6), "small_plus": (384, 12, 6), "base": (768, 12, 12),
    "large": (1024, 24, 16), "huge_plus": (1280, 32, 20), "7b": (4096, 40, 32),
  ]

  /// Whether the name of an architecture is one of these.
  static func isNamed(_ architecture: String) -> Bool {
    architecture.hasPrefix(prefix) && architecture.contains("_dinov3")
  }

  /// What `vit_SIZE_patch16_dinov3` stands for, and the same with biases of queries and values,
  /// `_qkvb`.
  static func standard(_ config: FamilyConfig) throws(ImportFault) -> TimmEVA.Standard {
    // What stands behind a full stop names the weights.
    let word = try config.word("architecture", or: "").split(separator: ".").first ?? ""
    let hasBias = word.hasSuffix(ending)
    let name = hasBias ? word.dropLast(ending.count) : word
    let size = String(name.dropFirst(prefix.count).dropLast(middle.count))
    guard name.hasSuffix(middle), let (width, layers, heads) = sizes[size] else {
      throw config.fault(
        "architecture",
        "known of DINOv3 are vit_SIZE_patch16_dinov3, with _qkvb behind it or without, and a SIZE "
          + "of \(sizes.keys.sorted().joined(separator: ", "))")
    }
    var standard = TimmEVA.Standard(
      TimmArchitecture(width: width, layers: layers, heads: heads, patch: 16, image: 256))
    standard.hasBias = hasBias
    standard.ratio = size == "7b" ? 2 : 4
    standard.isGated = size == "7b" || size.hasSuffix("_plus")
    standard.alignment = size == "7b" ? 64 : standard.isGated ? 8 : 0
    standard.addsPositions = false
    standard.registers = 4
    standard.layerScale = 1e-5
    standard.epsilon = 1e-5
    (standard.rope, standard.base, standard.isHalf) = ("dinov3", 100, true)
    standard.reference = nil
    standard.normsMean = false
    return standard
  }
}
