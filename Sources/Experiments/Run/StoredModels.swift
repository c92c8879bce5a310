// StoredModels: the stored models that a file's cells begin from, each looked at once, and how what
// is written is laid over them.

import Config
import Synchronization
import Workloads

/// The models that documents name.
final class StoredModels: Sendable {
  private let known = Mutex<[ModelSource: Result<ModelBase, ModelProblem>]>([:])

  func find(_ source: ModelSource) -> Result<ModelBase, ModelProblem> {
    known.withLock { known in
      if let found = known[source] { return found }
      let found = Result { () throws(ModelProblem) in try source.find() }
      known[source] = found
      return found
    }
  }

  /// What lays a document's model over the stored one that it names.
  var base: DocumentBase? {
    DottedPath("model.from").map { path in
      DocumentBase(path: path) { [self] model in lay(model) }
    }
  }

  private func lay(_ model: Node) -> (model: Node, faults: [Fault]) {
    guard let from = model["from"], let path = from.scalar?.text else { return (model, []) }
    let fallback = model["fallback"].flatMap { $0.isNull ? nil : $0.scalar?.text }
    switch find(ModelSource(path, fallback: fallback)) {
    case .failure(let problem):
      let named = problem.isOfFallback ? model["fallback"] ?? from : from
      return (model, [Fault(.rule(problem.description), at: named.mark)])
    case .success(let base):
      // What was only assumed of a component is the stored model's to say.
      let written = model.written ?? Node(.mapping([]), mark: model.mark)
      return (Node(base.section, at: from.mark).overlaid(by: written), [])
    }
  }
}
