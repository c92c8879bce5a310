// StoredModels: the stored models that a file's cells begin from, each looked at once, and how what
// is written is laid over them.

import Config
import Models
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
      let model = written.keepingPool(of: base.section["output"] ?? .null)
      return (Node(base.section, at: from.mark).overlaid(by: model), [])
    }
  }
}

extension Node {
  /// A model in which another output of images than the stored one pools as that does, unless it
  /// says how: a head that is put on a model is put on what that makes of an image.
  fileprivate func keepingPool(of stored: JSON) -> Node {
    let key = Slots.output.key
    guard let pool = stored["pool"], pool != .null, let entries,
      let output = entries.first(where: { $0.key == key })?.value, output["pool"] == nil,
      let word = (output["type"] ?? output).scalar?.text, word != stored["type"]?.text,
      let other = Slots.output.components.first(where: { $0.choice.word == word }),
      other.type.readsImages
    else { return self }
    let mark = output.mark
    let options = output.entries ?? [Entry(key: "type", keyMark: mark, value: output)]
    let kept = Entry(key: "pool", keyMark: mark, value: Node(pool, at: mark))
    let pooled = Node(.mapping(options + [kept]), mark: mark)
    return Node(
      .mapping(
        entries.map {
          $0.key == key ? Entry(key: key, keyMark: $0.keyMark, value: pooled) : $0
        }), mark: self.mark)
  }
}
