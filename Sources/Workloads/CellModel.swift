// CellModel: the model of a cell, as its `model` section describes it.

package import Config
package import Models

/// What a cell computes with.
package final class CellModel {
  /// The `model` section.
  package let section: Section

  package init(_ section: Section) { self.section = section }

  /// Reads the section: declares parameters, which costs nothing.
  ///
  /// - Parameters:
  ///   - vocabulary: distinct tokens.
  ///   - length: the longest sequence that the model will see.
  package func build(vocabulary: Int, length: Int) -> Transformer {
    Transformer(section, vocabulary: vocabulary, length: length)
  }
}
