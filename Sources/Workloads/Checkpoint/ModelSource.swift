// ModelSource: where an experiment's `model` section has its model from, and what is found there.

package import Config
internal import Foundation

/// The options `from` and `fallback` of a `model` section.
package struct ModelSource: Hashable, Sendable {
  package let path: String
  /// What stands in where there is none at `path`; nil: that is an error.
  package let fallback: String?

  package init(_ path: String, fallback: String? = nil) {
    self.path = path
    self.fallback = fallback
  }

  /// Reads the options; nil where the model has random weights.
  package init?(_ section: Section) {
    let path = section.read(
      "from", .path(or: BuiltInModel.words), absent: "random weights",
      "a stored model that this one begins from: a Hugging Face folder, a GGUF file, a checkpoint, or "
        + "the built-in tiny-llama; the options beside it are laid over its own")
    let fallback = section.read(
      "fallback", .path(or: BuiltInModel.words), absent: "an error",
      "what stands in where there is no model at `from`")
    guard let path else {
      // An axis may begin from nothing in one of its cells, and says so.
      if fallback != nil, section.node("from") == nil {
        section.fault(
          "fallback",
          because: .rule("a fallback stands in for the model at 'from', which is not given"),
          isOfKey: true)
      }
      return nil
    }
    self.init(path, fallback: fallback)
  }

  /// The model at the path, or the fallback where there is nothing; what is there and is wrong is an
  /// error with or without a fallback.
  ///
  /// - Throws: `ModelProblem`.
  package func find() throws(ModelProblem) -> ModelBase {
    guard !Self.isThere(path), let fallback else { return try Self.base(at: path) }
    var base: ModelBase
    do throws(ModelProblem) {
      base = try Self.base(at: fallback)
    } catch {
      throw ModelProblem(description: error.description, isOfFallback: true)
    }
    base.note =
      "using the fallback model '\(fallback)': there is nothing at '\(path)'; its figures do not "
      + "compare with those of that model"
    return base
  }

  private static func isThere(_ path: String) -> Bool {
    BuiltInModel.words.contains(path) || FileManager.default.fileExists(atPath: path)
  }

  private static func base(at path: String) throws(ModelProblem) -> ModelBase {
    if let problem = SavedModel.problem(at: path) {
      throw ModelProblem(description: problem)
    }
    do {
      return try SavedModel(path).base
    } catch {
      throw ModelProblem(description: "\(error)")
    }
  }
}

/// Why there is no model where one should be, in one sentence.
package struct ModelProblem: Error, CustomStringConvertible {
  package let description: String
  /// Whether it is the fallback that is none.
  package var isOfFallback = false
}
