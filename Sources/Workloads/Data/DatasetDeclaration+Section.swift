// How an experiment file says which text it reads: the `dataset` section of a workload.

import Config

extension DatasetDeclaration {
  /// Reads the section `dataset`; a word that names nothing is a fault.
  init(_ options: Section) {
    let section = options.section("dataset", "the text to read")
    let name = section.read(
      "name", .path(or: Dataset.names), default: "tiny-shakespeare",
      "tiny-shakespeare, synthetic-plays, or a file's path")
    let fallback = section.read(
      "fallback", .path(or: Dataset.names), absent: "an error",
      "what to use where that cannot be had")
    self.init(
      Self.dataset(name, "name", section) ?? .tinyShakespeare,
      fallback: fallback.flatMap { Self.dataset($0, "fallback", section) })
  }

  private static func dataset(_ word: String, _ key: String, _ section: Section) -> Dataset? {
    if let dataset = Dataset(word) { return dataset }
    section.fault(
      key,
      because: .unknownWord(
        word, path: section.path(of: key),
        choices: [
          Choice("tiny-shakespeare", "40,000 lines of Shakespeare's plays"),
          Choice("synthetic-plays", "built-in text in the manner of a play"),
          Choice("./FILE.txt", "any UTF-8 text file"),
        ]))
    return nil
  }
}
