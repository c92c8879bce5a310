// PostProcessor: what stands around the tokens of a text: the components that a tokenizer.json names
// under `post_processor`.

/// `TemplateProcessing` of one text: special tokens before it and after it.
///
/// Several in a `Sequence` add up; `ByteLevel`, which moves places in the text, adds none.
package struct PostProcessor: Equatable, Sendable {
  package var before: [Int32] = []
  package var after: [Int32] = []

  package init(before: [Int32] = [], after: [Int32] = []) {
    self.before = before
    self.after = after
  }

  /// A further one, around what this one has made.
  mutating func wrap(in outer: PostProcessor) {
    before = outer.before + before
    after += outer.after
  }
}
