// Which variant each variant is held against: the one that the experiment states, else the usual one.

/// The baseline of each variant.
package struct Baselines: Equatable, Sendable {
  /// The variant that those are held against which state none; nil where there is none to hold.
  package let usual: String?
  private let stated: [String: String]

  /// - Parameters:
  ///   - variants: in the order of the file.
  ///   - chosen: the usual baseline; by default the second of two variants (`modern` against
  ///     `classic`), the first of more, among those that state none.
  ///   - stated: the baseline by variant; names of no variant are ignored.
  package init(
    of variants: [String], usual chosen: String? = nil, stated: [String: String] = [:]
  ) {
    let stated = stated.filter { variants.contains($0.key) && variants.contains($0.value) }
    let free = variants.filter { stated[$0] == nil }
    let usual = variants.count == 2 ? free.last : free.first
    self.stated = stated
    self.usual = variants.count < 2 ? nil : chosen.flatMap { free.contains($0) ? $0 : nil } ?? usual
  }

  /// What a variant is held against; nil for the usual baseline itself.
  package func baseline(of variant: String) -> String? {
    stated[variant] ?? (variant == usual ? nil : usual)
  }
}
