// Component: what every replaceable piece of a model says of itself. The YAML word, the type, the
// file and the heading in the documentation are one word.

/// A piece of a Transformer that an experiment file can name.
package protocol Component: SendableMetatype {
  /// The word in the experiment file, such as `rmsnorm`.
  static var word: String { get }
  /// What it is, in one sentence without a full stop.
  static var summary: String { get }
  /// What it computes, in one line of plain text.
  static var formula: String { get }
  /// Where it was published.
  static var source: String { get }
}
