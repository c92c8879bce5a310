// A JSON value in a file of its own, such as the config.json of a model.

package import Config

extension JSON {
  /// The value that a file holds.
  ///
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package init(file path: String) throws(ResultsError) {
    let text = try AtomicFile.read(path)
    do throws(JSONError) {
      self = try JSON(reading: text)
    } catch {
      throw .unreadable(path: path, problem: "\(error)")
    }
  }
}
